// The public holidays of Japan from 2016 to 2050 as npm @holiday-jp/holiday_jp has them: "YYYY-MM-DD NAME".
import { createRequire } from "node:module";

const { between } = createRequire(new URL("../npm/", import.meta.url))("@holiday-jp/holiday_jp");
for (const { date, name } of between(new Date("2016-01-01"), new Date("2050-12-31")))
  console.log(date.toISOString().slice(0, 10), name);
