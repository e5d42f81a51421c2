/** Asks for the token, where the API wants one. */

import { token } from "../lib/api.js";
import { html, useRef } from "../lib/ui.js";

export function Lock() {
  const input = useRef(null);
  const wrong = Boolean(token.get());
  const open = (/** @type {Event} */ event) => {
    event.preventDefault();
    token.set(input.current.value.trim());
    location.reload();
  };
  return html`
    <main class="lock">
      <form class="card inner stack" onSubmit=${open}>
        <h1>Onitu asks for its token</h1>
        <p class="muted">It is <code>api.token</code> in the setup file. This tab keeps it until it is closed.</p>
        <div class="field">
          <label for="token">Token</label>
          <input class="input" id="token" type="password" autocomplete="current-password" required ref=${input}
            aria-invalid=${wrong} aria-describedby=${wrong ? "token-fault" : undefined} />
          ${wrong && html`<p class="fault" id="token-fault">That was not it.</p>`}
        </div>
        <button class="button main-action">Open</button>
      </form>
    </main>
  `;
}
