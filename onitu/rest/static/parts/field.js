/** Fields of a form: a label, a hint, what is wrong, and the right kind of input for an option of a manifest. */

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

/** @param {{option: import("../lib/model.js").Option, value: any, fault?: string, onValue: (value: unknown) => void}} props */
export function OptionField({ option, value, fault, onValue }) {
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
  return html`
    <${Field} id=${id} label=${option.name} hint=${option.description} fault=${fault}>
      ${(props) => (option.type === "enumerate" ? html`<${Choice} ...${{ props, option, value, onValue }} />` : html`<input class="input" ...${props}
        type=${option.secret ? "password" : "text"} inputmode=${NUMERIC[option.type]} autocomplete=${option.secret ? "new-password" : "off"} spellcheck=${false}
        value=${value ?? ""} placeholder=${option.default == null ? "" : String(option.default)} onInput=${set} />`)}
    <//>
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
