/** The map: every folder on every service, and what waits for a person. */

import { count, rate, size, some } from "../lib/format.js";
import { link, pathLink } from "../lib/router.js";
import { useStore } from "../lib/store.js";
import { attention, headline, isHeld, onTheWay } from "../lib/summary.js";
import { html, Icon } from "../lib/ui.js";
import { Empty, Heading, Loading, Notice } from "../parts/basic.js";
import { Moving } from "../parts/moving.js";
import { Filling, Mode, ofMapping, ofService, State } from "../parts/standing.js";

/** Once there are two services, the screen of the services is where others are added. */
const add = html`<a class="button main-action" href="#/add"><${Icon} name="plus" />Add a service</a>`;

export function Overview() {
  const state = useStore((all) => all);
  if (!state.loaded) {
    return html`<${Heading} title="Overview" />${state.fault ? html`<${Notice} tone="bad" alert>${state.fault}<//>` : html`<${Loading} />`}`;
  }
  const moving = [...state.transfers.values()].filter((one) => one.state === "moving");
  return html`
    <${Heading} title="Overview" lead=${headline(state)} actions=${state.services.length < 2 && add} />
    <div class="stack">
      ${state.fault && html`<${Notice} tone="bad" alert>${state.fault}<//>`}
      <${Matters} matters=${attention(state)} />
      ${state.folders.length
        ? html`<${FolderMap} folders=${state.folders} services=${state.services} />`
        : html`<section class="card"><${Empty} icon="folder" title="Nothing is kept in sync yet">
            A service is a place where files are: a directory of this machine, a server, a cloud. Two of them with one
            folder are enough.
          <//></section>`}
      ${moving.length > 0 &&
      html`<section class="card" aria-labelledby="moving">
        <header><h2 id="moving">Moving now</h2><a href="#/transfers">All transfers</a></header>
        <${Moving} transfers=${moving.slice(0, 5)} />
        ${moving.length > 5 && html`<p class="inner muted">and ${count(moving.length - 5)} more, together ${rate(moving.reduce((sum, one) => sum + one.rate, 0))}</p>`}
      </section>`}
    </div>
  `;
}

/** @param {{matters: import("../lib/summary.js").Matter[]}} props */
function Matters({ matters }) {
  if (!matters.length) return null;
  return html`
    <section aria-label="What waits for you">
      <ul class="stack matters">
        ${matters.map(
          ({ tone, text, detail, href, verb }) => html`<li key=${text}>
            <${Notice} tone=${tone}>
              <div class="row between">
                <div><strong>${text}</strong>${detail && html`<div class="muted">${detail}</div>`}</div>
                <a class="button" href=${href} aria-label=${`${verb}: ${text}`}>${verb}</a>
              </div>
            <//>
          </li>`,
        )}
      </ul>
    </section>
  `;
}

/** @param {{folders: import("../lib/types.js").Folder[], services: import("../lib/types.js").Service[]}} props */
function FolderMap({ folders, services }) {
  return html`
    <section class="card map" aria-labelledby="map-title">
      <header>
        <div>
          <h2 id="map-title">Folders and services</h2>
          <p>${some(folders.length, "folder")} on ${some(services.length, "service")}</p>
        </div>
        <a class="button" href="#/folders"><${Icon} name="plus" />Add a folder</a>
      </header>
      <div class="scroll" tabindex="0" role="group" aria-label="The map, to be scrolled sideways">
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              <th scope="col" role="columnheader">Folder</th>
              ${services.map(
                (service) => html`<th scope="col" role="columnheader" key=${service.name}>
                  <a href=${link(["services", service.name])}>${service.name}</a>
                  <span class="driver">${service.driver}</span>
                  <${State} standing=${ofService(service)} />
                </th>`,
              )}
            </tr>
          </thead>
          <tbody role="rowgroup">
            ${folders.map((folder) => html`<${Line} folder=${folder} services=${services} key=${folder.name} />`)}
          </tbody>
        </table>
      </div>
    </section>
  `;
}

/** @param {{folder: import("../lib/types.js").Folder, services: import("../lib/types.js").Service[]}} props */
function Line({ folder, services }) {
  return html`
    <tr role="row">
      <th scope="row" role="rowheader">
        <a class="folder-name" href=${pathLink("files", folder.name, "")}><${Icon} name="folder" />${folder.name}</a>
        <span class="muted small">${some(folder.files, "file")}, ${size(folder.bytes)}</span>
      </th>
      ${services.map((service) => {
        const mapping = folder.services.find((one) => one.service === service.name);
        return html`<td role="cell" key=${service.name} data-service=${service.name} class=${mapping ? "" : "unmapped"}>
          ${mapping ? html`<${Cell} folder=${folder} mapping=${mapping} service=${service} />` : html`<span class="muted" aria-label="not kept here">–</span>`}
        </td>`;
      })}
    </tr>
  `;
}

/** @param {{folder: import("../lib/types.js").Folder, mapping: import("../lib/types.js").Mapping, service: import("../lib/types.js").Service}} props */
function Cell({ folder, mapping, service }) {
  const held = useStore((state) => isHeld(state, service.name, folder.name));
  const moving = useStore((state) => onTheWay(state, service.name, folder.name));
  const standing = ofMapping(mapping, service, held, moving);
  const left = mapping.pending + moving;
  const lacking = left > 0;
  const state = html`<${State} standing=${standing} />`;
  return html`
    <div class="cell">
      ${lacking ? html`<a href=${link(["files", folder.name], { service: service.name })} title="What is still to come">${state}</a>` : state}
      <${Mode} mode=${mapping.mode} />
    </div>
    <${Filling} folder=${folder} left=${left} label=${`${folder.name} on ${service.name}`} />
  `;
}
