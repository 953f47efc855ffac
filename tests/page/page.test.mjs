// The page as people see it: the real server, a real repository, Debian's Chromium. Board and Release, in both
// languages, both colour schemes, three widths; hostile titles; live by SSE.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
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
let server, browser, url;

const github = (...args) => execFileSync("python3", [join(top, "tests/support/fake_github.py"), "--home", join(folder, "hub"), ...args]);
const slipway = (...args) => execFileSync(join(bin, "slipway"), ["--config", join(folder, "slipway.yml"), ...args], { encoding: "utf8" });
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const freePort = () => new Promise((done) => {
  const s = createServer().listen(0, "127.0.0.1", () => { const { port } = s.address(); s.close(() => done(port)); });
});
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
  writeFileSync(join(folder, "secret"), "0123456789abcdef0123456789abcdef", { mode: 0o600 });
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

for (const [name, path] of [["Board", "/"], ["Release", "/acme/site/releases/2"]])
  for (const lang of ["en", "ja"])
    for (const scheme of ["light", "dark"])
      for (const width of [1280, 390, 320])
        test(`${name} in ${lang}, ${scheme}, ${width} px: no error, nothing overflows, axe is content`, async () => {
          const page = await open(`${path}?lang=${lang}`, { width, scheme });
          assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(over <= 0, `${over} px too wide`);
          await page.evaluate(axe);
          const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
          assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes[0].html}`), []);
          assert.deepEqual(page.problems, []);
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
  for (const file of ["", "assets/app.js", "assets/api.js", "assets/board.js", "assets/release.js", "assets/parts.js", "assets/format.js",
    "assets/messages.js", "assets/style.css", "assets/vendor/preact.module.js", "assets/vendor/hooks.module.js", "assets/vendor/htm.module.js"]) {
    const answer = await fetch(`${url}/${file}`, { headers: { "accept-encoding": "gzip" } });
    assert.equal(answer.status, 200, file);
    total += Number(answer.headers.get("content-length")) || (await answer.arrayBuffer()).byteLength;
  }
  assert.ok(total < 60000, `${total} bytes`);
});
