// The only module that fetches. Answers are the API's JSON; errors carry what to show and the request's id.

const lang = () => document.documentElement.lang;

export class ApiError extends Error {
  constructor(text, id, status) {
    super(text);
    this.id = id;
    this.status = status;
  }
}

async function get(path) {
  const join = path.includes("?") ? "&" : "?";
  const answer = await fetch(`${path}${join}lang=${lang()}`, { headers: { Accept: "application/json" } });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(json.detail || json.title || answer.statusText, json.id, answer.status);
  return json;
}

const repoPath = (repo) => `/api/v1/repos/${repo.split("/").map(encodeURIComponent).join("/")}`;

export const getStatus = () => get("/api/v1/status");
export const getRelease = (repo, number) => get(`${repoPath(repo)}/releases/${number}`);
export const getLogs = (repo, number, after) =>
  get(`${repoPath(repo)}/releases/${number}/logs?after=${encodeURIComponent(after || "")}`);

// One stream per visible tab: `changed` is called soon after something changed; every 15 s without a stream.
// `state` hears "live" or "offline".
export function watch(changed, state) {
  let source = null, timer = null, hidden = null;
  const poll = () => { if (!document.hidden) changed(); };
  const open = () => {
    if (source) return;
    source = new EventSource("/api/v1/events");
    source.addEventListener("change", () => changed());
    source.onopen = () => { clearInterval(timer); timer = null; state("live"); changed(); };
    source.onerror = () => { state("offline"); timer = timer || setInterval(poll, 15000); };
  };
  const close = () => { if (source) { source.close(); source = null; } };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = setTimeout(close, 30000);
    else { open(); changed(); }
  });
  open();
}
