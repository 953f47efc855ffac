// What the API answers to the page in its tests: the shapes of docs/openapi.yaml, in both languages, about two
// repositories on a Tuesday afternoon. `now` is when the test runs, so that "since" and "in" read well.
const minutes = (now, n) => new Date(now.getTime() + n * 60000).toISOString();
const sha = (c) => c.repeat(40).slice(0, 40);
const SHA = {
  banner: "89d7012c6a1f0b7e5d34c2a19f8e7766554433aa", coupons: "df5f88b1c2d3e4f5061728394a5b6c7d8e9f0a1b",
  search: "4f2c9e17a8b9c0d1e2f30415263748596a7b8c9d", tax: "7c1e90a2b3c4d5e6f708192a3b4c5d6e7f809102",
};
const pull = (now, repo, number, title, author, ago) => ({
  number, title, author, url: `https://github.com/${repo}/pull/${number}`, merged_at: minutes(now, -ago),
});

// The text of an instant as the server writes it, in Tokyo.
function text(iso, ja) {
  const p = Object.fromEntries(new Intl.DateTimeFormat(ja ? "ja-JP" : "en-GB", { timeZone: "Asia/Tokyo", weekday: "short",
    day: "numeric", month: ja ? "numeric" : "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    .formatToParts(new Date(iso)).map((x) => [x.type, x.value]));
  return ja ? `${p.month}月${p.day}日(${p.weekday}) ${p.hour}:${p.minute}` : `${p.weekday} ${p.day} ${p.month} ${p.hour}:${p.minute} JST`;
}

const cause = (name, words, more = {}) => ({ cause: name, text: words, who: null, until: null, until_text: null, setting: null, line: null, ...more });
const environment = (name, more) => ({ name, url: null, on: "merge", timezone: "Asia/Tokyo", state: "live", holds: [], freezes: [], live: null, open: null, attention: null, next: null, ...more });
const repository = (now, name, environments) => ({
  name, url: `https://github.com/${name}`, branch: "main", source: { fetched_at: minutes(now, -1), failure: null }, environments,
});
const live = (release, hash, subject, since, pulls) => ({ release, sha: hash, subject, since, pulls });

export function status(now, ja) {
  const say = (en, inJa) => (ja ? inJa : en);
  const site = "acme/lp-site";
  const shop = "acme/rails-app";
  const banner = [pull(now, site, 412, say("Winter sale banner", "冬セールのバナー"), "sato-mika", 95)];
  const coupons = [pull(now, shop, 448, say("Show coupons in the shop", "ショップでクーポンを表示"), "li", 300)];
  const search = [pull(now, shop, 450, say("Search by colour and size", "色とサイズで検索"), "ana", 44),
    pull(now, shop, 451, say("Round the tax once per order", "消費税は注文ごとに一度だけ丸める"), "ken", 21)];
  const start = minutes(now, 26);
  return {
    at: now.toISOString(), language: ja ? "ja" : "en",
    headline: { state: "your-turn", text: say(`${site} production: waits for a person`, `${site} production: 人の操作を待っています`) },
    banner: null, clock: null,
    waiting_for: [{ repository: site, environment: "production", release: 57, state: "your-turn",
      text: say(`${site} production: waits for a person`, `${site} production: 人の操作を待っています`) }],
    repositories: [
      repository(now, site, [
        environment("stage", { url: "https://stage.acme.example", live: live(57, SHA.banner, "Winter sale banner", minutes(now, -93), banner) }),
        environment("production", { url: "https://www.acme.example", on: "release", state: "your-turn",
          live: live(56, sha("3ab9"), "Opening hours in December", minutes(now, -2890), [pull(now, site, 409, say("Opening hours in December", "12月の営業時間"), "sato-mika", 2900)]),
          next: { environment: "production", release: 57, sha: SHA.banner, subject: "Winter sale banner", start_at: null, start_text: null, go: false,
            causes: [cause("not-asked", say("Nobody has asked for it yet", "まだ公開の指示がありません"))], next_change: null, pulls: banner } }),
      ]),
      repository(now, shop, [
        environment("stage", { url: "https://app-stage.acme.example", state: "staging",
          live: live(127, SHA.search, "Search by colour and size", minutes(now, -41), [search[0]]),
          open: { id: 311, release: 128, sha: SHA.tax, state: "deploying", cause: null, start_at: minutes(now, -1), started_at: minutes(now, -1), hosts_done: 1, hosts_total: 3 } }),
        environment("production", { url: "https://shop.acme.example", on: "schedule", state: "scheduled",
          live: live(126, SHA.coupons, "Show coupons in the shop", minutes(now, -215), coupons),
          next: { environment: "production", release: 128, sha: SHA.tax, subject: "Round the tax once per order", start_at: start, start_text: text(start, ja), go: false,
            causes: [cause("schedule", say("It is not time yet", "予定の時刻前です"), { until: start }),
              cause("needs", say("Not yet proven in stage", "stage での成功待ち"))], next_change: start, pulls: search } }),
      ]),
    ],
  };
}

export const emptyStatus = (now, ja) => ({
  at: now.toISOString(), language: ja ? "ja" : "en", banner: null, clock: null, waiting_for: [], repositories: [],
  headline: { state: "ended", text: ja ? "まだリポジトリが設定されていません" : "No repository is configured yet" },
});

const step = (now, name, state, from, to, code = null) => ({
  name, status: state, exit_code: code, started_at: from === null ? null : minutes(now, from), ended_at: to === null ? null : minutes(now, to),
});
const host = (name, id, roles, state, more) => ({
  host: name, host_id: `mi-${id.repeat(17).slice(0, 17)}`, roles, status: state, details: state, cause: null, exit_code: null, commit: null,
  started_at: null, ended_at: null, steps: [], results: [], ...more,
});
const job = (name, state, hosts, more = {}) => ({ name, state, cause: null, needs: [], database: null, started_at: null, ended_at: null, hosts, ...more });

// r128 on its way into production: fetched everywhere, the database changed on one host, one web host of three done.
export function release(now, ja) {
  const shop = "acme/rails-app";
  const at = (n) => minutes(now, n);
  const fetched = { commit: SHA.tax, exit_code: 0, steps: [step(now, "fetch", "Success", -4, -3.8, 0)], results: [["commit", SHA.tax]] };
  const stage = {
    id: 311, environment: "stage", kind: "release", state: "succeeded", cause: null, trigger: "merge", cut_at: at(-21), start_at: at(-21),
    started_at: at(-21), ended_at: at(-20.3), from_release: 127,
    jobs: [job("fetch", "succeeded", [host("app-stage-1", "0a", "all", "Success", fetched)], { started_at: at(-21), ended_at: at(-20.8) }),
      job("web", "succeeded", [host("app-stage-1", "0a", "all", "Success", { exit_code: 0, steps: [step(now, "activate", "Success", -20.7, -20.7, 0),
        step(now, "restart", "Success", -20.7, -20.5, 0), step(now, "health", "Success", -20.5, -20.3, 0)] })], { needs: ["fetch"], started_at: at(-20.7), ended_at: at(-20.3) })],
  };
  const production = {
    id: 312, environment: "production", kind: "release", state: "deploying", cause: null, trigger: "schedule", cut_at: at(-14), start_at: at(-4),
    started_at: at(-4), ended_at: null, from_release: 126,
    jobs: [
      job("fetch", "succeeded", ["web-1", "web-2", "web-3", "batch-1"].map((name, i) => host(name, `0${i}`, name.split("-")[0], "Success", fetched)), { started_at: at(-4), ended_at: at(-3.8) }),
      job("migrate", "succeeded", [host("batch-1", "03", "batch", "Success", { exit_code: 0, steps: [step(now, "check", "Success", -3.7, -3.6, 0), step(now, "migrate", "Success", -3.6, -2.9, 0)],
        results: [["migrate", "changed"], ["versions", "20261124051200"]] })], { needs: ["fetch"], database: `${shop}/production/primary-db`, started_at: at(-3.7), ended_at: at(-2.9) }),
      job("web", "running", [
        host("web-1", "00", "web", "Success", { exit_code: 0, steps: [step(now, "activate", "Success", -2.8, -2.8, 0), step(now, "restart", "Success", -2.8, -2.5, 0), step(now, "health", "Success", -2.5, -2.3, 0)] }),
        host("web-2", "01", "web", "InProgress", { steps: [step(now, "activate", "Success", -0.6, -0.6, 0), step(now, "restart", "InProgress", -0.6, null), step(now, "health", "Pending", null, null)] }),
        host("web-3", "02", "web", "Pending"),
      ], { needs: ["migrate"], started_at: at(-2.8) }),
      job("batch", "waiting", [], { needs: ["web"] }),
    ],
  };
  return {
    number: 128, sha: SHA.tax, subject: "Round the tax once per order", author: "ken", committed_at: at(-22), lane: "code",
    pulls: [pull(now, shop, 451, ja ? "消費税は注文ごとに一度だけ丸める" : "Round the tax once per order", "ken", 21)],
    environments: [{ name: "stage", timezone: "Asia/Tokyo", state: "live", rolled_back: false, deployment: 311, at: at(-20.3) },
      { name: "production", timezone: "Asia/Tokyo", state: "deploying", rolled_back: false, deployment: 312, at: at(-4) }],
    deployments: [stage, production], attention: [], verdicts: [],
    not_included: [pull(now, shop, 453, ja ? "お気に入りを並べ替える" : "Sort the favourites", "mori", 3)],
  };
}

const choice = (name, words, command, why = null, until = null, ja = false) => ({
  choice: name, text: words, possible: why === null, why, until, until_text: until && text(until, ja), command,
});

// What stopped in production, and what may be done about it: one choice that is open from some time on, one that is not.
export function stopped(now, ja) {
  const say = (en, inJa) => (ja ? inJa : en);
  const since = minutes(now, -4.5);
  const until = minutes(now, 20);
  const act = (verb, rest = "") => `slipway ${verb} acme/lp-site production${rest}`;
  return {
    environment: "production", deployment: 402, since, since_text: text(since, ja), reason: say("publish: lp-1 failed", "publish: lp-1 が失敗しました"),
    who: "team:sre", who_text: say("May decide: team:sre (right operate)", "決められる人: team:sre (権限 operate)"), may: false,
    choices: [
      choice("retry", say("Try again on the hosts that failed and those not touched", "失敗したサーバーと、まだ反映していないサーバーで、もう一度実行する"), act("retry"),
        say("lp-1 may still run what it was told", "lp-1 でまだ実行中かもしれません"), until, ja),
      choice("leave-out", say("Go on without lp-1", "lp-1 を除いて続ける"), act("retry", " --leave-out lp-1")),
      choice("roll-back", say("Go back", "前の版に戻す"), act("rollback", " -m WHY"), say("nothing older is known to have succeeded there", "戻せる版がありません")),
      choice("cancel", say("End it as failed; hosts stay as they are", "失敗として終える (サーバーはいまのままです)"), act("cancel")),
    ],
  };
}

// r58 of the content site: in production its first try failed, and it waits for a person.
export function failedRelease(now, ja) {
  const at = (n) => minutes(now, n);
  const tried = (id, ago, state, invocation) => ({
    id, environment: "production", kind: "release", state, cause: ja ? "publish: lp-1 が失敗しました" : "publish: lp-1 failed", trigger: "release",
    cut_at: at(-ago), start_at: at(-ago), started_at: at(-ago), ended_at: at(-ago + 0.5), from_release: 56,
    jobs: [job("publish", "failed", [invocation, host("lp-2", "0c", "lp", "Cancelled", { details: "Cancelled" })],
      { cause: ja ? "1 台が失敗" : "1 host failed", started_at: at(-ago), ended_at: at(-ago + 0.5) })],
  });
  return {
    number: 58, sha: SHA.banner, subject: "Winter sale banner", author: "sato-mika", committed_at: at(-30), lane: "content", pulls: [], not_included: [],
    environments: [{ name: "production", timezone: "Asia/Tokyo", state: "failed", rolled_back: true, deployment: 402, at: at(-4.5) }],
    deployments: [
      tried(401, 20, "failed", host("lp-1", "0b", "lp", "Unknown", { cause: "no word from the host for 2 minutes" })),
      tried(402, 5, "attention", host("lp-1", "0b", "lp", "Failed", { exit_code: 7, commit: sha("3ab9"), cause: "health: expected 200, got 502",
        steps: [step(now, "fetch", "Success", -5, -4.9, 0), step(now, "publish", "Failed", -4.9, -4.8, 7)] })),
    ],
    attention: [stopped(now, ja)],
    verdicts: [{ environment: "production", release: 59, sha: sha("5"), subject: "x", start_at: at(60), start_text: text(at(60), ja), go: false, next_change: null, pulls: [],
      causes: [cause("failed-before", ja ? "前回ここで失敗しました" : "It failed here before", { until: at(60) }), cause("not-asked", ja ? "まだ公開の指示がありません" : "Nobody has asked for it yet")] }],
  };
}

const LINES = [["fetch", "out", "commit 7c1e90a2b3c4\n"], ["fetch", "out", "checked out into releases/7c1e90a\n"], ["restart", "out", "stopping puma"],
  ["restart", "out", " ... done\nstarting puma\n"], ["restart", "err", "warning: 2 workers were slow to stop\n"]];
export const logs = (now, after) => ({
  chunks: after === 0 ? LINES.map(([name, stream, words], i) => ({ command: "c1", host: "web-2", number: i, step: name, stream, at: minutes(now, -1), text: words })) : [],
  next: String(LINES.length), running: true,
});

// Every text of `json` that people or hosts wrote, replaced by `words`; what the page switches on stays.
const SHAPE = new Set(["state", "status", "on", "timezone", "trigger", "kind", "cause", "lane", "name", "environment", "language", "repository", "host_id", "stream", "step"]);
export function hostile(json, words, key = "") {
  if (typeof json === "string") return SHAPE.has(key) || /^\d{4}-\d\d-\d\dT/.test(json) ? json : words;
  if (Array.isArray(json)) return json.map((item) => hostile(item, words, key));
  if (json && typeof json === "object") return Object.fromEntries(Object.entries(json).map(([k, v]) => [k, hostile(v, words, k)]));
  return json;
}
