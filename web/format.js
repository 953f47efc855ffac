// Texts, instants and states as people read them.
import { messages } from "./messages.js";

export const language = () => (document.documentElement.lang === "ja" ? "ja" : "en");

export function t(key, values = {}) {
  const row = messages[key];
  if (!row) return key;
  return row[language() === "ja" ? 1 : 0].replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
}

// With the weekday: "Tue 24 Nov 15:00", "11月24日(火) 15:00"; in the environment's zone where there is one.
export function when(iso, zone) {
  if (!iso) return "–";
  const parts = {};
  const format = new Intl.DateTimeFormat(language() === "ja" ? "ja-JP" : "en-GB", {
    weekday: "short", day: "numeric", month: language() === "ja" ? "numeric" : "short",
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone || undefined,
  });
  for (const p of format.formatToParts(new Date(iso))) parts[p.type] = p.value;
  return language() === "ja"
    ? `${parts.month}月${parts.day}日(${parts.weekday}) ${parts.hour}:${parts.minute}`
    : `${parts.weekday} ${parts.day} ${parts.month} ${parts.hour}:${parts.minute}`;
}

export function seconds(from, to) {
  if (!from || !to) return "";
  const s = Math.max(0, Math.round((new Date(to) - new Date(from)) / 1000));
  return s < 60 ? t("page.seconds", { n: s }) : t("page.minutes", { n: Math.round(s / 60) });
}

const STATES = {
  received: ["○", "muted"], staging: ["◐", "run"], "your-turn": ["◷", "wait"], checked: ["✓", "ok"],
  "needs-fix": ["✎", "wait"], scheduled: ["◷", "run"], deploying: ["◐", "run"], live: ["✓", "ok"],
  held: ["❚❚", "hold"], failed: ["✕", "bad"], unknown: ["?", "bad"], ended: ["–", "muted"],
};
export const icon = (state) => (STATES[state] || STATES.received)[0];
export const tone = (state) => (STATES[state] || STATES.received)[1];

// SSM's words of an invocation -> the words of ux.md.
const HOSTS = {
  Pending: ["waiting", "muted"], InProgress: ["running", "run"], Cancelling: ["running", "run"],
  Success: ["ok", "ok"], Failed: ["failed", "bad"], TimedOut: ["timed-out", "bad"],
  Cancelled: ["skipped", "muted"], Unknown: ["unknown", "bad"],
};
export const hostWord = (status) => t(`host.${(HOSTS[status] || HOSTS.Pending)[0]}`);
export const hostTone = (status) => (HOSTS[status] || HOSTS.Pending)[1];
export const short = (sha) => (sha || "").slice(0, 7);
