// Board: what is live, what is next and when, and is anything in the way?
import { Door } from "./door.js";
import { Causes, Cell, Choices, Command, html, Out, Pulls, releasePath, ReleaseLink, State, Time } from "./parts.js";
import { away, stateLook, t, when } from "./format.js";
import { isEmpty, SetUp } from "./set_up.js";

const MOST_PULLS = 3;

const Live = ({ repo, env }) => {
  const live = env.live;
  if (!live) return html`<p class="muted">${t("page.nothing-live")}</p>`;
  return html`
    <p class="line"><${ReleaseLink} repo=${repo} number=${live.release} sha=${live.sha} row />
      ${live.since && html`<span class="muted">${t("page.since", { when: when(live.since, env.timezone) })}</span>`}</p>
    <${Pulls} pulls=${live.pulls} fallback=${live.subject} most=${MOST_PULLS} more=${releasePath(repo, live.release)} />`;
};

// Hosts that miss what is live, and what each waits for.
const Late = ({ env }) => (env.late || []).length > 0 && html`
  <ul class="causes">${env.late.map((l) => html`<li key=${l.host}>${l.text}</li>`)}</ul>`;

const Open = ({ repo, env }) => {
  const { open } = env;
  const count = t("page.hosts-done", { done: open.hosts_done, total: open.hosts_total });
  const waits = open.state === "waiting" && open.start_at;
  return html`
    <p class="line"><${ReleaseLink} repo=${repo} number=${open.release} sha=${open.sha} row />
      ${waits ? html`<strong><${Time} at=${open.start_at} zone=${env.timezone} /></strong>` : html`<span>${t(`deployment.${open.state}`)}</span>`}
      ${open.kind === "catch-up" && html`<span class="tag">${t("page.catch-up")}</span>`}</p>
    ${open.hosts_total > 0 && html`<p class="line"><progress max=${open.hosts_total} value=${open.hosts_done} aria-label=${count}></progress>
      <span class="muted">${count}</span></p>`}
    ${open.cause && html`<ul class="causes"><li>${open.cause}</li></ul>`}`;
};

const Next = ({ repo, env, now }) => {
  const { next } = env;
  // "Not time yet" is what the time itself says.
  const causes = next.causes.filter((c) => !(c.cause === "schedule" && next.start_at));
  return html`
    <p class="line"><${ReleaseLink} repo=${repo} number=${next.release} sha=${next.sha} row />
      ${next.start_at && html`<strong><time datetime=${next.start_at}>${next.start_text || when(next.start_at, env.timezone)}</time></strong>
        <span class="muted">${away(next.start_at, now)}</span>`}</p>
    <${Pulls} pulls=${next.pulls} fallback=${next.subject} most=${MOST_PULLS} more=${releasePath(repo, next.release)} />
    ${next.migrate_text && html`<p class="muted">${next.migrate_text}</p>`}
    <${Causes} causes=${causes} zone=${env.timezone} />
    ${next.causes.some((c) => c.cause === "not-asked") && html`<${Command}>slipway release ${repo} r${next.release} ${env.name}<//>`}`;
};

// People's stops and freezes. Where something waits behind a stop that is on, its causes say so beside it.
const Stops = ({ repo, env }) => {
  const waits = env.next && env.next.causes.some((c) => c.cause === "hold" || c.cause === "freeze");
  const holds = waits ? [] : env.holds || [];
  const freezes = (env.freezes || []).filter((f) => !(waits && f.active)).slice(0, 1);
  if (!(env.holds || []).length && !freezes.length) return null;
  return html`
    <ul class="causes">
      ${holds.map((h) => html`<li key=${h.id}>${t("page.held-by", { who: h.who, why: h.reason })}
        ${h.until && html`<span class="muted"> · ${t("page.until", { when: when(h.until, env.timezone) })}</span>`}</li>`)}
      ${freezes.map((f) => html`<li key=${f.from + f.name}>${f.active
        ? html`${t("page.frozen", { why: f.name })}<span class="muted"> · ${t("page.until", { when: when(f.to, env.timezone) })}</span>`
        : t("page.frozen-from", { why: f.name, when: when(f.from, env.timezone) })}</li>`)}
    </ul>
    ${(env.holds || []).length > 0 && html`<${Command}>slipway unhold ${repo}${env.holds[0].environment ? ` ${env.name}` : ""}<//>`}`;
};

