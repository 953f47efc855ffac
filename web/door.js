// What AWS clients sent at the door, newest first. Nothing where nobody did.
import { useEffect, useState } from "./vendor/hooks.module.js";
import { getCommands } from "./api.js";
import { html, Pill } from "./parts.js";
import { clock, t } from "./format.js";

const GOOD = { icon: "✓", tone: "ok" }, BAD = { icon: "✕", tone: "bad" }, OVER = { icon: "–", tone: "muted" };
const LOOKS = { Success: GOOD, Failed: BAD, TimedOut: BAD, Cancelled: OVER };
const RUNS = { icon: "◐", tone: "run" };

export function Door({ data }) {
  const [commands, setCommands] = useState([]);
  useEffect(() => {
    getCommands(5).then((answer) => setCommands(answer.commands), () => {}); // the Board says what is wrong
  }, [data]);
  return commands.length > 0 && html`
    <section class="panel" aria-labelledby="door"><header><h2 id="door">${t("page.door")}</h2></header>
      <ul class="waiting">${commands.map((c) => html`<li key=${c.id}><${Pill} look=${{ ...(LOOKS[c.status] || RUNS), word: c.details }} />
        <span>${t("page.door-command", { when: clock(new Date(c.requested_at)), document: c.document, key: c.key,
          done: c.completed, total: c.targets })}</span></li>`)}</ul>
    </section>`;
}
