/** What was replaced or deleted and is kept for a while: seen, and had back. */

import { ago, count, exactly, size, some } from "../lib/format.js";
import { emptyTrash, loadTrash, restoreCopy } from "../lib/model.js";
import { go, link } from "../lib/router.js";
import { useStore } from "../lib/store.js";
import { html, Icon, useEffect, useState } from "../lib/ui.js";
import { Action, ConfirmedAction, Empty, Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { useLast } from "../parts/fresh.js";
import { say } from "../parts/toasts.js";

/** Lines of a page. */
const PAGE = 200;

/** @param {{query: URLSearchParams}} props */
export function Trash({ query }) {
  const [folder, service] = ["folder", "service"].map((name) => query.get(name) ?? "");
  const [part, setPart] = useState("");
  const { value, error, again } = useLoaded((signal) => loadTrash({ folder, service }, signal), [folder, service]);
  const shown = useLast(value, `${folder}/${service}`);
  const emptied = async () => {
    say("ok", `${await emptyTrash(folder, service)}.`);
    again();
  };
  const actions = html`
    <${Action} icon="sync" act=${async () => again()}>Look again<//>
    ${folder && service && shown?.copies.length > 0 && html`<${ConfirmedAction} icon="trash" tone="danger" title=${`Empty the trash of ${folder} on ${service}?`}
      answer="Empty it" act=${emptied} question=${`${some(shown.copies.length, "copy goes", "copies go")} for good, and cannot be had back.`}>Empty<//>`}
  `;
  return html`
    <${Heading} title="Trash" lead="What Onitu has replaced or deleted, kept on its service or by Onitu itself, as long as the setup says." actions=${actions} />
    <div class="stack">
      ${error && html`<${Notice} tone="bad" alert>${error}<//>`}
      ${shown?.faults.map((fault) => html`<${Notice} tone="warn" key=${fault.service}>${fault.service} could not be asked what it keeps: ${fault.reason}<//>`)}
      <section class="card" aria-label="What is kept">
        <${Filter} folder=${folder} service=${service} part=${part} setPart=${setPart} />
        ${shown ? html`<${Copies} copies=${shown.copies} part=${part} again=${again} />` : !error && html`<${Loading} />`}
      </section>
    </div>
  `;
}

/** @param {{folder: string, service: string, part: string, setPart: (part: string) => void}} props */
function Filter({ folder, service, part, setPart }) {
  const folders = useStore((state) => state.folders);
  const services = useStore((state) => state.services);
  const choose = (/** @type {Record<string, string>} */ chosen) => go(link(["trash"], { folder, service, ...chosen }));
  return html`
    <form class="inner filter row" role="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Choice} label="Folder" all="All folders" value=${folder} names=${folders.map(({ name }) => name)} choose=${(name) => choose({ folder: name })} />
      <${Choice} label="Service" all="All services" value=${service} names=${services.map(({ name }) => name)} choose=${(name) => choose({ service: name })} />
      <div class="search">
        <${Icon} name="search" />
        <input class="input" type="search" aria-label="A part of the path" placeholder="A part of the path" value=${part} onInput=${(event) => setPart(event.target.value)} />
      </div>
    </form>
  `;
}

/** @param {{label: string, all: string, value: string, names: string[], choose: (name: string) => void}} props */
const Choice = ({ label, all, value, names, choose }) => html`
  <select class="input choice" aria-label=${label} value=${value} onChange=${(event) => choose(event.target.value)}>
    <option value="" selected=${!value}>${all}</option>
    ${names.map((name) => html`<option value=${name} key=${name} selected=${name === value}>${name}</option>`)}
  </select>
`;

/** @param {{copies: import("../lib/model.js").KeptCopy[], part: string, again: () => void}} props */
function Copies({ copies, part, again }) {
  const [pages, setPages] = useState(1);
  const wanted = part.toLowerCase();
  useEffect(() => setPages(1), [wanted]);
  const found = wanted ? copies.filter(({ path }) => path.toLowerCase().includes(wanted)) : copies;
  if (!copies.length) return html`<${Empty} icon="trash" title="Nothing is kept">What Onitu replaces or deletes from now on is to be found here.<//>`;
  if (!found.length) return html`<${Empty} icon="search" title="Nothing that is kept has that in its path">Upper and lower case are the same here.<//>`;
  return html`
    <p class="inner muted small" role="status">${some(found.length, "copy", "copies")}, ${size(found.reduce((sum, one) => sum + one.size, 0))}, newest first</p>
    <table class="table files">
      <caption class="hidden-visually">What is kept</caption>
      <thead><tr><th scope="col">What</th><th scope="col" class="end">Size</th><th scope="col"><span class="hidden-visually">What can be done</span></th></tr></thead>
      <tbody>${found.slice(0, pages * PAGE).map((copy) => html`<${Line} copy=${copy} again=${again} key=${copy.key} />`)}</tbody>
    </table>
    ${found.length > pages * PAGE && html`<p class="inner"><button type="button" class="button" onClick=${() => setPages(pages + 1)}>Show more</button>
      <span class="muted small"> ${count(found.length - pages * PAGE)} more</span></p>`}
  `;
}

/** @param {{copy: import("../lib/model.js").KeptCopy, again: () => void}} props */
function Line({ copy, again }) {
  const { folder, path, service, keeper, target, time, size: bytes } = copy;
  const restore = async () => {
    const place = await restoreCopy(copy);
    say("ok", !place || place === path ? `${path} is back.` : `${path} is back as ${place}.`);
    again();
  };
  return html`
    <tr>
      <th scope="row">
        <span class="line-name"><${Icon} name="file" /><span>${folder}/${path}
          <span class="muted small kept">from ${service}, kept <time datetime=${new Date(time * 1000).toISOString()} title=${exactly(time)}>${ago(time)}</time>${keeper ? "" : " by Onitu itself"}${target !== null && html`, link to <code>${target}</code>`}</span>
        </span></span>
      </th>
      <td class="end number">${size(bytes)}</td>
      <td class="end"><${Action} icon="undo" act=${restore} label=${`Restore ${folder}/${path} from ${service}`}>Restore<//></td>
    </tr>
  `;
}
