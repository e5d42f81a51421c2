/** Adds a service: a form made from the manifest of its driver. */

import { ApiError } from "../lib/api.js";
import { addService, loadDrivers } from "../lib/model.js";
import { go, link } from "../lib/router.js";
import { reload, useStore } from "../lib/store.js";
import { html, Icon, useRef, useState } from "../lib/ui.js";
import { Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { Field, OptionField } from "../parts/field.js";
import { say } from "../parts/toasts.js";

/** @typedef {{key: number, name: string, path: string, mode: string, on: boolean, known: boolean}} Place */

let keys = 0;

export function AddService() {
  const drivers = useLoaded((signal) => loadDrivers(signal), []);
  const loaded = useStore((state) => state.loaded);
  const back = { href: "#/services", text: "Services" };
  const lead = "Say where it is and which folders are to be kept there. What is there already is joined with what the others have; nothing is deleted.";
  return html`
    <${Heading} title="Add a service" lead=${lead} back=${back} />
    ${drivers.error && html`<${Notice} tone="bad" alert>${drivers.error}<//>`}
    ${drivers.value && loaded ? html`<${Form} drivers=${drivers.value} />` : !drivers.error && html`<${Loading} />`}
  `;
}

/** @param {{drivers: import("../lib/model.js").Driver[]}} props */
function Form({ drivers }) {
  const folders = useStore((state) => state.folders);
  const services = useStore((state) => state.services);
  const [name, setName] = useState("");
  const [driverName, setDriver] = useState(drivers.find((one) => one.name === "local_storage")?.name ?? drivers[0]?.name ?? "");
  const [values, setValues] = useState(/** @type {Record<string, unknown>} */ ({}));
  const [places, setPlaces] = useState(() => startPlaces(folders));
  const [faults, setFaults] = useState(/** @type {Record<string, string>} */ ({}));
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const driver = drivers.find((one) => one.name === driverName);
  const options = driver?.options ?? [];

  // What was wrong with a field is not said of what is written there since.
  const changed = (/** @type {string} */ where, /** @type {(value: any) => void} */ set, /** @type {any} */ value) => {
    set(value);
    setFaults(({ [where]: _, ...others }) => others);
  };
  const setValue = (/** @type {string} */ key, /** @type {unknown} */ value) => changed(`option ${key}`, setValues, { ...values, [key]: value });
  const setPlacesAnew = (/** @type {Place[]} */ next) => changed("folders", setPlaces, next);

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy || !driver) return;
    const wanted = places.filter((place) => place.on);
    const found = check(name, services, options, values, wanted);
    setFaults(found);
    if (Object.keys(found).length) return focusFault(form.current);
    setBusy(true);
    try {
      await addService({ name, driver: driver.name, options: given(options, values), places: wanted });
      await reload.status();
      say("ok", `${name} has been added.`);
      go(link(["services", name]));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFaults(sort(error, options));
      focusFault(form.current);
    } finally {
      setBusy(false);
    }
  };

  return html`
    <form class="card add-form" ref=${form} onSubmit=${submit} noValidate>
      ${faults[""] && html`<div class="inner fault-box"><${Notice} tone="bad" alert>${faults[""]}<//></div>`}
      <div class="inner form-grid">
        <${Field} id="name" label="Name" hint="How it is called here: “laptop”, “backup disk”." fault=${faults.name}>
          ${(props) => html`<input class="input" ...${props} value=${name} autocomplete="off" onInput=${(event) => changed("name", setName, event.target.value)} />`}
        <//>
        <${Field} id="driver" label="Kind" hint=${driver?.description} fault=${faults.driver}>
          ${(props) => html`<select class="input" ...${props} value=${driverName} onChange=${(event) => changed("driver", setDriver, event.target.value)}>
            ${drivers.map((one) => html`<option value=${one.name} key=${one.name}>${one.name.replaceAll("_", " ")}</option>`)}
          </select>`}
        <//>
      </div>
      <${Options} options=${options} values=${values} faults=${faults} set=${setValue} />
      <${Places} places=${places} set=${setPlacesAnew} fault=${faults.folders} root=${String(values.root ?? "")} />
      <div class="inner row end-row">
        <a class="button plain" href="#/services">Cancel</a>
        <button class="button main-action" aria-disabled=${busy}><${Icon} name=${busy ? "sync" : "plus"} spin=${busy} />Add the service</button>
      </div>
    </form>
  `;
}

/** @param {any} props */
function Options({ options, values, faults, set }) {
  const first = options.filter((option) => option.mandatory);
  const rest = options.filter((option) => !option.mandatory);
  const open = rest.some((option) => faults[`option ${option.key}`]);
  const field = (option) => html`<${OptionField} key=${option.key} option=${option} value=${values[option.key]} fault=${faults[`option ${option.key}`]}
    onValue=${(value) => set(option.key, value)} />`;
  if (!options.length) return null;
  return html`
    <fieldset class="inner ruled">
      <legend>Where it is</legend>
      ${first.length > 0 && html`<div class="form-grid">${first.map(field)}</div>`}
      ${rest.length > 0 && html`<details open=${open || !first.length}>
        <summary>${first.length ? "More settings" : "Settings"} <span class="muted">(${rest.length}, all optional)</span></summary>
        <div class="form-grid">${rest.map(field)}</div>
      </details>`}
    </fieldset>
  `;
}

/** @param {{places: Place[], set: (places: Place[]) => void, fault?: string, root: string}} props */
function Places({ places, set, fault, root }) {
  const change = (key, patch) => set(places.map((place) => (place.key === key ? { ...place, ...patch } : place)));
  return html`
    <fieldset class="inner ruled" aria-describedby=${fault ? "folders-fault" : undefined}>
      <legend>Folders that are kept here</legend>
      <div class="stack">
        ${places.map((place) => html`<${PlaceRow} place=${place} root=${root} key=${place.key} change=${(patch) => change(place.key, patch)} />`)}
      </div>
      ${fault && html`<div class="field"><p class="fault" id="folders-fault"><${Icon} name="alert" />${fault}</p></div>`}
      <p><button type="button" class="button" onClick=${() => set([...places, newPlace("", true, false)])}><${Icon} name="plus" />Another, new folder</button></p>
    </fieldset>
  `;
}

/** @param {{place: Place, root: string, change: (patch: Partial<Place>) => void}} props */
function PlaceRow({ place, root, change }) {
  const id = `folder-${place.key}`;
  const modes = [["rw", "Read and write"], ["r", "Read only: never written here"], ["w", "Write only: changes here do not count"]];
  return html`
    <div class="place">
      <div class="check">
        <input type="checkbox" id=${id} checked=${place.on} onChange=${(event) => change({ on: event.target.checked })} />
        ${place.known
          ? html`<label for=${id}><strong>${place.name}</strong></label>`
          : html`<label for=${id} class="hidden-visually">Keep this folder</label>
              <input class="input" aria-label="Name of the new folder" placeholder="Name of the new folder" value=${place.name} onInput=${(event) => change({ name: event.target.value })} />`}
      </div>
      ${place.on && html`<div class="form-grid">
        <${Field} id=${`${id}-path`} label="Directory below the root" hint=${hintOf(place, root)}>
          ${(props) => html`<input class="input" ...${props} value=${place.path} placeholder=${place.name} onInput=${(event) => change({ path: event.target.value })} />`}
        <//>
        <${Field} id=${`${id}-mode`} label="Direction">
          ${(props) => html`<select class="input" ...${props} value=${place.mode} onChange=${(event) => change({ mode: event.target.value })}>
            ${modes.map(([value, text]) => html`<option value=${value} key=${value}>${text}</option>`)}
          </select>`}
        <//>
      </div>`}
    </div>
  `;
}

/** Where the files of a folder will be. @param {Place} place @param {string} root Of the service; "" where it has none. */
function hintOf({ name, path }, root) {
  const below = (path.trim() || name.trim()).replace(/^\.?\/+|\/+$/g, "");
  if (!root || !below) return "Empty: as the folder is called. A dot: the root itself.";
  return html`The files will be in <code>${root.replace(/\/+$/, "")}${below === "." ? "" : `/${below}`}</code>. A dot means the root itself.`;
}

/** @param {string} name @param {boolean} on @param {boolean} known @returns {Place} */
const newPlace = (name, on, known) => ({ key: (keys += 1), name, path: "", mode: "rw", on, known });

/** @param {import("../lib/types.js").Folder[]} folders */
const startPlaces = (folders) =>
  folders.length ? folders.map((folder) => newPlace(folder.name, folders.length === 1, true)) : [newPlace("documents", true, false)];

/** What can be said without asking the core. @returns {Record<string, string>} */
function check(name, services, options, values, wanted) {
  /** @type {Record<string, string>} */
  const faults = {};
  if (!name.trim()) faults.name = "It needs a name.";
  else if (services.some((service) => service.name === name)) faults.name = "There is a service of this name already.";
  for (const option of options) {
    if (option.mandatory && (values[option.key] === undefined || values[option.key] === "")) faults[`option ${option.key}`] = "This is needed.";
  }
  if (wanted.some((place) => !place.name.trim())) faults.folders = "The new folder needs a name.";
  return faults;
}

/** The options that were filled in, each as its type has it. @returns {Record<string, unknown>} */
function given(options, values) {
  const filled = options.filter(({ key }) => values[key] !== undefined && values[key] !== "");
  return Object.fromEntries(filled.map(({ key, type }) => [key, typed(type, values[key])]));
}

/** @param {string} type @param {any} value */
function typed(type, value) {
  if (type !== "integer" && type !== "float") return value;
  const number = Number(value);
  return value !== "" && Number.isFinite(number) ? number : value; // What is no number the core says best.
}

/**
 * Puts what the core has found beside the fields that it is about.
 * @param {ApiError} error
 * @param {{key: string}[]} options
 */
function sort(error, options) {
  /** @type {Record<string, string>} */
  const faults = {};
  const add = (where, text) => {
    faults[where] = faults[where] ? `${faults[where]} ${text}` : text;
  };
  for (const text of error.faults.length ? error.faults : error.message.split("\n")) {
    const option = options.find(({ key }) => text.includes(`'${key}'`) || text.includes(`.${key}:`));
    const prefix = option ? text.indexOf(`.${option.key}: `) : -1;
    add(option ? `option ${option.key}` : "", prefix < 0 ? text : text.slice(prefix + `.${option?.key}: `.length));
  }
  return faults;
}

/** @param {HTMLFormElement | null} form */
function focusFault(form) {
  requestAnimationFrame(() => /** @type {HTMLElement | null} */ (form?.querySelector("[aria-invalid=true]"))?.focus());
}
