// Chooses the language and the page, loads its data, keeps it fresh, and says so when it cannot.
import { h, render } from "./vendor/preact.module.js";
import { useEffect, useRef, useState } from "./vendor/hooks.module.js";
import { getRelease, getStatus, getSystem, watch } from "./api.js";
import { Board } from "./board.js";
import { Release } from "./release.js";
import { System } from "./system.js";
import { Lost } from "./lost.js";
import { Keys } from "./keys.js";
import { html, Problem, Skeleton } from "./parts.js";
import { clock, t } from "./format.js";

const SKELETON_MS = 300; // an answer before that shows no skeleton
const SILENT_MS = 10000; // so long without an answer and the page says that it is old
const SETTLE_MS = 400; // changes that come closer together are one
const ANNOUNCE_MS = 5000;
const TICK_MS = 20000; // "in 3 minutes" moves on
const LOOK_MS = 30000; // what changes without being told (a disk that fills) is looked at so often

// ?lang, then the cookie that keeps it, then what the browser asks for.
function chooseLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  const kept = /(?:^|; )slipway-lang=(ja|en)/.exec(document.cookie);
  const wanted = [asked, kept && kept[1], ...navigator.languages].find((l) => /^(ja|en)\b/i.test(l || ""));
  document.documentElement.lang = /^ja/i.test(wanted || "") ? "ja" : "en";
  if (asked) document.cookie = `slipway-lang=${document.documentElement.lang}; Path=/; SameSite=Lax; Max-Age=31536000`;
}

const REPO = "([\\w.-]+/[\\w.-]+)";
const PLACES = [
  [/^\/$/, () => ({ view: Board, load: getStatus })],
  [/^\/system$/, () => ({ view: System, load: getSystem, every: LOOK_MS })],
  [new RegExp(`^/${REPO}/releases/(\\d+)$`), (repo, number) => ({ view: Release, repo, number, load: () => getRelease(repo, number) })],
  [new RegExp(`^/${REPO}/pull/\\d+$`), () => ({ view: Board, load: getStatus })],
];

function choosePlace() {
  for (const [pattern, place] of PLACES) {
    const found = pattern.exec(location.pathname);
    if (found) return place(...found.slice(1));
  }
  return { view: Lost };
}

// Data ---------------------------------------------------------------------------------------------

// { data, error, at, lost, connected, retry }: the newest data and when it came; `lost` since there is no answer.
function useFresh(load, every) {
  const [state, setState] = useState({ data: null, error: null, at: null, lost: null, connected: true });
  const busy = useRef(false);
  const again = useRef(false);
  const look = async () => {
    if (busy.current) return void (again.current = true);
    busy.current = true;
    try {
      const data = await load();
      setState((old) => ({ ...old, data, error: null, at: new Date(), lost: null }));
    } catch (error) {
      setState((old) => ({ ...old, error, lost: error.status === 0 ? old.lost || new Date() : null }));
    }
    setTimeout(() => {
      busy.current = false;
      if (again.current) look((again.current = false));
    }, SETTLE_MS);
  };
  useEffect(() => {
    if (!load) return;
    look();
    if (every) setInterval(() => document.hidden || look(), every);
    watch(
      (topics) => (topics && topics.every((topic) => topic === "output")) || look(),
      (connected) => setState((old) => ({ ...old, connected })),
    );
  }, []);
  return { ...state, retry: look };
}

// True `ms` after `since` became something; false at once when it is null again.
function useLate(since, ms) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!since) return undefined;
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [since]);
  return late;
}

function useNow() {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(new Date()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

// The tab ------------------------------------------------------------------------------------------

const TONES = { ok: "#116329", run: "#0b5cad", wait: "#7a4b00", bad: "#b3261e", hold: "#5b3a9e", muted: "#59636e" };
const SLIP = "M5 22h22M8 22 21 9M21 9h-7M21 9v7";
const iconOf = (tone) => `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="${TONES[tone]}"/><path d="${SLIP}" stroke="#fff" stroke-width="3" fill="none"/></svg>`)}`;

// The sentence in the tab's title and colour; told to screen readers when it changes, at most every 5 s.
function Sentence({ sentence }) {
  const [told, setTold] = useState("");
  const first = useRef(null);
  const last = useRef(0);
  useEffect(() => {
    const { icon, tone } = sentence.look;
    document.title = `${icon} ${sentence.text} · Slipway`;
    document.querySelector("link[rel=icon]").href = iconOf(tone);
    if (first.current === null) first.current = sentence.text;
    if (first.current === sentence.text && !told) return undefined;
    const timer = setTimeout(() => {
      last.current = Date.now();
      setTold(sentence.text);
    }, Math.max(0, last.current + ANNOUNCE_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [sentence.look.tone, sentence.text]);
  return html`<p class="hidden" role="status">${told}</p>`;
}

const Connection = ({ connected, lost }) =>
  html`<span class=${`connection ${lost ? "bad" : connected ? "ok" : "wait"}`}>
    <span aria-hidden="true">●</span> ${t(lost ? "page.no-connection" : connected ? "page.follows" : "page.polls")}</span>`;

const Tab = ({ path, word }) =>
  html`<a href=${path} aria-current=${location.pathname === path ? "page" : undefined}>${t(word)}</a>`;

function App({ place }) {
  const { data, error, at, lost, connected, retry } = useFresh(place.load, place.every);
  const now = useNow();
  const slow = useLate(place, SKELETON_MS);
  const silent = useLate(lost, SILENT_MS);
  const other = document.documentElement.lang === "ja" ? "en" : "ja";
  return html`
    <a class="skip" href="#main">${t("page.skip")}</a>
    <header class="top"><nav aria-label=${t("page.pages")}><a class="brand" href="/">Slipway</a>
        <${Tab} path="/" word="page.board" /><${Tab} path="/system" word="page.system" /></nav>
      <div>${place.load && html`<${Connection} connected=${connected} lost=${lost} />`}
        <a class="lang" href=${`?lang=${other}`} lang=${other} hreflang=${other}>${other === "ja" ? "日本語" : "English"}</a></div></header>
    <main id="main" tabindex="-1">
      ${data && silent && html`<p class="bar wait" role="status">${t("page.offline", { when: clock(at) })}</p>`}
      ${error && !(data && lost) && html`<${Problem} error=${error} retry=${retry} />`}
      ${data && html`<${Sentence} sentence=${place.view.sentence(data, place)} />`}
      ${!place.load ? h(place.view) : data ? h(place.view, { ...place, data, now }) : slow && !error && html`<${Skeleton} />`}
    </main>
    <footer><span>${t("page.footer")}</span> <span><a href="/status.txt">status.txt</a> <${Keys} /></span></footer>`;
}

chooseLanguage();
render(html`<${App} place=${choosePlace()} />`, document.getElementById("app"));
