/** Fields of a form: a label, a hint, what is wrong, and the right kind of input for an option of a manifest. */

import { REMOVED, standsAt } from "../lib/setup.js";
import { html, Icon } from "../lib/ui.js";

/**
 * @param {{id: string, label: string, hint?: string, fault?: string, needed?: boolean, children: (props: object) => any}} props
 *   The child gets what ties the input to label, hint and fault.
 */
export function Field({ id, label, hint, fault, children }) {
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const props = { id, "aria-invalid": fault ? "true" : undefined, "aria-describedby": described || undefined };
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      ${children(props)}
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
      ${fault && html`<p class="fault" id=${`${id}-fault`}><${Icon} name="alert" /><span>${fault}</span></p>`}
    </div>
  `;
}

/**
 * @param {{option: import("../lib/model.js").Option, value: any, kept?: unknown, fault?: string, onValue: (value: unknown) => void}} props
 *   `kept` is a secret that is there and not shown.
 */
export function OptionField({ option, value, kept, fault, onValue }) {
  const id = `option-${option.key}`;
  const set = (event) => onValue(event.target.value);
  if (option.type === "boolean") {
    return html`
      <div class="field">
        <div class="check">
          <input type="checkbox" id=${id} checked=${value ?? option.default ?? false} aria-describedby=${`${id}-hint`}
            onChange=${(event) => onValue(event.target.checked)} />
          <label for=${id}>${option.name}</label>
        </div>
        <p class="hint" id=${`${id}-hint`}>${option.description}</p>
        ${fault && html`<p class="fault"><${Icon} name="alert" /><span>${fault}</span></p>`}
      </div>
    `;
  }
  if (kept !== undefined) return html`<${Secret} ...${{ id, option, value, kept, fault, onValue }} />`;
  return html`
    <${Field} id=${id} label=${option.name} hint=${option.description} fault=${fault}>
      ${(props) => (option.type === "enumerate" ? html`<${Choice} ...${{ props, option, value, onValue }} />` : html`<input class="input" ...${props}
        type=${option.secret ? "password" : "text"} inputmode=${NUMERIC[option.type]} autocomplete=${option.secret ? "new-password" : "off"} spellcheck=${false}
        value=${value ?? ""} placeholder=${option.default == null ? "" : String(option.default)} onInput=${set} />`)}
    <//>
  `;
}

/** A secret that is there: kept as it is unless something is typed. @param {any} props */
function Secret({ id, option, value, kept, fault, onValue }) {
  const removed = value === REMOVED;
  const hint = `${option.description} It is ${standsAt(kept)}, and kept unless another one is typed. It must be where another setting changes.`;
  return html`
    <div class="field">
      <${Field} id=${id} label=${option.name} hint=${hint} fault=${fault}>
        ${(props) => html`<input class="input" ...${props} type="password" autocomplete="new-password" spellcheck=${false} disabled=${removed}
          value=${value ?? ""} placeholder=${removed ? "Taken out" : standsAt(kept)} onInput=${(event) => onValue(event.target.value)} />`}
      <//>
      ${!option.mandatory && html`<div class="check">
        <input type="checkbox" id=${`${id}-out`} checked=${removed} onChange=${(event) => onValue(event.target.checked ? REMOVED : "")} />
        <label for=${`${id}-out`}>Take it out<span class="hidden-visually">: ${option.name}</span></label>
      </div>`}
    </div>
  `;
}

const NUMERIC = { integer: "numeric", float: "decimal" };

/** @param {any} props */
function Choice({ props, option, value, onValue }) {
  const chosen = option.values.indexOf(value ?? option.default);
  return html`<select class="input" ...${props} value=${String(chosen)} onChange=${(event) => onValue(option.values[event.target.value])}>
    ${chosen < 0 && html`<option value="-1">Choose …</option>`}
    ${option.values.map((one, index) => html`<option value=${String(index)} key=${index}>${String(one)}</option>`)}
  </select>`;
}

/** Takes whoever fills in a form to the first field that is wrong. @param {HTMLFormElement | null} form */
export function focusFault(form) {
  requestAnimationFrame(() => /** @type {HTMLElement | null} */ (form?.querySelector("[aria-invalid=true]"))?.focus());
}
