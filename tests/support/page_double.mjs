// A server for the page alone: web/ under the addresses and headers of slipwayd, a messages.js made of messages.tsv,
// and whatever a test lets the API say. `answers` maps a path to a function (query, request) -> JSON, or to
// { status, body }; `change()` sends an event to all streams; `cut()` ends them and refuses new ones until `mend()`.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };

export function messagesModule(source) {
  const rows = readFileSync(join(source, "web/messages.tsv"), "utf8").trimEnd().split("\n").slice(1).map((row) => row.split("\t"));
  return `export const messages = ${JSON.stringify(Object.fromEntries(rows.map(([key, en, ja]) => [key, [en, ja]])))};\n`;
}

export async function pageDouble(source) {
  const answers = {};
  const streams = new Set();
  let isCut = false;
  let events = 0;

  const file = (name) => (name === "messages.js" ? messagesModule(source) : readFileSync(join(source, "web", name)));
  const sendFile = (response, name) => {
    let bytes;
    try {
      bytes = file(name);
    } catch {
      return response.writeHead(404).end();
    }
    return response.writeHead(200, { "Content-Type": TYPES[name.split(".").pop()], "Content-Security-Policy": POLICY,
      "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache" }).end(bytes);
  };
  const stream = (request, response) => {
    if (isCut) return response.writeHead(503).end();
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write("retry: 200\n\n");
    streams.add(response);
    return request.on("close", () => streams.delete(response));
  };
  const sendJson = (response, status, body) =>
    response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" }).end(JSON.stringify(body));

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://double");
    const asset = /^\/assets\/([\w./-]+)$/.exec(url.pathname);
    if (asset) return sendFile(response, asset[1]);
    if (url.pathname === "/api/v1/events") return stream(request, response);
    const answer = answers[url.pathname];
    if (answer) {
      const said = typeof answer === "function" ? answer(url.searchParams, request) : answer;
      if (said === null) return request.socket.destroy(); // as if the server were gone
      if (said instanceof Promise) return said.then((body) => sendJson(response, 200, body));
      return said.status && said.body ? sendJson(response, said.status, said.body) : sendJson(response, 200, said);
    }
    if (url.pathname.startsWith("/api/")) return sendJson(response, 404, { title: "Not Found", detail: "no such thing", id: "double" });
    return sendFile(response, "index.html");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    answers,
    change: (topics) => streams.forEach((s) => s.write(`id: ${++events}\nevent: change\ndata: ${JSON.stringify({ topics })}\n\n`)),
    cut: () => {
      isCut = true;
      streams.forEach((s) => s.destroy());
    },
    mend: () => (isCut = false),
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
