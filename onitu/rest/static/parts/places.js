/** The folders of a service, as a form asks for them: which, where, and in which direction. */

import { html, Icon } from "../lib/ui.js";
import { Field } from "./field.js";

/** @typedef {import("../lib/setup.js").Place} Place */

/** @param {{places: Place[], set: (places: Place[]) => void, add: () => void, fault?: string, root: string}} props */
export function Places({ places, set, add, fault, root }) {
  const change = (/** @type {number} */ key, /** @type {Partial<Place>} */ patch) =>
    set(places.map((place) => (place.key === key ? { ...place, ...patch } : place)));
  return html`
    <fieldset class="inner ruled" aria-describedby=${fault ? "folders-fault" : undefined}>
      <legend>Folders that are kept here</legend>
      <div class="stack">
        ${places.map((place) => html`<${PlaceRow} place=${place} root=${root} key=${place.key} change=${(patch) => change(place.key, patch)} />`)}
      </div>
      ${fault && html`<div class="field"><p class="fault" id="folders-fault" role="alert"><${Icon} name="alert" /><span>${fault}</span></p></div>`}
      <p><button type="button" class="button" onClick=${add}><${Icon} name="plus" />Another, new folder</button></p>
    </fieldset>
  `;
}

/** @param {{place: Place, root: string, change: (patch: Partial<Place>) => void}} props */
function PlaceRow({ place, root, change }) {
  const id = `folder-${place.key}`;
  return html`
    <div class="place">
      <div class="check">
        <input type="checkbox" id=${id} checked=${place.on} onChange=${(event) => change({ on: event.target.checked })} />
        ${place.known
          ? html`<label for=${id}><strong>${place.name}</strong></label>`
          : html`<label for=${id} class="hidden-visually">Keep this folder</label>
              <input class="input" aria-label="Name of the new folder" placeholder="Name of the new folder" value=${place.name} onInput=${(event) => change({ name: event.target.value })} />`}
      </div>
      ${place.on && html`<${PlaceFields} id=${id} place=${place} folder=${place.name} hint=${hintOf(place.path, place.name, root)} change=${change} />`}
    </div>
  `;
}

const MODES = [
  ["rw", "Read and write"],
  ["r", "Read only: never written here"],
  ["w", "Write only: changes here do not count"],
  ["none", "Off: left alone for now"],
];

/** @param {{id: string, place: Place, folder: string, hint: any, change: (patch: Partial<Place>) => void}} props */
export const PlaceFields = ({ id, place, folder, hint, change }) => html`
  <div class="form-grid">
    <${Field} id=${`${id}-path`} label="Directory below the root" hint=${hint}>
      ${(props) => html`<input class="input" ...${props} value=${place.path} placeholder=${folder} onInput=${(event) => change({ path: event.target.value })} />`}
    <//>
    <${Field} id=${`${id}-mode`} label="Direction">
      ${(props) => html`<select class="input" ...${props} value=${place.mode} onChange=${(event) => change({ mode: event.target.value })}>
        ${MODES.map(([value, text]) => html`<option value=${value} key=${value}>${text}</option>`)}
      </select>`}
    <//>
  </div>
`;

/** Where the files of a folder will be. @param {string} path @param {string} folder @param {string} root Of the service; "" where it has none. */
export function hintOf(path, folder, root) {
  const below = (path.trim() || folder.trim()).replace(/^\.?\/+|\/+$/g, "");
  if (!root || !below) return "Empty: as the folder is called. A dot: the root itself.";
  return html`The files will be in <code>${root.replace(/\/+$/, "")}${below === "." ? "" : `/${below}`}</code>. A dot means the root itself.`;
}
