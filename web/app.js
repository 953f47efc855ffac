// Chooses the language and the page, loads its data, and keeps it fresh.
import { h, render } from "./vendor/preact.module.js";
import { useEffect, useRef, useState } from "./vendor/hooks.module.js";
import { getRelease, getStatus, watch } from "./api.js";
import { Board } from "./board.js";
import { Release } from "./release.js";
import { html, Offline, Problem, Skeleton } from "./parts.js";
import { t } from "./format.js";

function chooseLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  const kept = /(?:^|; )slipway-lang=(ja|en)/.exec(document.cookie);
  const wanted = asked || (kept && kept[1]) || navigator.language || "en";
  document.documentElement.lang = wanted.startsWith("ja") ? "ja" : "en";
  if (asked) document.cookie = `slipway-lang=${document.documentElement.lang}; Path=/; SameSite=Strict; Max-Age=31536000`;
}

function chooseView() {
  const release = /^\/([\w.-]+\/[\w.-]+)\/releases\/(\d+)$/.exec(location.pathname);
  if (release) return { load: () => getRelease(release[1], release[2]), view: Release, repo: release[1], number: release[2] };
  return { load: getStatus, view: Board };
}

function App({ place }) {
  const [data, setData] = useState(null);
  const [error, setError] = useState(null);
  const [late, setLate] = useState(false);
  const [offline, setOffline] = useState(false);
  const [version, setVersion] = useState(0);
  const at = useRef(null), asked = useRef(0);
  const load = async () => {
    const mine = ++asked.current;
    try {
      const fresh = await place.load();
      if (mine !== asked.current) return;
      at.current = new Date().toISOString();
      setData(fresh);
      setError(null);
      setVersion((v) => v + 1);
    } catch (e) {
      if (mine === asked.current) setError(e);
    }
  };
  useEffect(() => {
    let away = null;
    load();
    const slow = setTimeout(() => setLate(true), 300);
    watch(load, (state) => {
      clearTimeout(away);
      if (state === "live") setOffline(false);
      else away = setTimeout(() => setOffline(true), 10000);
    });
    return () => clearTimeout(slow);
  }, []);
  const other = document.documentElement.lang === "ja" ? "en" : "ja";
  return html`
    <header class="top"><a class="brand" href="/">Slipway</a>
      <a class="lang" href=${`?lang=${other}`} lang=${other} hreflang=${other}>${other === "ja" ? "日本語" : "English"}</a></header>
    <main>
      <${Offline} offline=${offline} at=${at.current} />
      ${error && html`<${Problem} error=${error} retry=${load} />`}
      ${data ? h(place.view, { data, version, repo: place.repo, number: place.number }) : late && !error && html`<${Skeleton} />`}
    </main>
    <footer class="muted">${t("page.footer")} <a href="/status.txt">status.txt</a></footer>`;
}

chooseLanguage();
render(html`<${App} place=${chooseView()} />`, document.getElementById("app"));
