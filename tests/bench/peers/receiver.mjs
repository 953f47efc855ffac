// The peer in Node: @octokit/webhooks verifies, better-sqlite3 stores one row (WAL, synchronous=FULL), then 202.
//   node receiver.mjs ADDRESS PORT SECRET-FILE DATABASE
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhooks } from "@octokit/webhooks";
import Database from "better-sqlite3";

const [address, port, secretFile, path] = process.argv.slice(2);
const webhooks = new Webhooks({ secret: readFileSync(secretFile, "utf8").trim() });
const db = new Database(path);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec("CREATE TABLE deliveries (id INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT");
const put = db.prepare("INSERT OR IGNORE INTO deliveries (guid, body) VALUES (?, ?)");

const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", async () => {
    const body = Buffer.concat(pieces);
    const right = await webhooks.verify(body.toString("utf8"), request.headers["x-hub-signature-256"] ?? "");
    if (right) put.run(request.headers["x-github-delivery"], body);
    response.writeHead(right ? 202 : 401).end("ok\n");
  });
});
server.listen(Number(port), address, () => console.log("ready"));
process.on("SIGTERM", () => process.exit(0));
