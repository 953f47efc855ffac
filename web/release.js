// Release: what is in it, where is it, host by host, and what is it waiting for?
import { useState } from "./vendor/hooks.module.js";
import { Causes, Cell, Choices, Command, html, Pill, Pulls, Sha, State, Time } from "./parts.js";
import { away, deploymentLook, hostLook, lasted, stateLook, t, when } from "./format.js";
import { Log } from "./log.js";

// Where it is --------------------------------------------------------------------------------------

// The step it stands at: the first environment in which it is not live yet.
const currentStep = (environments) => environments.findIndex((e) => e.state !== "live" || e.rolled_back);

const Steps = ({ environments }) => html`
  <ol class="flow" aria-label=${t("page.where")}>
    ${environments.map((e, i) => html`
      <li key=${e.name} class=${stateLook(e.state).tone} aria-current=${i === currentStep(environments) ? "step" : undefined}>
        <strong>${e.name}</strong> <${State} state=${e.state} />
        ${e.rolled_back && html`<span class="tag">${t("page.rolled-back")}</span>`}
        <span class="muted">${e.at ? when(e.at, e.timezone) : "–"}</span></li>`)}
  </ol>`;

const Verdict = ({ verdict, repo, number, zone, now }) => html`
  <section class="panel">
    <header><h2>${t("page.why-not-yet", { environment: verdict.environment })}</h2>
      ${verdict.start_at && html`<span><strong>${verdict.start_text || when(verdict.start_at, zone)}</strong> <span class="muted">${away(verdict.start_at, now)}</span></span>`}</header>
    ${verdict.release > Number(number) && html`<p>${t("page.goes-with", { release: `r${verdict.release}` })}</p>`}
    <${Causes} causes=${verdict.causes} zone=${zone} />
    ${verdict.causes.some((c) => c.cause === "not-asked") &&
      html`<p>${t("page.by-command")} <${Command}>slipway release ${repo} r${number} ${verdict.environment}<//></p>`}
  </section>`;

// Deployments --------------------------------------------------------------------------------------

// All steps that any host of the job has, in the order in which they are met.
const stepNames = (job) => [...new Set(job.hosts.flatMap((host) => host.steps.map((s) => s.name)))];

const StepCell = ({ step, name }) => html`
  <${Cell} label=${name} kind=${step ? "" : "none"}>${step ? html`<${Pill} look=${hostLook(step.status)} />${" "}
    <span class="muted nowrap">${lasted(step.started_at, step.ended_at)}${step.exit_code ? ` · ${t("page.exit", { code: step.exit_code })}` : ""}</span>` : "–"}<//>`;

const Host = ({ host, names, sha }) => {
  const results = host.results.filter(([key]) => key !== "commit");
  const found = host.commit || results.length > 0 || host.cause;
  return html`
    <tr>
      <th scope="row">${host.host}</th>
      <${Cell} label=${t("page.state")} kind="word"><${Pill} look=${hostLook(host.status)} /><//>
      ${names.map((name) => html`<${StepCell} key=${name} name=${name} step=${host.steps.find((s) => s.name === name)} />`)}
      <${Cell} label=${t("page.found")} kind=${found ? "" : "none"}>
        ${host.commit && html`<${Sha} sha=${host.commit} />${host.commit !== sha && html` <span class="bad">${t("page.other-commit")}</span>`} `}
        ${results.map(([key, value]) => html`<span class="tag">${key} = ${value}</span> `)}
        ${host.cause && html`<p class=${hostLook(host.status).tone}>${host.cause}</p>`}
        ${found ? "" : "–"}
      <//>
    </tr>`;
};

const Job = ({ job, sha }) => {
  const done = job.hosts.filter((h) => h.status === "Success").length;
  const names = stepNames(job);
  return html`
    <section class="job">
      <header><h4>${job.name}</h4> <${Pill} look=${hostLook(job.state)} />
        ${job.hosts.length > 0 && html`<span>${t("page.hosts-done", { done, total: job.hosts.length })}</span>`}
        <span class="muted">${lasted(job.started_at, job.ended_at)}</span>
        ${job.database && html`<span class="tag">${t("page.database", { name: job.database })}</span>`}
        ${job.hosts.length === 0 && job.state === "waiting" && job.needs.length > 0 &&
          html`<span class="muted">${t("page.job-needs", { jobs: job.needs.join(", ") })}</span>`}</header>
      ${job.cause && html`<p class=${job.state === "failed" ? "bad" : "muted"}>${job.cause}</p>`}
      ${job.hosts.length > 0 && html`
        <table class="hosts">
          <thead><tr><th scope="col">${t("page.host")}</th><th scope="col">${t("page.state")}</th>
            ${names.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}<th scope="col">${t("page.found")}</th></tr></thead>
          <tbody>${job.hosts.map((h) => html`<${Host} key=${h.host_id} host=${h} names=${names} sha=${sha} />`)}</tbody>
        </table>`}
    </section>`;
};

const hostsOf = (d) => [...new Set(d.jobs.flatMap((job) => job.hosts.map((h) => h.host)))];

const Line = ({ d, zone }) => html`
  <${Pill} look=${deploymentLook(d.state)} /> <span>${when(d.started_at || d.start_at || d.cut_at, zone)}</span>
  <span class="muted">${lasted(d.started_at, d.ended_at)}</span> <span class="muted">${t(`trigger.${d.trigger}`)}</span>
  ${d.kind === "catch-up" && html`<span class="tag">${t("page.catch-up")}</span>`}`;

