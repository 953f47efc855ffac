// Release: what is in it, where is it, host by host, and what did the hosts print?
import { useEffect, useRef, useState } from "./vendor/hooks.module.js";
import { Causes, html, Pulls, State } from "./parts.js";
import { getLogs } from "./api.js";
import { hostTone, hostWord, seconds, short, t, when } from "./format.js";

const Steps = ({ data }) => {
  const current = data.environments.findIndex((e) => e.state !== "live");
  return html`<ol class="flow">${data.environments.map((e, i) => html`
    <li key=${e.name} aria-current=${i === current ? "step" : undefined}><strong>${e.name}</strong> <${State} state=${e.state} />
      ${e.at && html`<span class="muted">${when(e.at, e.timezone)}</span>`}</li>`)}</ol>`;
};

const Host = ({ host }) => html`
  <tr><th scope="row">${host.host}</th>
    <td data-label=${t("page.state")}><span class=${`state ${hostTone(host.status)}`}>${hostWord(host.status)}</span></td>
    <td data-label=${t("page.steps")}>${host.steps.map((s) => html`<span class=${`step ${hostTone(s.status)}`}>${s.name}${" "}
        <span class="muted">${seconds(s.started_at, s.ended_at)}</span></span>`)}
      ${host.cause && html`<p class="causes">${host.cause}</p>`}
      ${host.results.filter(([key]) => key !== "commit").map(([key, value]) => html`<span class="result">${key}=${value}</span>`)}</td>
    <td data-label=${t("page.commit")}><code>${short(host.commit)}</code></td></tr>`;

const Job = ({ job }) => {
  const done = job.hosts.filter((h) => h.status === "Success").length;
  return html`<section class="job"><h4>${job.name} <span class="muted">${t("page.hosts-done", { done, total: job.hosts.length })}</span>
      ${job.database && html` <span class="tag">${t("page.database", { name: job.database })}</span>`}</h4>
    ${job.cause && html`<p class=${job.state === "failed" ? "causes" : "muted"}>${job.cause}</p>`}
    ${job.hosts.length > 0 && html`<table><thead><tr><th scope="col">${t("page.host")}</th><th scope="col">${t("page.state")}</th>
      <th scope="col">${t("page.steps")}</th><th scope="col">${t("page.commit")}</th></tr></thead>
      <tbody>${job.hosts.map((h) => html`<${Host} key=${h.host_id} host=${h} />`)}</tbody></table>`}</section>`;
};

const Deployment = ({ d, zone }) => html`
  <section class="panel"><header><h3>${d.environment}</h3><span class="muted">${t(`deployment.${d.state}`)} · ${t(`page.on-${d.trigger}`)} · ${when(d.started_at || d.start_at, zone)} · ${seconds(d.started_at, d.ended_at)}</span></header>
    ${d.cause && html`<p class=${`bar ${d.state === "attention" || d.state === "failed" ? "bad" : "wait"}`}>${d.cause}</p>`}
    ${d.jobs.map((j) => html`<${Job} key=${j.name} job=${j} />`)}</section>`;

const Logs = ({ repo, number, version }) => {
  const [chunks, setChunks] = useState([]);
  const [open, setOpen] = useState(false);
  const [follow, setFollow] = useState(false);
  const after = useRef(""), end = useRef(null), busy = useRef(false);
  useEffect(() => {
    if (!open || busy.current) return undefined;
    let stopped = false;
    const read = async () => {
      busy.current = true;
      try {
        for (;;) {
          const answer = await getLogs(repo, number, after.current);
          if (stopped) break;
          after.current = answer.next || after.current;
          if (answer.chunks.length) setChunks((old) => old.concat(answer.chunks).slice(-5000));
          if (!answer.chunks.length) break;
        }
      } finally { busy.current = false; }
    };
    read().catch(() => {});
    return () => { stopped = true; };
  }, [open, version]);
  useEffect(() => { if (follow && end.current) end.current.scrollIntoView({ block: "nearest" }); }, [chunks, follow]);
  return html`<section class="panel"><header><h3>${t("page.logs")}</h3>
      <button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>${t(open ? "page.fold" : "page.unfold")}</button>
      ${open && html`<label><input type="checkbox" checked=${follow} onChange=${(e) => setFollow(e.target.checked)} /> ${t("page.follow")}</label>`}</header>
    ${open && html`<div class="log" role="log" aria-live=${follow ? "polite" : "off"} tabindex="0" aria-label=${t("page.logs")}>${chunks.map((c) => html`
        <div class=${c.stream}><span class="muted">${c.host} ${c.step}</span> <span class="text">${c.text}</span></div>`)}
      <div ref=${end}></div></div>`}</section>`;
};

export function Release({ data, repo, number, version }) {
  const title = data.pulls.length ? data.pulls[0].title : data.subject;
  const zones = Object.fromEntries(data.environments.map((e) => [e.name, e.timezone]));
  document.title = `r${number} ${title} · ${repo}`;
  return html`
    <p class="crumbs"><a href="/">${t("page.board")}</a> / ${repo}</p>
    <h1 class="headline">r${number} <code>${short(data.sha)}</code> ${title}</h1>
    <${Steps} data=${data} />
    ${data.verdicts.filter((v) => v.causes.length).map((v) => html`<section class="panel"><h3>${t("page.why-not-yet", { environment: v.environment })}</h3>
      <${Causes} causes=${v.causes} /></section>`)}
    <section class="panel"><h2>${t("page.in-it")}</h2><${Pulls} pulls=${data.pulls} fallback=${data.subject} />
      ${data.not_included && data.not_included.length > 0 && html`<h3>${t("page.not-in-it")}</h3><${Pulls} pulls=${data.not_included} />`}</section>
    ${data.deployments.map((d) => html`<${Deployment} key=${d.id} d=${d} zone=${zones[d.environment]} />`)}
    <${Logs} repo=${repo} number=${number} version=${version} />`;
}
