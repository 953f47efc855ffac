// Texts, instants and states as people read them. Everything here is a function of its arguments and the language.
import { messages } from "./messages.js";

export const language = () => (document.documentElement.lang === "ja" ? "ja" : "en");

export function t(key, values = {}) {
  const row = messages[key];
  if (!row) return key;
  return row[language() === "ja" ? 1 : 0].replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
}

// Instants ---------------------------------------------------------------------------------------

const formats = new Map();
function parts(date, locale, zone, options) {
  const key = JSON.stringify([locale, zone, options]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, { ...options, timeZone: zone || undefined }));
  return Object.fromEntries(formats.get(key).formatToParts(date).map((p) => [p.type, p.value]));
}

const DAY = { weekday: "short", day: "numeric", month: "numeric", year: "numeric", hourCycle: "h23" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

// "JST", where some locale has a short name for the zone; "GMT+8" where none has.
function zoneName(date, zone) {
  const names = ["en-GB", "en-US", "ja-JP"].map((l) => parts(date, l, zone, { timeZoneName: "short" }).timeZoneName);
  return names.find((name) => !/^(GMT|UTC)[+-]/.test(name)) || names[0];
}

// "Tue 24 Nov 15:00", "11月24日(火) 15:00": in `zone` (the environment's), which is named where it is not the
// reader's own; with the year where that is another one.
export function when(iso, zone) {
  if (!iso) return "–";
  const date = new Date(iso);
  const options = { ...DAY, ...CLOCK, month: language() === "ja" ? "numeric" : "short" };
  const p = parts(date, language() === "ja" ? "ja-JP" : "en-GB", zone, options);
  const other = parts(new Date(), "en-GB", zone, { year: "numeric" }).year !== p.year;
  const name = zone && zone !== HERE ? ` ${zoneName(date, zone)}` : "";
  return language() === "ja"
    ? `${other ? `${p.year}年` : ""}${p.month}月${p.day}日(${p.weekday}) ${p.hour}:${p.minute}${name}`
    : `${p.weekday} ${p.day} ${p.month}${other ? ` ${p.year}` : ""} ${p.hour}:${p.minute}${name}`;
}

// "15:02", in the reader's own zone.
export function clock(date) {
  const p = parts(date, "en-GB", undefined, { ...CLOCK, hourCycle: "h23" });
  return `${p.hour}:${p.minute}`;
}

// How far away: "in 2 hours", "in 3 minutes", "now".
export function away(iso, now) {
  const seconds = (new Date(iso) - now) / 1000;
  const format = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  if (Math.abs(seconds) < 60) return t(seconds > 0 ? "page.within-a-minute" : "page.now");
  if (Math.abs(seconds) < 5400) return format.format(Math.round(seconds / 60), "minute");
  if (Math.abs(seconds) < 129600) return format.format(Math.round(seconds / 3600), "hour");
  return format.format(Math.round(seconds / 86400), "day");
}

// The same of what is over: clocks of two machines, and a page that looks at its own every 20 s, make no future of it.
export const ago = (iso, now) => away(iso, Math.max(now, new Date(iso)));

export function lasted(from, to) {
  if (!from || !to) return "";
  const s = Math.max(0, Math.round((new Date(to) - new Date(from)) / 1000));
  if (s < 120) return t("page.seconds", { n: s });
  return s < 7200 ? t("page.minutes", { n: Math.round(s / 60) }) : t("page.hours", { n: Math.round(s / 3600) });
}

export const short = (sha) => (sha || "").slice(0, 7);

// States: [icon, tone, message]. The words are those of ux.md, whatever table they come from ------

const STATES = {
  received: ["○", "muted"], staging: ["◐", "run"], "your-turn": ["◷", "wait"], checked: ["✓", "ok"],
  "needs-fix": ["✎", "wait"], scheduled: ["◷", "run"], deploying: ["◐", "run"], live: ["✓", "ok"],
  held: ["❚❚", "hold"], failed: ["✕", "bad"], unknown: ["?", "bad"], ended: ["–", "muted"],
};
const look = (table, key, prefix) => {
  const known = Object.hasOwn(table, key);
  const [icon, tone, word] = known ? table[key] : ["?", "muted"];
  return { icon, tone, word: known ? t(`${prefix}.${word || key}`) : String(key) };
};
export const stateLook = (state) => look(STATES, state, "state");

const DEPLOYMENTS = {
  waiting: ["◷", "run"], deploying: ["◐", "run"], succeeded: ["✓", "ok"], attention: ["✕", "bad"],
  failed: ["✕", "bad"], cancelled: ["–", "muted"], superseded: ["–", "muted"],
};
export const deploymentLook = (state) => look(DEPLOYMENTS, state, "deployment");

// Jobs, and SSM's words of invocations and steps.
const HOSTS = {
  waiting: ["○", "muted"], running: ["◐", "run"], succeeded: ["✓", "ok", "ok"], failed: ["✕", "bad"],
  cancelled: ["–", "muted", "skipped"],
  Pending: ["○", "muted", "waiting"], InProgress: ["◐", "run", "running"], Cancelling: ["◐", "run", "running"],
  Success: ["✓", "ok", "ok"], Failed: ["✕", "bad", "failed"], TimedOut: ["✕", "bad", "timed-out"],
  Cancelled: ["–", "muted", "skipped"], Unknown: ["?", "bad", "unknown"],
};
export const hostLook = (status) => look(HOSTS, status, "host");

const MACHINES = {
  online: ["✓", "ok"], silent: ["✕", "bad"], drained: ["–", "muted"], barred: ["✕", "bad"], gone: ["–", "muted"],
};
export const hostStateLook = (state) => look(MACHINES, state, "host");

const CHECKS = { ok: ["✓", "ok"], warn: ["!", "wait"], fail: ["✕", "bad"] };
export const checkLook = (state) => look(CHECKS, state, "check");

const DELIVERIES = {
  received: ["○", "run"], recorded: ["✓", "ok"], ignored: ["–", "muted"], unreadable: ["!", "wait"], quarantined: ["✕", "bad"],
};
export const deliveryLook = (state) => look(DELIVERIES, state, "delivery");
