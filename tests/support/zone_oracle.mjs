// What Intl says about the offset around every change of a zone from 2020 to 2037.
// Usage: zone_oracle.mjs ZONE...   Lines: "ZONE INSTANT OFFSET", milliseconds.
const HOUR = 3600000;

for (const zone of process.argv.slice(2)) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric",
  });
  const offset = (t) => {
    const p = Object.fromEntries(format.formatToParts(new Date(t)).map((x) => [x.type, Number(x.value)]));
    return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - t;
  };
  let before = offset(Date.UTC(2020, 0, 1));
  for (let t = Date.UTC(2020, 0, 1); t < Date.UTC(2038, 0, 1); t += 6 * HOUR) {
    const now = offset(t);
    if (now === before) continue;
    let low = t - 6 * HOUR, high = t;
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000;
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    for (const near of [-HOUR, -1000, 0, 1000, HOUR]) console.log(zone, high + near, offset(high + near));
    before = now;
  }
}
