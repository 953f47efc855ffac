// Keys for those who like them: g b (Board), g s (System), j and k (rows; Enter follows the link), ? (this list). None changes
// anything on the server. They can be switched off in the list; the browser remembers that.
import { useEffect, useRef, useState } from "./vendor/hooks.module.js";
import { html } from "./parts.js";
import { t } from "./format.js";

const OFF = "slipway-keys-off";

const isOff = () => {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false; // storage may be forbidden
  }
};

const writes = (target) => target instanceof Element && target.closest("input, select, textarea, dialog, [contenteditable]") !== null;

// To the next row's link from the one that has the focus; at an end it stays.
function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
  if (rows[next]) rows[next].focus();
}

export function Keys() {
  const [off, setOff] = useState(isOff);
  const dialog = useRef(null);
  useEffect(() => {
    let before = "";
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writes(event.target)) return;
      const { key } = event;
      if (key === "?") dialog.current.showModal();
      if (off) return;
      if (before === "g" && key === "b") location.assign("/");
      if (before === "g" && key === "s") location.assign("/system");
      if (key === "j") step(1);
      if (key === "k") step(-1);
      before = key;
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [off]);
  const change = (event) => {
    setOff(!event.currentTarget.checked);
    try {
      localStorage.setItem(OFF, event.currentTarget.checked ? "" : "1");
    } catch { /* then it holds for this page only */ }
  };
  return html`
    <button type="button" class="plain" onClick=${() => dialog.current.showModal()}>${t("page.keys")}</button>
    <dialog ref=${dialog} aria-labelledby="keys">
      <h2 id="keys">${t("page.keys")}</h2>
      <dl><dt><kbd>g</kbd> <kbd>b</kbd></dt><dd>${t("page.key-board")}</dd>
        <dt><kbd>g</kbd> <kbd>s</kbd></dt><dd>${t("page.key-system")}</dd>
        <dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>${t("page.key-rows")}</dd>
        <dt><kbd>Enter</kbd></dt><dd>${t("page.key-enter")}</dd>
        <dt><kbd>?</kbd></dt><dd>${t("page.key-list")}</dd></dl>
      <label><input type="checkbox" checked=${!off} onChange=${change} /> ${t("page.keys-on")}</label>
      <form method="dialog"><button>${t("page.close")}</button></form>
    </dialog>`;
}
