/** Changes a service: the form it was added with, filled in with what the setup says of it. */

import { loadBlock, putService } from "../lib/model.js";
import { go, link } from "../lib/router.js";
import { foldersOf, optionsOf, presentPlaces, timesText } from "../lib/setup.js";
import { reload, useStore } from "../lib/store.js";
import { html } from "../lib/ui.js";
import { Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { ServiceForm } from "../parts/serviceform.js";
import { say } from "../parts/toasts.js";

/** @param {{name: string}} props */
export function ChangeService({ name }) {
  const { value, error } = useLoaded((signal) => loadBlock(name, signal), [name]);
  const loaded = useStore((state) => state.loaded);
  const back = { href: link(["services", name]), text: name };
  const lead = "A change holds at once; where it takes that, the service is started anew. No file is deleted by it.";
  return html`
    <${Heading} title=${`Change ${name}`} lead=${lead} back=${back} />
    ${error && html`<${Notice} tone="bad" alert>${error}<//>`}
    ${value && loaded ? html`<${Form} name=${name} known=${value} back=${back.href} />` : !error && html`<${Loading} />`}
  `;
}

/** @param {{name: string, known: import("../lib/model.js").Block, back: string}} props */
function Form({ name, known, back }) {
  const folders = useStore((state) => state.folders);
  const { setup, options } = known;
  const { options: given = {}, folders: mapped = {}, schedule, ...rest } = setup;
  const act = async (/** @type {any} */ { answers, values, places, times }) => {
    const block = { ...rest, options: optionsOf(answers, values), folders: foldersOf(places), ...(times.length && { schedule: times }) };
    await putService(name, block, places);
    await reload.status();
    say("ok", `${name} has been changed.`);
    go(back);
  };
  const further = Object.keys(rest).filter((key) => key !== "driver");
  const note = [
    !options && html`<${Notice} tone="warn">What its driver takes is known once it has run: until then its options stay as they are.<//>`,
    further.length > 0 && html`<p class="muted small">Kept as they are: ${further.join(", ")}.</p>`,
  ].filter(Boolean);
  return html`<${ServiceForm} name=${name} options=${options ?? []} given=${given} places=${presentPlaces(folders, mapped)} times=${timesText(schedule)}
    note=${note.length > 0 && note} back=${back} answer="Keep the changes" icon="check" act=${act} />`;
}
