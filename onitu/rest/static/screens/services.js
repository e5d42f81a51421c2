/** All services: how they are doing, and what their processes use. */

import { size, some } from "../lib/format.js";
import { link } from "../lib/router.js";
import { useSamples } from "../lib/samples.js";
import { useStore } from "../lib/store.js";
import { onTheWay } from "../lib/summary.js";
import { html, Icon } from "../lib/ui.js";
import { Empty, Heading, Loading } from "../parts/basic.js";
import { Plot } from "../parts/plot.js";
import { ofService, State } from "../parts/standing.js";
import { Controls } from "../parts/controls.js";

export function Services() {
  const services = useStore((state) => state.services);
  const loaded = useStore((state) => state.loaded);
  const add = html`<a class="button main-action" href="#/add"><${Icon} name="plus" />Add a service</a>`;
  return html`
    <${Heading} title="Services" lead="The places where your folders are kept. Each has a driver in a process of its own." actions=${add} />
    ${!loaded && html`<${Loading} />`}
    ${loaded && !services.length && html`<section class="card"><${Empty} icon="service" title="No service yet"><a href="#/add">Add the first one</a><//></section>`}
    <div class="services">
      ${services.map((service) => html`<${Card} service=${service} key=${service.name} />`)}
    </div>
  `;
}

/** @param {{service: import("../lib/types.js").Service}} props */
function Card({ service }) {
  const samples = useSamples(service.name);
  const folders = useStore((state) => state.folders);
  const mine = folders.filter((folder) => folder.services.some((one) => one.service === service.name));
  const words = [service.driver, some(mine.length, "folder")];
  const left = useStore((state) => service.pending + onTheWay(state, service.name));
  if (left) words.push(`${some(left, "file")} to go`);
  return html`
    <article class="card service-card" aria-label=${service.name}>
      <div class="inner stack-small">
        <div class="row between">
          <h2><a href=${link(["services", service.name])}>${service.name}</a></h2>
          <${State} standing=${ofService(service)} pill />
        </div>
        <p class="muted small">${words.join(" · ")}</p>
        ${service.reason && html`<p class="reason">${service.reason}</p>`}
        <div class="plots">
          <${Plot} label="CPU" points=${samples.map((one) => one.cpu)} shown=${percent} least=${10} span="since this page was opened" />
          <${Plot} label="Memory" points=${samples.map((one) => one.memory)} shown=${size} least=${32 * 2 ** 20} span="since this page was opened" />
        </div>
        <${Controls} service=${service} />
      </div>
    </article>
  `;
}

/** @param {number} value */
export const percent = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} %`;
