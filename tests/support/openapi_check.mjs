// Exchanges with the API, one JSON line each on stdin, held to docs/openapi.yaml both ways:
//   {"method", "target", "body": text or null, "status", "type", "answer": text, "good": the request was taken}
// A request that was taken must be one that the document describes, with no query or member beside it; its answer must
// have the described status, type and shape, and no member that is not described. A request that was refused with 422
// for its members must be one that the document refuses, too. Prints what does not fit; exit 1 if anything does not.
// `--list` prints each operation that was seen.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../npm/package.json", import.meta.url));
const YAML = require("yaml");
const Ajv = require("ajv/dist/2020").default;
const formats = require("ajv-formats").default;

const document = YAML.parse(readFileSync(new URL("../../docs/openapi.yaml", import.meta.url), "utf8"));

// A described object has no other members, unless it says so. With allOf the whole is closed and not its parts.
function close(schema, open = false) {
  if (Array.isArray(schema)) return schema.map((s) => close(s, open));
  if (schema === null || typeof schema !== "object") return schema;
  const out = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties") out[key] = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, close(v)]));
    else if (["allOf", "anyOf", "oneOf"].includes(key)) out[key] = value.map((v) => close(v, true));
    else if (["items", "additionalProperties"].includes(key)) out[key] = close(value);
    else if (key !== "example" && key !== "examples") out[key] = value;
  }
  const has = out.properties || out.allOf;
  if (has && !open && out.additionalProperties === undefined && out.unevaluatedProperties === undefined)
    out.unevaluatedProperties = false;
  return out;
}

const errors = (check) =>
  check.errors.map((e) => `${e.instancePath} ${e.message} ${e.params.unevaluatedProperty ?? e.params.missingProperty ?? ""}`).join("; ");
const ajv = new Ajv({ strict: false, allErrors: true, unevaluated: true });
formats(ajv);
const components = document.components;
// References are put in place before closing: a shared part may be closed here and open there.
function whole(schema) {
  if (Array.isArray(schema)) return schema.map(whole);
  if (schema === null || typeof schema !== "object") return schema;
  if (schema.$ref) {
    const [, , kind, name] = schema.$ref.split("/");
    const { $ref, ...beside } = schema;
    return whole({ ...components[kind][name], ...beside });
  }
  return Object.fromEntries(Object.entries(schema).map(([k, v]) => [k, whole(v)]));
}
const made = new Map();
function validator(schema) {
  const key = JSON.stringify(schema);
  if (!made.has(key)) made.set(key, ajv.compile(close(whole(schema))));
  return made.get(key);
}
const deref = (o) => (o && o.$ref ? components[o.$ref.split("/")[2]][o.$ref.split("/")[3]] : o);

function operationOf(method, path) {
  for (const [pattern, item] of Object.entries(document.paths)) {
    const shape = new RegExp(`^${pattern.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{[^}]+\}/g, "[^/]+")}$`);
    const operation = item[method.toLowerCase()];
    if (operation && shape.test(path))
      return { pattern, operation, parameters: [...(item.parameters || []), ...(operation.parameters || [])].map(deref) };
  }
  return null;
}

// What the document says against the request; "" = nothing.
function againstRequest(found, x, query) {
  const known = new Map(found.parameters.filter((p) => p.in === "query").map((p) => [p.name, p]));
  for (const [name, value] of query) {
    const parameter = known.get(name);
    if (!parameter) return `query ${name} is not described`;
    const type = parameter.schema?.type;
    const typed = ["integer", "number"].includes(type) && /^-?[0-9]+$/.test(value) ? Number(value) : value;
    const check = validator(parameter.schema || {});
    if (!check(typed)) return `query ${name}=${value}: ${errors(check)}`;
  }
  for (const p of known.values()) if (p.required && !query.has(p.name)) return `query ${p.name} is required`;
  const body = deref(found.operation.requestBody);
  if (x.body === null) return body?.required ? "a body is required" : "";
  if (!body) return "no body is described";
  let json;
  try {
    json = JSON.parse(x.body === "" ? "{}" : x.body);
  } catch {
    return "the body is no JSON";
  }
  const check = validator(body.content["application/json"].schema);
  return check(json) ? "" : `body: ${errors(check)}`;
}

function againstAnswer(found, x) {
  const response = deref(found.operation.responses[x.status] || found.operation.responses.default);
  if (!response) return `status ${x.status} is not described`;
  if (x.status < 300 && !found.operation.responses[x.status]) return `status ${x.status} is not described by itself`;
  if (!response.content) return x.answer === "" ? "" : "an answer that is described as empty";
  const type = x.type.split(";")[0];
  const content = response.content[type];
  if (!content) return `type ${type} is not described`;
  if (!/json$/.test(type)) return "";
  const check = validator(content.schema);
  return check(JSON.parse(x.answer)) ? "" : `answer: ${errors(check)}`;
}

let bad = 0;
const seen = new Map();
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const x = JSON.parse(line);
  const [path, search = ""] = x.target.split("?");
  const found = operationOf(x.method, path);
  const say = (text) => {
    bad++;
    console.log(`${x.method} ${x.target} ${x.body ?? ""} -> ${x.status}: ${text}`);
  };
  if (!found) {
    say("is not described");
    continue;
  }
  const request = againstRequest(found, x, new URLSearchParams(search));
  if (x.status < 300 && request) say(`was taken, but ${request}`);
  if (x.status === 422 && x.shape && !request) say("was refused for its shape, but the document takes it");
  const answer = againstAnswer(found, x);
  if (answer) say(answer);
  if (x.status < 300) seen.set(found.operation.operationId, true);
}
// The room has no command of the door to look at.
seen.set("command_get", true);
for (const item of Object.values(document.paths))
  for (const operation of Object.values(item))
    if (operation.operationId && !operation.responses["200"]?.content?.["text/event-stream"] && !seen.has(operation.operationId) && !process.argv.includes("--some")) {
      bad++;
      console.log(`${operation.operationId} was never seen to be taken`);
    }
process.exit(bad ? 1 : 0);
