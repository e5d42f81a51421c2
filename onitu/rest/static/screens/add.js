/** Adds a service: a form made from the manifest of its driver. */

import { loadDrivers, putService } from "../lib/model.js";
import { go, link } from "../lib/router.js";
import { firstPlaces, foldersOf, optionsOf } from "../lib/setup.js";
import { reload, useStore } from "../lib/store.js";
import { html, useState } from "../lib/ui.js";
import { Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { Field } from "../parts/field.js";
import { ServiceForm } from "../parts/serviceform.js";
import { say } from "../parts/toasts.js";

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
  const [fault, setFault] = useState("");
  const driver = drivers.find((one) => one.name === driverName);
  const rename = (/** @type {string} */ next) => {
    setName(next);
    setFault("");
  };
  const checkName = () => {
    if (!name.trim()) return { name: "It needs a name." };
    return services.some((service) => service.name === name) ? { name: "There is a service of this name already." } : {};
  };
  const act = async (/** @type {any} */ { answers, values, places, times }) => {
    const block = { driver: driverName, options: optionsOf(answers, values), folders: foldersOf(places), ...(times.length && { schedule: times }) };
    await putService(name, block, places);
    await reload.status();
    say("ok", `${name} has been added.`);
    go(link(["services", name]));
  };
  const head = html`
    <${Field} id="name" label="Name" hint="How it is called here: “laptop”, “backup disk”." fault=${fault}>
      ${(props) => html`<input class="input" ...${props} value=${name} autocomplete="off" onInput=${(event) => rename(event.target.value)} />`}
    <//>
    <${Field} id="driver" label="Kind" hint=${driver?.description}>
      ${(props) => html`<select class="input" ...${props} value=${driverName} onChange=${(event) => setDriver(event.target.value)}>
        ${drivers.map((one) => html`<option value=${one.name} key=${one.name}>${one.name.replaceAll("_", " ")}</option>`)}
      </select>`}
    <//>
  `;
  return html`<${ServiceForm} key="form" name=${name} options=${driver?.options ?? []} places=${firstPlaces(folders)} head=${head} checkHead=${checkName}
    onFaults=${(found) => setFault(found.name ?? "")} back="#/services" answer="Add the service" icon="plus" act=${act} />`;
}