const Deployment = ({ d, sha }) => html`
  ${d.cause && html`<p class=${`bar ${deploymentLook(d.state).tone === "bad" ? "bad" : "wait"}`}>${d.cause}</p>`}
  ${d.jobs.map((job) => html`<${Job} key=${job.name} job=${job} sha=${sha} />`)}`;

// One environment. The newest deployment there, with those before it folded; unfolded at first where the release
// stands now. After that it stays as the reader left it.
const Place = ({ environment, deployments, stands, repo, number, sha }) => {
  const [newest, ...older] = [...deployments].sort((a, b) => b.id - a.id);
  const [open] = useState(stands);
  const zone = environment.timezone;
  return html`
    <details class="panel place" open=${open}>
      <summary><h2>${environment.name}</h2> <${Line} d=${newest} zone=${zone} /></summary>
      <${Deployment} d=${newest} sha=${sha} />
      <div class="logs">${hostsOf(newest).map((host) => html`
        <${Log} key=${host} repo=${repo} number=${number} environment=${environment.name} host=${host} />`)}</div>
      ${older.map((d) => html`<details class="fold" key=${d.id}>
        <summary>${t("page.earlier")} <${Line} d=${d} zone=${zone} /></summary>
        <${Deployment} d=${d} sha=${sha} /></details>`)}
    </details>`;
};

// History ------------------------------------------------------------------------------------------

function history(data, zones) {
  const lines = data.pulls.map((p) => ({ at: p.merged_at, text: t("page.was-merged", { pull: `#${p.number}`, who: p.author || "–" }) }));
  for (const d of data.deployments) {
    const environment = d.environment;
    const zone = zones[environment];
    lines.push({ at: d.cut_at, zone, text: t("page.was-cut", { environment }), way: t(`trigger.${d.trigger}`) });
    if (d.started_at) lines.push({ at: d.started_at, zone, text: t("page.was-started", { environment }) });
    if (d.ended_at) lines.push({ at: d.ended_at, zone, text: t("page.has-ended", { environment, state: deploymentLook(d.state).word }) });
  }
  return lines.filter((line) => line.at).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

const History = ({ lines, zone }) => lines.length > 0 && html`
  <section class="panel" aria-labelledby="history"><header><h2 id="history">${t("page.history")}</h2></header>
    <ol class="history">${lines.map((l) => html`<li><span class="muted"><${Time} at=${l.at} zone=${l.zone || zone} /></span>
      <span>${l.text}${l.way && html`<span class="muted"> · ${l.way}</span>`}</span></li>`)}</ol></section>`;

// The page -----------------------------------------------------------------------------------------

const titleOf = (data) => (data.pulls.length > 0 ? data.pulls[0].title : data.subject);

export function Release({ data, repo, number, now }) {
  const zones = Object.fromEntries(data.environments.map((e) => [e.name, e.timezone]));
  const zone = data.environments.length > 0 ? data.environments[0].timezone : undefined;
  const places = data.environments
    .map((environment) => ({ environment, deployments: data.deployments.filter((d) => d.environment === environment.name) }))
    .filter((place) => place.deployments.length > 0);
  const at = currentStep(data.environments);
  const stands = places.find((p) => at >= 0 && p.environment === data.environments[at]) || places[places.length - 1];
  return html`
    <nav class="crumbs" aria-label=${t("page.board")}><a href="/">${t("page.board")}</a> <span aria-hidden="true">/</span> ${repo}</nav>
    <h1 class="title"><span class="muted">r${number}</span> ${titleOf(data)}</h1>
    <p class="line muted"><${Sha} sha=${data.sha} /> <span>${data.author}</span> <${Time} at=${data.committed_at} zone=${zone} />
      ${data.lane && html`<span class="tag">${t(`lane.${data.lane}`)}</span>`}</p>
    <${Steps} environments=${data.environments} />
    ${data.attention.map((a) => html`
      <section class="panel" key=${a.environment}><header><h2>${t("page.choices", { environment: a.environment })}</h2></header>
        <${Choices} attention=${a} zone=${zones[a.environment]} /></section>`)}
    ${data.verdicts.filter((v) => v.causes.length > 0).map((v) => html`
      <${Verdict} key=${v.environment} verdict=${v} repo=${repo} number=${number} zone=${zones[v.environment]} now=${now} />`)}
    <div class="pair">
      <section class="panel" aria-labelledby="in-it"><header><h2 id="in-it">${t("page.in-it")}</h2></header>
        <${Pulls} pulls=${data.pulls} fallback=${data.subject} zone=${zone} /></section>
      <section class="panel" aria-labelledby="not-in-it"><header><h2 id="not-in-it">${t("page.not-in-it")}</h2></header>
        ${data.not_included.length > 0 ? html`<${Pulls} pulls=${data.not_included} zone=${zone} />` : html`<p class="muted">${t("page.none")}</p>`}</section>
    </div>
    ${places.map((p) => html`<${Place} key=${p.environment.name} environment=${p.environment} deployments=${p.deployments}
      stands=${p === stands} repo=${repo} number=${number} sha=${data.sha} />`)}
    <${History} lines=${history(data, zones)} zone=${zone} />`;
}

// The one sentence of the tab, and what is announced when it changes: the step it stands at, else the last.
Release.sentence = (data, { repo }) => {
  const at = data.environments[currentStep(data.environments)] || data.environments[data.environments.length - 1];
  const where = at ? `${at.name}: ${stateLook(at.state).word} · ` : "";
  return { look: stateLook(at ? at.state : "received"), text: `${where}r${data.number} ${titleOf(data)} · ${repo}` };
};
