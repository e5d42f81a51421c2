/** One folder: which services keep it, and where. A new one is asked for likewise. */

import { ApiError } from "../lib/api.js";
import { list } from "../lib/format.js";
import { loadBlocks, putFolder, putMappings, removeFolder } from "../lib/model.js";
import { go, pathLink } from "../lib/router.js";
import { memberships, sortedByService } from "../lib/setup.js";
import { reload, useStore } from "../lib/store.js";
import { html, Icon, useRef, useState } from "../lib/ui.js";
import { ConfirmedAction, Empty, Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { Field, focusFault } from "../parts/field.js";
import { hintOf, PlaceFields } from "../parts/places.js";
import { say } from "../parts/toasts.js";

/** @param {{name: string}} props A folder; "" for a new one. */
export function Folder({ name }) {
  const folders = useStore((state) => state.folders);
  const services = useStore((state) => state.services);
  const loaded = useStore((state) => state.loaded);
  const { value, error } = useLoaded((signal) => (loaded ? loadBlocks(services.map((one) => one.name), signal) : Promise.resolve(undefined)), [name, loaded]);
  const back = name ? { href: pathLink("files", name, ""), text: name } : { href: "#/", text: "Overview" };
  const lead = name ? "Which services keep it. A service that does so no more keeps its files as they are; nothing is deleted." : "A folder is a directory that is the same on every service that keeps it.";
  const remove = async () => {
    await removeFolder(name);
    await reload.status();
    go("#/");
  };
  if (name && loaded && !folders.some((one) => one.name === name)) {
    return html`<${Heading} title=${name} back=${{ href: "#/files", text: "Files" }} /><section class="card"><${Empty} icon="folder" title="There is no such folder" /></section>`;
  }
  const actions = name && html`<${ConfirmedAction} icon="trash" tone="danger" title=${`Remove ${name}?`} answer="Remove" act=${remove} done=${`${name} has been removed.`}
    question="Onitu forgets this folder on all services. Nothing is deleted there, nor anywhere else.">Remove<//>`;
  return html`
    <${Heading} title=${name ? `Folder ${name}` : "Add a folder"} lead=${lead} back=${back} actions=${actions} />
    ${error && html`<${Notice} tone="bad" alert>${error}<//>`}
    ${value ? html`<${Form} name=${name} blocks=${value} back=${back.href} />` : !error && html`<${Loading} />`}
  `;
}

/** @param {{name: string, blocks: Map<string, Record<string, any>>, back: string}} props */
function Form({ name, blocks, back }) {
  const folders = useStore((state) => state.folders);
  const [title, setTitle] = useState(name);
  const [places, setPlaces] = useState(() => memberships(name, blocks));
  const [faults, setFaults] = useState(/** @type {Record<string, string>} */ ({}));
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const show = (/** @type {Record<string, string>} */ found) => {
    setFaults(found);
    if (Object.keys(found).length) focusFault(form.current);
  };
  const change = (/** @type {string} */ service, /** @type {Partial<import("../lib/setup.js").Place>} */ patch) => {
    setPlaces(places.map((place) => (place.name === service ? { ...place, ...patch } : place)));
    setFaults(({ [`service ${service}`]: _, ...others }) => others);
  };
  const rename = (/** @type {string} */ next) => {
    setTitle(next);
    setFaults(({ title: _, ...others }) => others);
  };
  const wrongTitle = () => {
    if (!title.trim()) return "It needs a name.";
    return !name && folders.some((one) => one.name === title) ? "There is a folder of this name already." : "";
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    const wrong = wrongTitle();
    show(wrong ? { title: wrong } : {});
    if (wrong) return;
    setBusy(true);
    try {
      if (!name) await putFolder(title);
      const failed = await putMappings(title, places);
      await reload.status();
      if (failed.size) {
        const kept = name ? "" : ` The folder ${title} is there now; ${list([...failed.keys()])} ${failed.size === 1 ? "has" : "have"} not taken it.`;
        show(sortedByService(failed, title, kept));
      } else {
        say("ok", name ? `${name} has been changed.` : `${title} has been added.`);
        go(pathLink("files", title, ""));
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      show({ "": error.message });
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="card add-form" ref=${form} onSubmit=${submit} noValidate>
      ${faults[""] && html`<div class="inner fault-box"><${Notice} tone="bad" alert>${faults[""]}<//></div>`}
      ${!name && html`<div class="inner">
        <${Field} id="title" label="Name" hint="How it is called here: “photos”, “documents”." fault=${faults.title}>
          ${(props) => html`<input class="input" ...${props} value=${title} autocomplete="off" onInput=${(event) => rename(event.target.value)} />`}
        <//>
      </div>`}
      <fieldset class=${name ? "inner" : "inner ruled"}>
        <legend>Services that keep it</legend>
        <div class="stack">
          ${places.map((place) => html`<${Member} key=${place.name} place=${place} folder=${title} root=${String(blocks.get(place.name)?.options?.root ?? "")}
            fault=${faults[`service ${place.name}`]} change=${(patch) => change(place.name, patch)} />`)}
        </div>
        ${!places.length && html`<p class="muted">There is no service yet.</p>`}
      </fieldset>
      <div class="inner row end-row">
        <a class="button plain" href=${back}>Cancel</a>
        <button class="button main-action" aria-disabled=${busy}><${Icon} name=${busy ? "sync" : name ? "check" : "plus"} spin=${busy} />${name ? "Keep the changes" : "Add the folder"}</button>
      </div>
    </form>
  `;
}

/** @param {{place: import("../lib/setup.js").Place, folder: string, root: string, fault?: string, change: (patch: object) => void}} props */
function Member({ place, folder, root, fault, change }) {
  const id = `service-${place.key}`;
  return html`
    <div class="place" role="group" aria-label=${place.name}>
      <div class="check">
        <input type="checkbox" id=${id} checked=${place.on} aria-invalid=${fault ? "true" : undefined} aria-describedby=${fault ? `${id}-fault` : undefined}
          onChange=${(event) => change({ on: event.target.checked })} />
        <label for=${id}><strong>${place.name}</strong></label>
      </div>
      ${place.on && html`<${PlaceFields} id=${id} place=${place} folder=${folder} hint=${hintOf(place.path, folder, root)} change=${change} />`}
      ${fault && html`<div class="field"><p class="fault" id=${`${id}-fault`} role="alert"><${Icon} name="alert" /><span>${fault}</span></p></div>`}
    </div>
  `;
}
