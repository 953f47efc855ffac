// The page as people see it: the real server, a real repository, Debian's Chromium. Board, Release, System, in both
// languages, both colour schemes, three widths; hostile titles; live by SSE.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const top = process.env.SLIPWAY_SOURCE || join(here, "..", "..");
const bin = process.env.SLIPWAY_BIN || join(top, "build", "release");
const axe = readFileSync(join(here, "node_modules/axe-core/axe.min.js"), "utf8");
const HOSTILE = `<img src=x onerror="document.title='run'"><script>document.title='run'</script> "&'`;
const folder = mkdtempSync(join(tmpdir(), "page-"));
const SECRET = "0123456789abcdef0123456789abcdef";
let server, browser, url, hooks;

const github = (...args) => execFileSync("python3", [join(top, "tests/support/fake_github.py"), "--home", join(folder, "hub"), ...args]);
const slipway = (...args) => execFileSync(join(bin, "slipway"), ["--config", join(folder, "slipway.yml"), ...args], { encoding: "utf8" });
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const freePort = () => new Promise((done) => {
  const s = createServer().listen(0, "127.0.0.1", () => { const { port } = s.address(); s.close(() => done(port)); });
});
// A delivery that GitHub would not send: signed, and with a body that is no pull request.
const deliver = (body) => fetch(hooks, { method: "POST", body, headers: { "content-type": "application/json",
  "x-github-event": "pull_request", "x-github-delivery": randomUUID(),
  "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}` } });
async function until(what, seconds = 15) {
  for (let i = 0; i < seconds * 10; i++) {
    try { if (await what()) return; } catch { /* not yet */ }
    await pause(100);
  }
  assert.fail(`not within ${seconds} s: ${what}`);
}

before(async () => {
  const [webhooks, agents, web] = [await freePort(), await freePort(), await freePort()];
  url = `http://127.0.0.1:${web}`;
  hooks = `http://127.0.0.1:${webhooks}/webhooks/github`;
  writeFileSync(join(folder, "secret"), SECRET, { mode: 0o600 });
  mkdirSync(join(folder, "first"));
  writeFileSync(join(folder, "first/index.html"), "hello");
  github("setup", "--webhooks", `http://127.0.0.1:${webhooks}/webhooks/github`, "--secret-file", join(folder, "secret"));
  github("repo", "acme/site", "--from", join(folder, "first"));
  writeFileSync(join(folder, "slipway.yml"), `version: 1
listen: { webhooks: "127.0.0.1:${webhooks}", agents: "127.0.0.1:${agents}", web: "127.0.0.1:${web}", cli: cli.sock }
timezone: Asia/Tokyo
state: state
mirror-roots: ["${folder}/hub/git"]
github: { webhook-secret-files: [secret] }
rights: { view: [anyone] }
repos:
  acme/site:
    mirror: file://${folder}/hub/git/acme/site.git
    root: /site
    environments:
      stage: { on: merge, roles: { lp: { agent: { hosts: [a-host-nobody-registered] } } } }
      production: { on: schedule, at: "15:00", needs: [stage], ci: [test], merge: on-release, roles: { lp: { agent: { hosts: [b] } } } }
    jobs:
      publish: { runs-on: [lp], steps: [{ uses: fetch }, { uses: publish }] }
`);
  server = spawn(join(bin, "slipwayd"), ["--config", join(folder, "slipway.yml")], { stdio: "ignore" });
  await until(() => slipway("status").includes("acme/site"));
  github("open", "acme/site", "--title", HOSTILE, "--set", `index.html=${join(folder, "slipway.yml")}`);
  github("merge", "acme/site", "1");
  await until(() => slipway("releases", "acme/site").includes("r2"));
  assert.equal((await deliver(`{"action": ${JSON.stringify(HOSTILE)}}`)).status, 202);
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu",
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
});

after(async () => {
  if (browser) await browser.close();
  if (server) { server.kill("SIGTERM"); await new Promise((done) => server.on("exit", done)); }
});

async function open(path, { width = 1280, scheme = "light" } = {}) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  page.problems = [];
  page.on("console", (m) => { if (m.type() === "error") page.problems.push(m.text()); });
  page.on("pageerror", (e) => page.problems.push(e.message));
  await page.goto(url + path, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("h1");
  return page;
}

// A look is [scheme, width]: what differs between them is CSS alone, so one page is looked at in all of them.
const LOOKS = ["light", "dark"].flatMap((scheme) => [1280, 390, 320].map((width) => [scheme, width]));
for (const [name, path] of [["Board", "/"], ["Release", "/acme/site/releases/2"], ["System", "/system"], ["not found", "/no/such/page"]])
  for (const lang of ["en", "ja"])
    test(`${name} in ${lang}, light and dark, 1280, 390 and 320 px: no error, nothing overflows, axe is content`, async () => {
      const page = await open(`${path}?lang=${lang}`);
      assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
      await page.evaluate(axe);
      for (const [colorScheme, width] of LOOKS) {
        const look = `${colorScheme}, ${width} px`;
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${look}: ${over} px too wide`);
        const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
        assert.deepEqual(found.violations.map((v) => `${look}: ${v.id}: ${v.nodes[0].html}`), []);
      }
      assert.deepEqual(page.problems.filter((p) => name !== "not found" || !p.includes("404")), []);
      await page.close();
    });

test("T41 a hostile title is text on both pages and runs nothing", async () => {
  for (const path of ["/", "/acme/site/releases/2"]) {
    const page = await open(path);
    assert.ok((await page.textContent("main")).includes(`<img src=x onerror="document.title='run'">`));
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.notEqual(await page.title(), "run");
    await page.close();
  }
});

test("a setting without a rule, missing CI and a host nobody registered are said on the Board", async () => {
  const page = await open("/?lang=en");
  const text = await page.textContent("main");
  assert.match(text, /merge: on-release \(line \d+\) has no rule/);
  assert.match(text, /Waiting for CI: test has not reported/);
  assert.match(text, /a-host-nobody-registered/);
  await page.close();
});

test("the Board follows by itself what happens", async () => {
  const page = await open("/?lang=en");
  github("open", "acme/site", "--title", "Second change", "--set", `second.html=${join(folder, "slipway.yml")}`);
  github("merge", "acme/site", "2");
  await page.waitForFunction(() => document.querySelector("main").textContent.includes("Second change"), null, { timeout: 14000 });
  await page.close();
});

test("a hold stands on the Board at once with who, why and until, and goes from it at once", async () => {
  const page = await open("/?lang=en", { width: 320 });
  const says = (words, there) => page.waitForFunction(([w, is]) => document.querySelector("main").textContent.includes(w) === is,
    [words, there], { timeout: 14000 });
  slipway("hold", "acme/site", "production", "-m", HOSTILE, "--until", "tomorrow 09:00");
  await says("slipway unhold acme/site production", true);
  const text = await page.textContent("main");
  assert.match(text, /acme\/site production: on hold by uid:\d+ until \w+ \d+ \w+ 09:00 JST: /);
  assert.ok(text.includes(HOSTILE));
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth) <= 0);
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes[0].html}`), []);
  slipway("unhold", "acme/site", "production");
  await says("slipway unhold acme/site production", false);
  slipway("freeze", "add", "market day", "--from", "now", "--to", "+2h", "--env", "stage", "-m", "the market");
  await says("Frozen: market day", true);
  slipway("freeze", "rm", "market day");
  await says("Frozen: market day", false);
  await page.close();
});

test("System says what is not well with what to do, and what GitHub sent that could not be read", async () => {
  const page = await open("/system?lang=en", { width: 320 });
  const text = (await page.textContent("main")).replace(/\s+/g, " ");
  assert.match(text, /a-host-nobody-registered is named in acme\/site\/stage/);
  assert.match(text, /slipway activation create --name a-host-nobody-registered/);
  assert.match(text, /Set aside or not readable/);
  assert.match(text, /slipway events replay \d+ -m WHY/);
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.match(await page.title(), /checks/);
  await page.close();
});

test("W7 a delivery that is set aside stands on System with its reason", async () => {
  const page = await browser.newPage();
  await page.route(/deliveries\?failed=1/, async (route) => {
    const json = await (await route.fetch()).json();
    Object.assign(json.deliveries[0], { state: "quarantined", note: "work on it failed, or ended the server, three times" });
    await route.fulfill({ json });
  });
  await page.goto(`${url}/system?lang=ja`);
  const row = page.locator("tr", { hasText: "three times" });
  await row.waitFor();
  assert.match(await row.textContent(), /隔離.*slipway events show \d+/s);
  await page.unrouteAll({ behavior: "ignoreErrors" }); // it asks again by itself, perhaps just now
  await page.close();
});

test("older deliveries come when they are asked for, and System is reached by keys", async () => {
  for (let i = 0; i < 25; i++) assert.equal((await deliver(`{"n": ${i}}`)).status, 202);
  const page = await open("/?lang=en");
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.waitForURL(/system$/);
  const rows = page.locator("section[aria-labelledby=deliveries] tbody tr");
  await until(async () => (await rows.count()) === 20);
  await page.locator("section[aria-labelledby=deliveries] button").press("Enter");
  await until(async () => (await rows.count()) > 25);
  await page.close();
});

test("an address that is none: a browser gets the page in its language, a program a problem, the API always JSON", async () => {
  const html = { accept: "text/html,*/*" };
  const lost = await fetch(`${url}/nowhere`, { headers: html });
  assert.equal(lost.status, 404);
  assert.match(lost.headers.get("content-type"), /^text\/html/);
  for (const [path, headers] of [["/nowhere", {}], ["/api/v1/nowhere", html], ["/assets/nowhere.js", html]]) {
    const answer = await fetch(url + path, { headers });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  const page = await open("/nowhere?lang=ja");
  assert.match(await page.textContent("main"), /ページが見つかりません.*\/nowhere/s);
  await page.close();
});

test("without JavaScript the page leads to plain text", async () => {
  const page = await browser.newPage({ javaScriptEnabled: false });
  await page.goto(url);
  assert.equal(await page.getAttribute("noscript a", "href"), "/status.txt");
  const plain = await (await fetch(`${url}/status.txt`)).text();
  assert.match(plain, /acme\/site/);
  await page.close();
});

test("what the page loads weighs at most 60 kB, zipped", async () => {
  let total = 0;
  for (const file of ["", "assets/app.js", "assets/api.js", "assets/board.js", "assets/release.js", "assets/system.js", "assets/lost.js", "assets/parts.js", "assets/format.js",
    "assets/messages.js", "assets/style.css", "assets/vendor/preact.module.js", "assets/vendor/hooks.module.js", "assets/vendor/htm.module.js"]) {
    const answer = await fetch(`${url}/${file}`, { headers: { "accept-encoding": "gzip" } });
    assert.equal(answer.status, 200, file);
    total += Number(answer.headers.get("content-length")) || (await answer.arrayBuffer()).byteLength;
  }
  assert.ok(total < 60000, `${total} bytes`);
});
