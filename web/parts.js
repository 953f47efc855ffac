// Small parts that both pages use. A part is a function of data; text goes in as text.
import { h } from "./vendor/preact.module.js";
import htm from "./vendor/htm.module.js";
import { icon, short, t, tone, when } from "./format.js";

export const html = htm.bind(h);

export const State = ({ state }) =>
  html`<span class=${`state ${tone(state)}`}><span aria-hidden="true">${icon(state)}</span> ${t(`state.${state}`)}</span>`;

export const ReleaseLink = ({ repo, number, sha }) =>
  html`<a href=${`/${repo}/releases/${number}`}>r${number}</a> <code>${short(sha)}</code>`;

// Only addresses of the web are links; anything else is text.
const isLink = (url) => /^https?:\/\//.test(url || "");

export const Pulls = ({ pulls, fallback }) =>
  pulls && pulls.length
    ? html`<ul class="pulls">${pulls.map((p) => html`<li key=${p.number}>
        ${isLink(p.url) ? html`<a href=${p.url} rel="noreferrer">#${p.number}</a>` : `#${p.number}`} ${p.title}
        ${p.author && html` <span class="muted">${p.author}</span>`}</li>`)}</ul>`
    : html`<span>${fallback}</span>`;

export const Causes = ({ causes, zone }) =>
  causes && causes.length
    ? html`<ul class="causes">${causes.map((c) => html`<li>${c.text}${c.until && html` <span class="muted">${t("page.until", { when: when(c.until, zone) })}</span>`}</li>`)}</ul>`
    : null;

export const Offline = ({ offline, at }) =>
  offline ? html`<p class="bar wait" role="status">${t("page.offline", { when: when(at) })}</p>` : null;

export const Problem = ({ error, retry }) =>
  html`<div class="bar bad" role="alert"><p>${error.message}${error.id && html` <span class="muted">${t("page.request", { id: error.id })}</span>`}</p>
    <button type="button" onClick=${retry}>${t("page.retry")}</button></div>`;

export const Skeleton = () => html`<div class="skeleton" aria-hidden="true"><i></i><i></i><i></i></div>`;
