// An iCalendar file on standard input as npm ical.js reads it: a line for each event, then "lines LONGEST".
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const ICAL = createRequire(new URL("../npm/", import.meta.url))("ical.js");
const text = readFileSync(0, "utf8");
const calendar = new ICAL.Component(ICAL.parse(text));
for (const part of calendar.getAllSubcomponents("vevent")) {
  const event = new ICAL.Event(part);
  console.log([event.uid, event.sequence, part.getFirstPropertyValue("status"), event.startDate.toJSDate().toISOString(),
    event.endDate.toJSDate().toISOString(), JSON.stringify(event.summary), JSON.stringify(event.description)].join(" "));
}
console.log("longest", Math.max(...text.split("\r\n").map((line) => Buffer.byteLength(line))));
