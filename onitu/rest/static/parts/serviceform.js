/** The form of a service, made from the manifest of its driver: to add one, and to change one. */

import { ApiError } from "../lib/api.js";
import { answersOf, check, newPlace, sorted, timesOf } from "../lib/setup.js";
import { html, Icon, useMemo, useRef, useState } from "../lib/ui.js";
import { Notice } from "./basic.js";
import { Field, focusFault, OptionField } from "./field.js";
import { Places } from "./places.js";

/** @typedef {import("../lib/setup.js").Faults} Faults */

/**
 * @param {object} props
 * @param {string} props.name What the core calls the service in what it finds.
 * @param {import("../lib/model.js").Option[]} props.options Of its driver.
 * @param {Record<string, unknown>} [props.given] The options as the setup has them.
 * @param {import("../lib/setup.js").Place[]} props.places
 * @param {string} [props.times] When it is brought up to date.
 * @param {any} [props.head] Fields that stand above.
 * @param {() => Faults} [props.checkHead] What is wrong with those.
 * @param {Faults} [props.headFaults] Shows and takes what is wrong with those.
 * @param {(faults: Faults) => void} [props.onFaults]
 * @param {string} props.back Where to go without a change.
 * @param {any} props.answer What the button says.
 * @param {string} props.icon
 * @param {any} [props.note] What else there is to know.
 * @param {(said: {answers: import("../lib/setup.js").Answers, values: Record<string, unknown>,
 *   places: import("../lib/setup.js").Place[], times: string[]}) => Promise<void>} props.act
 */
export function ServiceForm({ name, options, given, places: first, times: firstTimes = "", head, checkHead, onFaults, back, answer, icon, note, act }) {
  const answers = useMemo(() => answersOf(options, given), [options, given]);
  const [values, setValues] = useState(answers.values);
  const [places, setPlaces] = useState(first);
  const [times, setTimes] = useState(firstTimes);
  const [faults, setFaults] = useState(/** @type {Faults} */ ({}));
  const [busy, setBusy] = useState(false);
  const form = useRef(null);

  // What was wrong with a field is not said of what is written there since.
  const changed = (/** @type {string} */ where, /** @type {(value: any) => void} */ set, /** @type {any} */ value) => {
    set(value);
    setFaults(({ [where]: _, ...others }) => others);
  };
  const setValue = (/** @type {string} */ key, /** @type {unknown} */ value) => changed(`option ${key}`, setValues, { ...values, [key]: value });
  const show = (/** @type {Faults} */ found) => {
    setFaults(found);
    onFaults?.(found);
    if (Object.keys(found).length) focusFault(form.current);
  };

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    const found = { ...checkHead?.(), ...check(answers, values, places) };
    show(found);
    if (Object.keys(found).length) return;
    setBusy(true);
    try {
      await act({ answers, values, places, times: timesOf(times) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      show(sorted(error.message.split("\n"), `services.${name}`, answers, places));
    } finally {
      setBusy(false);
    }
  };

  return html`
    <form class="card add-form" ref=${form} onSubmit=${submit} noValidate>
      ${faults[""] && html`<div class="inner fault-box"><${Notice} tone="bad" alert>${faults[""]}<//></div>`}
      ${head && html`<div class="inner form-grid">${head}</div>`}
      <${Options} answers=${answers} values=${values} faults=${faults} set=${setValue} ruled=${Boolean(head)} />
      ${note && html`<div class="inner">${note}</div>`}
      <${Places} places=${places} set=${(next) => changed("folders", setPlaces, next)} fault=${faults.folders} root=${String(values.root ?? "")}
        add=${() => changed("folders", setPlaces, [...places, newPlace("", { known: false })])} />
      <fieldset class="inner ruled">
        <legend>When it is brought up to date</legend>
        <${Field} id="schedule" label="Times" fault=${faults.schedule}
          hint="Empty: always. Otherwise such as “22:00-06:00; sat,sun”. Outside of them it is watched, and nothing is moved.">
          ${(props) => html`<input class="input" ...${props} value=${times} placeholder="always" autocomplete="off" spellcheck=${false}
            onInput=${(event) => changed("schedule", setTimes, event.target.value)} />`}
        <//>
      </fieldset>
      <div class="inner row end-row">
        <a class="button plain" href=${back}>Cancel</a>
        <button class="button main-action" aria-disabled=${busy}><${Icon} name=${busy ? "sync" : icon} spin=${busy} />${answer}</button>
      </div>
    </form>
  `;
}

/** @param {any} props */
function Options({ answers, values, faults, set, ruled }) {
  const { options, kept } = answers;
  const first = options.filter((option) => option.mandatory);
  const rest = options.filter((option) => !option.mandatory);
  const open = rest.some((option) => faults[`option ${option.key}`]);
  const field = (option) => html`<${OptionField} key=${option.key} option=${option} value=${values[option.key]} kept=${kept[option.key]}
    fault=${faults[`option ${option.key}`]} onValue=${(value) => set(option.key, value)} />`;
  if (!options.length) return null;
  return html`
    <fieldset class=${ruled ? "inner ruled" : "inner"}>
      <legend>Where it is</legend>
      ${first.length > 0 && html`<div class="form-grid">${first.map(field)}</div>`}
      ${rest.length > 0 && html`<details open=${open || !first.length}>
        <summary>${first.length ? "More settings" : "Settings"} <span class="muted">(${rest.length}, all optional)</span></summary>
        <div class="form-grid">${rest.map(field)}</div>
      </details>`}
    </fieldset>
  `;
}
