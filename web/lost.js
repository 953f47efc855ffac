// There is no such page: what was asked for, and where to go on.
import { useEffect } from "./vendor/hooks.module.js";
import { html } from "./parts.js";
import { t } from "./format.js";

export function Lost() {
  useEffect(() => {
    document.title = `${t("page.lost")} · Slipway`;
  }, []);
  return html`
    <h1 class="title">${t("page.lost")}</h1>
    <p>${t("page.lost-what", { what: location.pathname })}</p>
    <p><a href="/">${t("page.lost-board")}</a></p>`;
}
