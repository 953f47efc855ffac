// The empty Board: what is still to be done, with the command for each step; what is done gets its tick by itself.
import { useEffect, useState } from "./vendor/hooks.module.js";
import { getHosts } from "./api.js";
import { Command, html, Pill } from "./parts.js";
import { t } from "./format.js";

const environments = (data) => data.repositories.flatMap((repo) => repo.environments);

// Nothing is live, under way or next anywhere.
export const isEmpty = (data) => !environments(data).some((env) => env.live || env.open || env.next);

const Step = ({ done, children }) => html`
  <li><${Pill} look=${done ? { icon: "✓", tone: "ok", word: t("page.done") } : { icon: "○", tone: "muted", word: t("page.to-do") }} />
    <div>${children}</div></li>`;

export function SetUp({ data }) {
  const [hosts, setHosts] = useState([]);
  useEffect(() => {
    getHosts().then((answer) => setHosts(answer.hosts), () => {}); // without the list the step just has no tick
  }, [data.at]);
  const repos = data.repositories;
  return html`
    <section class="panel" aria-labelledby="set-up"><header><h2 id="set-up">${t("page.set-up")}</h2></header>
      <ol class="set-up">
        <${Step} done=${repos.length > 0}>${t("page.set-up-config")} <${Command}>slipway config check<//><//>
        <${Step} done=${repos.length > 0 && repos.every((r) => r.source.fetched_at && !r.source.failure)}>
          ${t("page.set-up-mirror")} <${Command}>slipway doctor<//><//>
        <${Step} done=${hosts.length > 0}>${t("page.set-up-host")} <${Command}>slipway activation create --name HOST<//><//>
        <${Step} done=${false}>${t("page.set-up-webhook")} <${Command}>POST /webhooks/github<//><//>
        <${Step} done=${false}>${t("page.set-up-merge")}<//>
      </ol>
    </section>`;
}
