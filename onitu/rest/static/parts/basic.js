/** Small things that every screen uses. */

import { ApiError } from "../lib/api.js";
import { html, Icon, useEffect, useLayoutEffect, useRef, useState } from "../lib/ui.js";
import { say } from "./toasts.js";

/**
 * The beginning of a screen. It takes the focus, so that a screen reader tells where one has come to.
 * @param {{title: string, lead?: any, actions?: any, back?: {href: string, text: string}}} props
 */
export function Heading({ title, lead, actions, back }) {
  const heading = useRef(null);
  useEffect(() => {
    document.title = `${title} · Onitu`;
  }, [title]);
  useLayoutEffect(() => {
    if (moved) heading.current?.focus({ preventScroll: true });
    moved = true;
    scrollTo(0, 0);
  }, []);
  return html`
    ${back && html`<a class="button plain back" href=${back.href}><${Icon} name="back" />${back.text}</a>`}
    <header class="head">
      <div>
        <h1 tabindex="-1" ref=${heading}>${title}</h1>
        ${lead && html`<p>${lead}</p>`}
      </div>
      ${actions && html`<div class="row">${actions}</div>`}
    </header>
  `;
}

/** Whether a screen was shown before: the first one leaves the focus where the browser has put it. */
let moved = false;

/** @param {{icon: string, title: string, children?: any}} props */
export const Empty = ({ icon, title, children }) => html`
  <div class="empty">
    <${Icon} name=${icon} />
    <h2>${title}</h2>
    ${children && html`<p>${children}</p>`}
  </div>
`;

const NOTICE_ICONS = { ok: "check", busy: "sync", warn: "alert", bad: "alert", off: "alert" };

/** @param {{tone: import("../lib/types.js").Tone, children?: any, alert?: boolean}} props */
export const Notice = ({ tone, children, alert = false }) => html`
  <div class="notice" data-tone=${tone} role=${alert ? "alert" : undefined}>
    <${Icon} name=${NOTICE_ICONS[tone]} />
    <div>${children}</div>
  </div>
`;

/** What is shown until something is there. */
export const Loading = () => html`<p class="muted inner" role="status">Loading …</p>`;

/**
 * A button that does something at the core, cannot be pressed twice, and says how it went.
 * @param {{act: () => Promise<unknown>, done?: string, icon?: string, tone?: string, children?: any, label?: string}} props
 */
export function Action({ act, done, icon, tone = "", children, label }) {
  const [busy, setBusy] = useState(false);
  const press = async () => {
    if (busy) return;
    setBusy(true);
    try {
      await act();
      if (done) say("ok", done);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say("bad", error.message);
    } finally {
      setBusy(false);
    }
  };
  return html`<button type="button" class="button ${tone}" aria-disabled=${busy} aria-label=${label} onClick=${press}>
    ${icon && html`<${Icon} name=${busy ? "sync" : icon} spin=${busy} />`}${children}
  </button>`;
}

/**
 * An action that is asked about first.
 * @param {{act: () => Promise<unknown>, done?: string, icon?: string, tone?: string, children?: any, title: string,
 *   question: any, answer: string}} props
 */
export function ConfirmedAction({ title, question, answer, children, icon, tone = "", ...action }) {
  const dialog = useRef(null);
  const close = () => dialog.current?.close();
  return html`
    <button type="button" class="button ${tone}" onClick=${() => dialog.current?.showModal()}>
      ${icon && html`<${Icon} name=${icon} />`}${children}
    </button>
    <dialog ref=${dialog} aria-label=${title}>
      <h2>${title}</h2>
      <p>${question}</p>
      <div class="row">
        <button type="button" class="button" onClick=${close}>Cancel</button>
        <${Action} ...${action} tone=${tone || "main-action"} act=${() => action.act().finally(close)}>${answer}<//>
      </div>
    </dialog>
  `;
}

/**
 * Something that is loaded when a component appears, and again when what it depends on is another.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {unknown[]} inputs
 * @returns {{value: T | undefined, error: string, again: () => void}}
 */
export function useLoaded(load, inputs) {
  const [loaded, setLoaded] = useState(/** @type {{value?: any, error: string, of?: string}} */ ({ error: "" }));
  const [round, setRound] = useState(0);
  const way = useRef({ loading: false, again: false });
  const asked = JSON.stringify(inputs);
  useEffect(() => {
    const stop = new AbortController();
    const end = (/** @type {{value?: any, error: string}} */ result) => {
      if (stop.signal.aborted) return;
      setLoaded({ ...result, of: asked });
      if (way.current.again) setRound((number) => number + 1);
      way.current = { loading: false, again: false };
    };
    way.current = { loading: true, again: false };
    load(stop.signal).then(
      (value) => end({ value, error: "" }),
      (error) => {
        if (!stop.signal.aborted && !(error instanceof ApiError)) throw error;
        end({ error: error.message });
      },
    );
    return () => stop.abort();
  }, [asked, round]);
  // What is on its way is not given up for a newer one: where changes never end, nothing would ever arrive.
  const again = () => {
    if (way.current.loading) way.current.again = true;
    else setRound((number) => number + 1);
  };
  const fresh = loaded.of === asked ? loaded : { value: undefined, error: "" };
  return { value: fresh.value, error: fresh.error, again };
}
