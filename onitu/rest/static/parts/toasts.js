/** Short words at the edge of the page about what was just done. A screen reader reads them out. */

import { html, Icon, useEffect, useState } from "../lib/ui.js";

/** Milliseconds that they stay; what went wrong stays until it is closed. */
const STAY = 5_000;

/** @typedef {{key: number, tone: import("../lib/types.js").Tone, text: string}} Toast */

/** @type {(tone: import("../lib/types.js").Tone, text: string) => void} */
export let say = () => {};

let keys = 0;

export function Toasts() {
  const [toasts, setToasts] = useState(/** @type {Toast[]} */ ([]));
  const close = (/** @type {number} */ key) => setToasts((shown) => shown.filter((toast) => toast.key !== key));
  useEffect(() => {
    say = (tone, text) => {
      const key = (keys += 1);
      setToasts((shown) => [...shown.slice(-3), { key, tone, text }]);
      if (tone === "ok") setTimeout(() => close(key), STAY);
    };
  }, []);
  return html`
    <div class="toasts" role="status" aria-live="polite">
      ${toasts.map(
        ({ key, tone, text }) => html`
          <div class="toast" data-tone=${tone} key=${key}>
            <${Icon} name=${tone === "ok" ? "check" : "alert"} />
            <p>${text}</p>
            <button type="button" class="button plain" aria-label="Close this message" onClick=${() => close(key)}>
              <${Icon} name="close" />
            </button>
          </div>
        `,
      )}
    </div>
  `;
}
