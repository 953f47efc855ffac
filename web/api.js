// The only module that talks to the server: the API's JSON, and the stream that says when it changed.
import { language, t } from "./format.js";

const ANSWER_MS = 15000; // how long an answer may take
const POLL_MS = 15000; // how often to look while there is no stream
const HIDDEN_MS = 30000; // how long a hidden tab keeps its stream
const REOPEN_MS = [2000, 5000, 15000, 60000]; // waits before a refused stream is asked for again

// `id` is the request's, for the log. `status` is 0 when no answer came: then the text is of no use to anybody else.
export class ApiError extends Error {
  constructor(text, id, status) {
    super(text);
    this.id = id;
    this.status = status;
  }
}

async function get(path, query = {}) {
  const asked = new URLSearchParams({ ...query, lang: language() });
  let answer;
  try {
    answer = await fetch(`${path}?${asked}`, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch {
    throw new ApiError(t("page.unreachable"), null, 0);
  }
  const json = await answer.json().catch(() => null);
  if (answer.ok && json) return json;
  const text = (json && (json.detail || json.title)) || answer.statusText;
  throw new ApiError(text || t("page.unreachable"), (json && json.id) || answer.headers.get("X-Request-Id"), answer.status);
}

const repoPath = (repo) => `/api/v1/repos/${repo.split("/").map(encodeURIComponent).join("/")}`;

export const getStatus = () => get("/api/v1/status");
export const getCommands = (limit) => get("/api/v1/commands", { limit });
export const getHosts = () => get("/api/v1/hosts");
export const getRelease = (repo, number) => get(`${repoPath(repo)}/releases/${number}`);
export const getDeliveries = (query) => get("/api/v1/deliveries", query);
export const getLogs = (repo, number, environment, host, after) =>
  get(`${repoPath(repo)}/releases/${number}/logs`, { environment, host, after });

// What the server says of itself. The doctor reads much, so what changes every moment does not wake him: his last
// word is kept for `EXAMINED_MS`.
const EXAMINED_MS = 25000;
let examined = null;

async function getDoctor() {
  if (!examined || Date.now() - examined.at > EXAMINED_MS) {
    const { checks, timezone } = await get("/api/v1/doctor");
    examined = { at: Date.now(), checks, zone: timezone };
  }
  return examined;
}

export async function getSystem() {
  const [doctor, failed, deliveries, hosts] = await Promise.all([
    getDoctor(), getDeliveries({ failed: 1, limit: 20 }), getDeliveries({ limit: 20 }), getHosts()]);
  return { ...doctor, failed, deliveries, hosts: hosts.hosts };
}

// One stream while the tab is looked at. `changed(topics)` hears what changed (null: anything may have);
// `connected(yes)` hears whether the stream is there. Without one, `changed` is called every 15 s.
export function watch(changed, connected) {
  let source = null;
  let polling = null;
  let hiding = null;
  let reopening = null;
  let refused = 0;

  const poll = (on) => {
    if (!on) polling = clearInterval(polling);
    else if (!polling) polling = setInterval(() => document.hidden || changed(null), POLL_MS);
  };
  const close = () => {
    clearTimeout(reopening);
    poll(false);
    if (source) source.close();
    source = null;
  };
  const open = () => {
    if (source) return;
    source = new EventSource("/api/v1/events");
    source.onopen = () => {
      refused = 0;
      poll(false);
      connected(true);
      changed(null);
    };
    source.addEventListener("change", (event) => {
      let topics = null;
      try {
        topics = JSON.parse(event.data).topics;
      } catch { /* then anything may have changed */ }
      changed(topics);
    });
    source.onerror = () => {
      connected(false);
      if (!polling) changed(null);
      poll(true);
      if (source.readyState !== EventSource.CLOSED) return; // the browser comes back by itself
      source = null;
      reopening = setTimeout(open, REOPEN_MS[Math.min(refused++, REOPEN_MS.length - 1)]);
    };
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = setTimeout(close, HIDDEN_MS);
    } else if (!source) {
      close();
      open();
    }
  });
  addEventListener("online", () => changed(null));
  open();
}
