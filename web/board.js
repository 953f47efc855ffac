// Board: what is live, what is next and when, and is anything in the way?
import { Causes, html, Pulls, ReleaseLink, State } from "./parts.js";
import { t, tone, when } from "./format.js";

const Live = ({ repo, env }) =>
  env.live
    ? html`<div><${ReleaseLink} repo=${repo} number=${env.live.release} sha=${env.live.sha} />
        <span class="muted"> ${t("page.since", { when: when(env.live.since, env.timezone) })}</span>
        <${Pulls} pulls=${env.live.pulls} fallback=${env.live.subject} /></div>`
    : html`<span class="muted">${t("page.nothing-live")}</span>`;

const Next = ({ repo, env }) => {
  if (env.open)
    return html`<div><${ReleaseLink} repo=${repo} number=${env.open.release} sha=${env.open.sha} />
      ${" "}${t("page.hosts-done", { done: env.open.hosts_done, total: env.open.hosts_total })}
      <progress max=${env.open.hosts_total || 1} value=${env.open.hosts_done} aria-label=${t("page.hosts-done", { done: env.open.hosts_done, total: env.open.hosts_total })}></progress>
      ${env.open.cause && html`<p class="causes">${env.open.cause}</p>`}</div>`;
  if (!env.next) return html`<span class="muted">–</span>`;
  return html`<div><${ReleaseLink} repo=${repo} number=${env.next.release} sha=${env.next.sha} />
    ${env.next.start_at && html` <strong>${when(env.next.start_at, env.timezone)}</strong>`}
    <${Pulls} pulls=${env.next.pulls} fallback=${env.next.subject} />
    <${Causes} causes=${env.next.causes} zone=${env.timezone} /></div>`;
};

const Environment = ({ repo, env }) => html`
  <tr class=${`row ${tone(env.state)}`}>
    <th scope="row">${env.url && /^https?:/.test(env.url) ? html`<a href=${env.url} rel="noreferrer">${env.name}</a>` : env.name}
      <span class="muted on">${t(`page.on-${env.on}`)}</span></th>
    <td data-label=${t("page.state")}><${State} state=${env.state} /></td>
    <td data-label=${t("page.live")}><${Live} repo=${repo} env=${env} /></td>
    <td data-label=${t("page.next")}><${Next} repo=${repo} env=${env} /></td>
  </tr>`;

const Repository = ({ repo }) => html`
  <section class="panel" aria-labelledby=${`repo-${repo.name}`}>
    <header><h2 id=${`repo-${repo.name}`}>${repo.name}</h2><span class="muted">${repo.branch}</span></header>
    ${repo.source.failure && html`<p class="bar bad">${t("page.source-failed", { why: repo.source.failure })}</p>`}
    <table>
      <thead><tr><th scope="col">${t("page.environment")}</th><th scope="col">${t("page.state")}</th>
        <th scope="col">${t("page.live")}</th><th scope="col">${t("page.next")}</th></tr></thead>
      <tbody>${repo.environments.map((env) => html`<${Environment} key=${env.name} repo=${repo.name} env=${env} />`)}</tbody>
    </table>
  </section>`;

const SetUp = () => html`
  <section class="panel"><h2>${t("page.set-up")}</h2>
    <ol class="steps"><li>${t("page.set-up-config")} <code>slipway config check</code></li>
      <li>${t("page.set-up-host")} <code>slipway activation create --name HOST</code></li>
      <li>${t("page.set-up-webhook")} <code>POST /webhooks/github</code></li></ol></section>`;

export function Board({ data }) {
  document.title = `${data.headline.text} · Slipway`;
  return html`
    <h1 class=${`headline ${tone(data.headline.state)}`}>${data.headline.text}</h1>
    ${data.waiting_for.length > 0 && html`
      <section class="panel waiting"><h2>${t("page.waiting-for")}</h2>
        <ul>${data.waiting_for.map((w) => html`<li><${State} state=${w.state} /> ${w.text}
          ${w.release && html` <a href=${`/${w.repository}/releases/${w.release}`}>r${w.release}</a>`}</li>`)}</ul></section>`}
    ${data.repositories.length === 0 ? html`<${SetUp} />`
      : data.repositories.map((repo) => html`<${Repository} key=${repo.name} repo=${repo} />`)}`;
}