const Environment = ({ repo, env, now }) => {
  const both = env.open && env.next && env.next.release !== env.open.release;
  return html`
    <tr>
      <th scope="row"><${Out} url=${env.url}>${env.name}<//><span class="muted on">${t(`page.on-${env.on}`)}</span></th>
      <${Cell} label=${t("page.state")}><${State} state=${env.state} /><${Stops} repo=${repo} env=${env} /><//>
      <${Cell} label=${t("page.live")}><${Live} repo=${repo} env=${env} /><${Late} env=${env} /><//>
      <${Cell} label=${t("page.next")}>
        ${env.open && html`<${Open} repo=${repo} env=${env} />`}
        ${env.attention && html`<details class="fold"><summary>${t("page.choices", { environment: env.name })}</summary>
          <${Choices} attention=${env.attention} zone=${env.timezone} /></details>`}
        ${env.next && (both || !env.open) && html`<${Next} repo=${repo} env=${env} now=${now} />`}
        ${!env.open && !env.next && html`<p class="muted">${t("page.nothing-next")}</p>`}
      <//>
    </tr>`;
};

const Repository = ({ repo, now }) => html`
  <section class="panel" aria-labelledby=${`repo-${repo.name}`}>
    <header><h2 id=${`repo-${repo.name}`}><${Out} url=${repo.url}>${repo.name}<//></h2><span class="muted">${repo.branch}</span></header>
    ${repo.source.failure && html`<p class="bar bad">${t("page.source-failed", { why: repo.source.failure })}</p>`}
    <table class="board">
      <thead><tr><th scope="col">${t("page.environment")}</th><th scope="col">${t("page.state")}</th>
        <th scope="col">${t("page.live")}</th><th scope="col">${t("page.next")}</th></tr></thead>
      <tbody>${repo.environments.map((env) => html`<${Environment} key=${env.name} repo=${repo.name} env=${env} now=${now} />`)}</tbody>
    </table>
  </section>`;

// Who is waited for. One environment alone needs no list: the headline says the same.
const Waiting = ({ list }) => list.length > 1 && html`
  <section class="panel" aria-labelledby="waiting"><header><h2 id="waiting">${t("page.waiting-for")}</h2></header>
    <ul class="waiting">${list.map((w) => html`<li key=${`${w.repository} ${w.environment}`}><${State} state=${w.state} />
      <span>${w.release ? html`<a href=${releasePath(w.repository, w.release)} data-row="">r${w.release}</a> ` : ""}${w.text}</span></li>`)}</ul>
  </section>`;

export function Board({ data, now }) {
  const { headline, banner, clock } = data;
  return html`
    <${Headline} state=${headline.state} text=${headline.text} />
    ${banner && banner.text !== headline.text && html`<p class=${`bar ${stateLook(banner.state).tone}`}>${banner.text}</p>`}
    ${clock && html`<p class="bar wait">${clock.text}</p>`}
    <${Waiting} list=${data.waiting_for} />
    ${isEmpty(data) && html`<${SetUp} data=${data} />`}
    ${data.repositories.map((repo) => html`<${Repository} key=${repo.name} repo=${repo} now=${now} />`)}
    <${Door} data=${data} />`;
}

const Headline = ({ state, text }) => {
  const { icon, tone } = stateLook(state);
  return html`<h1 class=${`headline ${tone}`}><span class="badge" aria-hidden="true">${icon}</span><span>${text}</span></h1>`;
};

// The one sentence of the tab, and what is announced when it changes.
Board.sentence = (data) => ({ look: stateLook(data.headline.state), text: data.headline.text });
