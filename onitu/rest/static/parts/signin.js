/** Signing in to a service at its provider, in two steps: a page is opened elsewhere, and what it gives comes back. */

import { ApiError } from "../lib/api.js";
import { authorize, loadBlock } from "../lib/model.js";
import { reload } from "../lib/store.js";
import { html, Icon, useEffect, useRef, useState } from "../lib/ui.js";
import { Action, Notice, useLoaded } from "./basic.js";
import { Field } from "./field.js";
import { say } from "./toasts.js";

/** Milliseconds until the core is asked again, where it did not answer. */
const LATER = 2_000;

/** @param {{service: import("../lib/types.js").Service}} props Shows nothing where there is no sign-in. */
export function SignIn({ service: { name, status } }) {
  const { value } = useLoaded((signal) => loadBlock(name, signal), [name, status]);
  const known = useRef(false);
  known.current ||= Boolean(value?.authorization);
  const [begun, setBegun] = useState(/** @type {import("../lib/model.js").SignIn | null} */ (null));
  const [fault, setFault] = useState("");
  const end = (/** @type {string} */ account) => {
    setBegun(null);
    setFault("");
    say("ok", `${name} is signed in as ${account}.`);
    void reload.status();
  };
  const fail = (/** @type {ApiError} */ error) => {
    setBegun(null);
    setFault(error.message);
  };
  if (!known.current) return null;
  const begin = async () => {
    setFault("");
    setBegun(await authorize(name));
  };
  return html`
    <section class="card" aria-labelledby="sign-in">
      <header>
        <h2 id="sign-in">Sign-in</h2>
        ${!begun && html`<${Action} icon="key" act=${begin}>Sign in<//>`}
      </header>
      <div class="inner stack">
        ${fault && html`<${Notice} tone="bad" alert>It went wrong: ${fault}<//>`}
        ${begun
          ? html`<${UnderWay} name=${name} begun=${begun} end=${end} fail=${fail} key=${begun.state} />`
          : html`<p class="muted">What this service keeps is reached by signing in there. What that brings stays with Onitu, and is never shown.</p>`}
      </div>
    </section>
  `;
}

/**
 * @param {{name: string, begun: import("../lib/model.js").SignIn, end: (account: string) => void, fail: (error: ApiError) => void}} props
 */
function UnderWay({ name, begun: { state, uri }, end, fail }) {
  const [answer, setAnswer] = useState("");
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    void wait(name, state, stop.signal, end, fail);
    return () => stop.abort();
  }, []);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    if (!answer.trim()) return setFault("This is empty.");
    setBusy(true);
    try {
      const { account } = await authorize(name, { state, answer: answer.trim() });
      if (account) end(account);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFault(error.message);
    } finally {
      setBusy(false);
    }
  };
  return html`
    <p>Open the page of the provider and allow Onitu to use the account. This goes on by itself as soon as that is done.</p>
    <p class="row"><a class="button main-action" href=${uri} target="_blank" rel="noreferrer"><${Icon} name="key" />Open the provider's page</a>
      <span class="muted" role="status">Waiting for the provider …</span></p>
    <form onSubmit=${submit} noValidate>
      <${Field} id="answer" label="Code or address" fault=${fault}
        hint="Only if the browser does not come back by itself: what the provider shows in the end, or the whole address of that page.">
        ${(props) => html`<input class="input" ...${props} value=${answer} autocomplete="off" spellcheck=${false} onInput=${(event) => {
          setAnswer(event.target.value);
          setFault("");
        }} />`}
      <//>
      <p class="row end"><button class="button" aria-disabled=${busy}>Use it</button></p>
    </form>
  `;
}

/**
 * Waits for what the browser brings.
 * @param {string} name @param {string} state @param {AbortSignal} signal
 * @param {(account: string) => void} end @param {(error: ApiError) => void} fail
 */
async function wait(name, state, signal, end, fail) {
  while (!signal.aborted) {
    try {
      const { account } = await authorize(name, { state }, signal);
      if (signal.aborted) return;
      if (account) return end(account);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      // What was typed and is no answer (400) is said beside its field; another one may be given.
      if (error.code === 404 || error.code === 409) return fail(error);
      await new Promise((resolve) => setTimeout(resolve, LATER));
    }
  }
}
