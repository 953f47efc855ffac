// What one host printed for one release in one environment. Read only while it is unfolded, then it keeps up.
import { useEffect, useRef, useState } from "./vendor/hooks.module.js";
import { getLogs } from "./api.js";
import { html } from "./parts.js";
import { clock, t } from "./format.js";

const ofAws = (host) => /^m?i-[0-9a-f]{8,17}$/.test(host); // no other host is called like that
const KEPT = 4000; // chunks that stay on the page
const AGAIN_MS = 2000; // while something runs

// Neighbours of one step and stream become one piece: a chunk may end in the middle of a line.
function pieces(chunks) {
  const list = [];
  for (const c of chunks) {
    const last = list[list.length - 1];
    if (last && last.command === c.command && last.step === c.step && last.stream === c.stream) last.text += c.text;
    else list.push({ ...c, first: !last || last.command !== c.command || last.step !== c.step });
  }
  return list;
}

// All that is new since the last look, again and again while `open`. Returns [chunks, left out?, error].
function useChunks(open, repo, number, environment, host) {
  const [state, setState] = useState({ chunks: [], cut: false, error: null });
  const after = useRef("0");
  useEffect(() => {
    let stopped = false;
    let timer = null;
    const look = async () => {
      let soon = true;
      try {
        const answer = await getLogs(repo, number, environment, host, after.current);
        if (stopped) return;
        after.current = answer.next;
        soon = answer.running;
        setState((old) => {
          const chunks = old.chunks.concat(answer.chunks);
          return { chunks: chunks.slice(-KEPT), cut: old.cut || chunks.length > KEPT, error: null };
        });
        if (answer.chunks.length > 0) return void (timer = setTimeout(look, 50)); // there may be more at once
      } catch (error) {
        if (!stopped) setState((old) => ({ ...old, error }));
      }
      if (!stopped) timer = setTimeout(look, soon ? AGAIN_MS : AGAIN_MS * 5);
    };
    if (open) look();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [open]);
  return state;
}

export function Log({ repo, number, environment, host }) {
  const [open, setOpen] = useState(false);
  const [follow, setFollow] = useState(false);
  const [copied, setCopied] = useState(false);
  const { chunks, cut, error } = useChunks(open, repo, number, environment, host);
  const pane = useRef(null);
  useEffect(() => {
    if (follow && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [chunks, follow]);
  const copy = () =>
    navigator.clipboard.writeText(chunks.map((c) => c.text).join("")).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    }, () => {});
  const name = t("page.log-of", { host, environment });
  return html`
    <details class="fold" onToggle=${(e) => setOpen(e.currentTarget.open)}>
      <summary>${t("page.log")} <strong>${host}</strong></summary>
      ${open && html`
        <div class="tools">
          <label><input type="checkbox" checked=${follow} onChange=${(e) => setFollow(e.currentTarget.checked)} /> ${t("page.follow")}</label>
          ${navigator.clipboard && chunks.length > 0 && html`<button type="button" onClick=${copy}>${t(copied ? "page.copied" : "page.copy")}</button>`}
        </div>
        ${error && html`<p class="muted">${error.message}</p>`}
        <div class="log" ref=${pane} role="log" aria-live=${follow ? "polite" : "off"} aria-label=${name} tabindex="0">
          ${cut && html`<p class="muted">${t("page.log-cut")}</p>`}
          ${chunks.length === 0 && !error && html`<p class="muted">${t(ofAws(host) ? "page.log-empty-aws" : "page.log-empty")}</p>`}
          ${pieces(chunks).map((p) => html`
            ${p.first && html`<p class="muted step-name">${p.step} · ${clock(new Date(p.at))}</p>`}
            <pre class=${p.stream}>${p.text}</pre>`)}
        </div>`}
    </details>`;
}
