// Small parts that the pages share. A part is a function of data; text goes in as text.
import { h } from "./vendor/preact.module.js";
import htm from "./vendor/htm.module.js";
import { short, stateLook, t, when } from "./format.js";

export const html = htm.bind(h);

// Icon, word and colour together; never colour alone.
export const Pill = ({ look, children }) =>
  html`<span class=${`pill ${look.tone}`}><span class="icon" aria-hidden="true">${look.icon}</span> ${look.word}${children}</span>`;

export const State = ({ state }) => html`<${Pill} look=${stateLook(state)} />`;

export const Sha = ({ sha }) => html`<code class="sha">${short(sha)}</code>`;

// One cell of a table; on a narrow screen its label stands beside it.
export const Cell = ({ label, kind, children }) => html`<td class=${kind} data-label=${label}><div>${children}</div></td>`;

export const Time = ({ at, zone }) => (at ? html`<time datetime=${at}>${when(at, zone)}</time>` : "–");

export const releasePath = (repo, number) => `/${repo.split("/").map(encodeURIComponent).join("/")}/releases/${number}`;

export const ReleaseLink = ({ repo, number, sha, row }) =>
  html`<a class="number" href=${releasePath(repo, number)} data-row=${row ? "" : undefined}>r${number}</a>${" "}<${Sha} sha=${sha} />`;

// Only addresses of the web become links; anything else stays text.
export const Out = ({ url, children }) =>
  /^https?:\/\//i.test(url || "") ? html`<a href=${url} rel="noreferrer">${children}</a>` : html`<span>${children}</span>`;

export const Pulls = ({ pulls, fallback, most = Infinity, more, zone }) => {
  if (!pulls || !pulls.length) return fallback ? html`<p class="pull">${fallback}</p>` : null;
  return html`<ul class="pulls">
    ${pulls.slice(0, most).map((p) => html`<li class="pull" key=${p.number}>
      <${Out} url=${p.url}>#${p.number}<//> ${p.title}${p.author && html`<span class="muted nowrap"> ${p.author}</span>`}
      ${zone !== undefined && p.merged_at && html`<span class="muted"> · <${Time} at=${p.merged_at} zone=${zone} /></span>`}</li>`)}
    ${pulls.length > most && html`<li><a href=${more}>${t("page.more", { n: pulls.length - most })}</a></li>`}
  </ul>`;
};

// Why not yet. A cause that says when it may end, says it.
export const Causes = ({ causes, zone }) =>
  causes && causes.length > 0 && html`<ul class="causes">
    ${causes.map((c) => html`<li>${c.text}${c.command && html`<${Command}>${c.command}<//>`}${c.until && html`<span class="muted"> · ${t("page.until", { when: when(c.until, zone) })}</span>`}</li>`)}
  </ul>`;

// Not here, but the command line can; the page itself only shows in this version.
export const Command = ({ children }) => html`<code class="command" tabindex="0">${children}</code>`;

// What may be done about what has stopped. A choice that is not open says why not, and from when it is.
const Choice = ({ choice, zone }) => html`
  <li class=${choice.possible ? "" : "muted"}>${choice.text}
    ${choice.possible ? html`<${Command}>${choice.command}<//>` : html`<span> · ${t("attention.not-now", { why: choice.why || "–" })}</span>`}
    ${choice.until && html`<span> · ${t("page.from", { when: choice.until_text || when(choice.until, zone) })}</span>`}</li>`;

export const Choices = ({ attention, zone }) => html`
  <div class="choices">
    <p>${t("attention.since", { when: attention.since_text || when(attention.since, zone), why: attention.reason || "–" })}</p>
    <p class="muted">${attention.who_text}</p>
    <ul>${attention.choices.map((c) => html`<${Choice} key=${c.command} choice=${c} zone=${zone} />`)}</ul>
  </div>`;

export const Problem = ({ error, retry }) => html`
  <div class="bar bad" role="alert">
    <p>${error.status === 401 || error.status === 403 ? `${t("page.not-allowed")} ` : ""}${error.message}
      ${error.id && html`<span class="id"> ${t("page.request", { id: error.id })}</span>`}</p>
    <button type="button" onClick=${retry}>${t("page.retry")}</button>
  </div>`;

export const Skeleton = () => html`
  <div class="skeleton" role="status"><span class="hidden">${t("page.loading")}</span><i></i><i></i><i></i></div>`;
