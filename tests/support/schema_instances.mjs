// Payloads made from GitHub's own webhook schemas (npm @octokit/webhooks-schemas): for each event and action one
// with no more than what is required (null where null is allowed) and one with everything. One JSON line each:
// {"event": "push", "of": "push$event", "payload": {...}}.
import { readFileSync } from "node:fs";

const top = new URL("../npm/node_modules/@octokit/webhooks-schemas/schema.json", import.meta.url);
const { definitions } = JSON.parse(readFileSync(top, "utf8"));
const resolve = (schema) => (schema.$ref ? resolve(definitions[schema.$ref.split("/").pop()]) : schema);

// allOf: what is said later narrows what was said before.
function merged(schema) {
  const whole = resolve(schema);
  if (!whole.allOf) return whole;
  return whole.allOf.map(merged).reduce((a, b) => ({
    ...a,
    ...b,
    required: [...new Set([...(a.required || []), ...(b.required || [])])],
    properties: { ...a.properties, ...b.properties },
  }));
}

// The schemas say "string" for commits and names; GitHub sends those of this form.
function text(schema, key) {
  if (schema.format === "date-time") return "2026-11-24T06:00:00Z";
  if (/sha$|^(before|after|commit_id|tree_id)$/.test(key)) return "4f2c9e1".padEnd(40, "0");
  if (key === "full_name") return "acme/shop";
  if (key === "ref") return "refs/heads/main";
  if (/url$/.test(key)) return "https://github.com/acme/shop";
  return `a ${key}`;
}

let ids = 1;
function instance(schema, key, full) {
  const s = merged(schema);
  const types = [].concat(s.type || (s.properties ? "object" : []));
  if (s.const !== undefined) return s.const;
  if (!full && types.includes("null")) return null;
  if (s.enum) return s.enum.find((value) => (value === null) !== full) ?? s.enum[0];
  const choices = s.oneOf || s.anyOf;
  if (choices) {
    const empty = choices.find((c) => resolve(c).type === "null");
    if (!full && empty) return null;
    return instance(choices.find((c) => c !== empty), key, full);
  }
  const type = types.find((t) => t !== "null");
  if (type === "object") {
    const required = new Set(s.required);
    return Object.fromEntries(Object.entries(s.properties || {})
      .filter(([name]) => full || required.has(name))
      .map(([name, of]) => [name, instance(of, name, full)]));
  }
  if (type === "array") {
    const of = Array.isArray(s.items) ? s.items : s.items ? [s.items] : [];
    return full ? of.map((item) => instance(item, key, full)) : [];
  }
  if (key === "number") return 412; // of one pull request throughout
  if (type === "integer" || type === "number") return ids++;
  if (type === "boolean") return full;
  return text(s, key);
}

for (const [of, schema] of Object.entries(definitions)) {
  const event = of.split("$")[0];
  if (!of.includes("$") || !definitions[`${event}_event`] && !of.endsWith("$event")) continue;
  for (const full of [false, true]) console.log(JSON.stringify({ event, of, payload: instance(schema, "", full) }));
}
