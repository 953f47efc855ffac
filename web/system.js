// System: does it work? What is not well comes first, with what to do; then what GitHub sent, and the hosts.
import { useState } from "./vendor/hooks.module.js";
import { getDeliveries } from "./api.js";
import { Cell, Command, html, Pill, Time } from "./parts.js";
import { ago, checkLook, deliveryLook, hostStateLook, t, when } from "./format.js";

// Checks -------------------------------------------------------------------------------------------

const RANKS = ["fail", "warn", "ok"];
const count = (checks, state) => checks.filter((c) => c.state === state).length;
const worstOf = (checks) => RANKS.find((state) => count(checks, state) > 0) || "ok";

function summary(checks) {
  const [fail, warn] = [count(checks, "fail"), count(checks, "warn")];
  if (fail > 0) return t("page.system-fail", { n: fail, of: checks.length });
  return warn > 0 ? t("page.system-warn", { n: warn, of: checks.length }) : t("page.system-ok", { n: checks.length });
}

const Check = ({ check }) => html`
  <li><${Pill} look=${checkLook(check.state)} />
    <div><p>${check.text} <code class="sha">${check.name}</code></p>
      ${check.fix && html`<p class="muted">${t("page.fix", { what: check.fix })}</p>`}</div></li>`;

const Checks = ({ checks, at, zone }) => {
  const open = RANKS.slice(0, 2).flatMap((state) => checks.filter((c) => c.state === state));
  const well = checks.filter((c) => c.state === "ok");
  return html`
    <section class="panel" aria-labelledby="checks"><header><h2 id="checks">${t("page.checks")}</h2>
        <span class="muted">${t("page.checked-at", { when: when(new Date(at).toISOString(), zone) })} · <code>slipway doctor</code></span></header>
      ${open.length > 0 && html`<ul class="waiting">${open.map((c) => html`<${Check} key=${c.name + c.text} check=${c} />`)}</ul>`}
      ${well.length > 0 && html`<details class="fold"><summary>${t("page.checks-well", { n: well.length })}</summary>
        <ul class="waiting">${well.map((c) => html`<${Check} key=${c.name + c.text} check=${c} />`)}</ul></details>`}
    </section>`;
};

// Deliveries ---------------------------------------------------------------------------------------

const Delivery = ({ d, now, zone, failed }) => html`
  <tr>
    <th scope="row">${d.event}${d.action && html`<wbr />.${d.action}`}</th>
    <${Cell} label=${t("page.received")}><${Time} at=${d.received_at} zone=${zone} /> <span class="muted nowrap">${ago(d.received_at, now)}</span><//>
    <${Cell} label=${t("page.repository")} kind=${d.repository ? "" : "none"}>${d.repository || "–"}<//>
    <${Cell} label=${t("page.state")}><${Pill} look=${deliveryLook(d.state)} />
      ${d.origin !== "sent" && html` <span class="tag">${t(`delivery.${d.origin}`)}</span>`}<//>
    <${Cell} label=${t("page.why")} kind=${d.note || failed ? "" : "none"}>${d.note || (failed ? "" : "–")}
      ${failed && html`<p class="muted"><code>${d.guid}</code></p>
        <${Command}>slipway events show ${d.id}<//> <${Command}>slipway events replay ${d.id} -m WHY<//>`}<//>
  </tr>`;

// The newest as they are fresh; older ones are fetched when somebody asks, and stay.
const Deliveries = ({ id, title, first, now, zone, failed }) => {
  const [older, setOlder] = useState({ list: [], next: undefined, error: null });
  const next = older.next === undefined ? first.next : older.next;
  const edge = first.deliveries.length > 0 ? first.deliveries[first.deliveries.length - 1].id : 0;
  const rows = [...first.deliveries, ...older.list.filter((d) => d.id < edge)];
  const more = () =>
    getDeliveries({ limit: 20, before: next, ...(failed ? { failed: 1 } : {}) }).then(
      (answer) => setOlder({ list: [...rows.slice(first.deliveries.length), ...answer.deliveries], next: answer.next, error: null }),
      (error) => setOlder({ ...older, error }));
  return html`
    <section class="panel" aria-labelledby=${id}><header><h2 id=${id}>${t(title)}</h2>
        <code class="muted">slipway events ls${failed ? " --failed" : ""}</code></header>
      ${rows.length === 0 ? html`<p class="muted">${t("page.none-came")}</p>` : html`
        <table class="deliveries">
          <thead><tr><th scope="col">${t("page.event")}</th><th scope="col">${t("page.received")}</th><th scope="col">${t("page.repository")}</th>
            <th scope="col">${t("page.state")}</th><th scope="col">${t("page.why")}</th></tr></thead>
          <tbody>${rows.map((d) => html`<${Delivery} key=${d.id} d=${d} now=${now} zone=${zone} failed=${failed} />`)}</tbody>
        </table>`}
      ${next && html`<button type="button" onClick=${more}>${t("page.older")}</button>`}
      ${older.error && html`<p class="bad" role="alert">${older.error.message}</p>`}
    </section>`;
};

// Hosts --------------------------------------------------------------------------------------------

const Host = ({ host, now }) => html`
  <tr>
    <th scope="row">${host.name}</th>
    <${Cell} label=${t("page.state")}><${Pill} look=${hostStateLook(host.state)} /><//>
    <${Cell} label=${t("page.heard")}>${host.seen_at ? ago(host.seen_at, now) : "–"}<//>
    <${Cell} label=${t("page.agent")}>${host.agent || "–"} <span class="muted">${host.platform}${host.transport === "ssm" && html` · ${t("page.by-aws")}`}</span><//>
    <${Cell} label=${t("page.misses")} kind=${host.misses.length || host.doubt ? "" : "none"}>
      ${host.doubt && html`<p class="bad">${host.doubt}</p>`}
      ${host.misses.map((m) => html`<p>${m.text}</p>`)}
      ${host.misses.length || host.doubt ? "" : "–"}<//>
  </tr>`;

const Hosts = ({ hosts, now }) => html`
  <section class="panel" aria-labelledby="hosts"><header><h2 id="hosts">${t("page.hosts")}</h2><code class="muted">slipway hosts</code></header>
    ${hosts.length === 0 ? html`<p>${t("page.set-up-host")} <${Command}>slipway activation create --name HOST<//></p>` : html`
      <table class="machines">
        <thead><tr><th scope="col">${t("page.host")}</th><th scope="col">${t("page.state")}</th><th scope="col">${t("page.heard")}</th>
          <th scope="col">${t("page.agent")}</th><th scope="col">${t("page.misses")}</th></tr></thead>
        <tbody>${hosts.map((host) => html`<${Host} key=${host.id} host=${host} now=${now} />`)}</tbody>
      </table>`}
  </section>`;

// The page -----------------------------------------------------------------------------------------

export function System({ data, now }) {
  const { icon, tone } = checkLook(worstOf(data.checks));
  return html`
    <h1 class=${`headline ${tone}`}><span class="badge" aria-hidden="true">${icon}</span><span>${summary(data.checks)}</span></h1>
    <${Checks} checks=${data.checks} at=${data.at} zone=${data.zone} />
    ${data.failed.deliveries.length > 0 && html`
      <${Deliveries} id="failed" title="page.failed" first=${data.failed} now=${now} zone=${data.zone} failed />`}
    <${Deliveries} id="deliveries" title="page.deliveries" first=${data.deliveries} now=${now} zone=${data.zone} />
    <${Hosts} hosts=${data.hosts} now=${now} />`;
}

System.sentence = ({ checks }) => ({ look: checkLook(worstOf(checks)), text: summary(checks) });
