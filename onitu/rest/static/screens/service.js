/** One service: how it is doing, what it uses, what went wrong there, and its log. */

import { count, exactly, size, some, timeOfDay } from "../lib/format.js";
import { loadLog, loadService, removeService } from "../lib/model.js";
import { go, link, pathLink } from "../lib/router.js";
import { HIDDEN, standsAt } from "../lib/setup.js";
import { useSamples } from "../lib/samples.js";
import { reload, useStore } from "../lib/store.js";
import { isHeld, onTheWay } from "../lib/summary.js";
import { html, Icon, useEffect } from "../lib/ui.js";
import { ConfirmedAction, Empty, Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { Controls } from "../parts/controls.js";
import { Plot } from "../parts/plot.js";
import { SignIn } from "../parts/signin.js";
import { Filling, Mode, ofMapping, ofService, State } from "../parts/standing.js";
import { percent } from "./services.js";

/** Milliseconds between two looks at the log. */
const PERIOD = 2_000;

/** @param {{name: string}} props */
export function Service({ name }) {
  const service = useStore((state) => state.services.find((one) => one.name === name));
  const loaded = useStore((state) => state.loaded);
  const back = { href: "#/services", text: "Services" };
  if (!service) {
    return html`<${Heading} title=${name} back=${back} />
      ${loaded ? html`<section class="card"><${Empty} icon="service" title="There is no such service" /></section>` : html`<${Loading} />`}`;
  }
  return html`
    <${Heading} title=${name} back=${back} lead=${html`<${State} standing=${ofService(service)} pill /> ${service.driver}`}
      actions=${html`<${Controls} service=${service} />`} />
    <div class="stack">
      ${service.reason && html`<${Notice} tone=${ofService(service).tone}>${service.reason}<//>`}
      <${SignIn} service=${service} />
      <${Folders} service=${service} />
      <${Usage} name=${name} />
      <${Log} name=${name} />
      <${Settings} service=${service} />
    </div>
  `;
}

/** @param {{service: import("../lib/types.js").Service}} props */
function Folders({ service }) {
  const state = useStore((all) => all);
  const mine = state.folders
    .map((folder) => ({ folder, mapping: folder.services.find((one) => one.service === service.name) }))
    .filter(({ mapping }) => mapping);
  const there = ["active", "held"].includes(service.status);
  const lacking = (/** @type {any} */ folder, /** @type {any} */ mapping) => mapping.pending + onTheWay(state, service.name, folder.name);
  return html`
    <section class="card" aria-labelledby="folders">
      <header><h2 id="folders">Folders here</h2></header>
      ${!mine.length && html`<p class="inner muted">It takes part in no folder.</p>`}
      <ul class="verdicts">
        ${mine.map(
          ({ folder, mapping }) => html`<li key=${folder.name}>
            <a href=${pathLink("files", folder.name, "")}>${folder.name}</a>
            <${State} standing=${ofMapping(mapping, service, isHeld(state, service.name, folder.name), onTheWay(state, service.name, folder.name))} />
            <span class="row tight muted">${there && `${arrived(folder, lacking(folder, mapping))}, `}${mapping.path === "." ? "at the root" : html`<code>${mapping.path}</code>`}<${Mode} mode=${mapping.mode} />
              ${mapping.pending > 0 && html`<a href=${link(["files", folder.name], { service: service.name })}>what is to come</a>`}</span>
            <${Filling} folder=${folder} left=${lacking(folder, mapping)} label=${`${folder.name} here`} />
          </li>`,
        )}
      </ul>
    </section>
  `;
}

/** How much of a folder is here. @param {import("../lib/types.js").Folder} folder @param {number} left */
const arrived = ({ files, bytes }, left) => (left ? `${count(Math.max(0, files - left))} of ${some(files, "file")}` : `${some(files, "file")}, ${size(bytes)}`);

/** @param {{name: string}} props */
function Usage({ name }) {
  const samples = useSamples(name);
  return html`
    <section class="card" aria-labelledby="usage">
      <header><h2 id="usage">What its process uses</h2><p>Since this page was opened, ten minutes at most</p></header>
      <div class="inner plots">
        <${Plot} label="CPU" points=${samples.map((one) => one.cpu)} shown=${percent} least=${10} span="in the last minutes" />
        <${Plot} label="Memory" points=${samples.map((one) => one.memory)} shown=${size} least=${32 * 2 ** 20} span="in the last minutes" />
      </div>
    </section>
  `;
}

/** @param {{name: string}} props */
function Log({ name }) {
  const { value, error, again } = useLoaded((signal) => loadLog(name, signal), [name]);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && again(), PERIOD);
    return () => clearInterval(timer);
  }, []);
  const lines = value?.lines ?? [];
  const faults = value?.errors.slice(-8) ?? [];
  return html`
    <section class="card" aria-labelledby="faults">
      <header><h2 id="faults">Last errors</h2></header>
      ${error && html`<div class="inner"><${Notice} tone="warn">${error}<//></div>`}
      ${value && !faults.length && html`<p class="inner muted">None that is remembered.</p>`}
      <ul class="log">${faults.toReversed().map((line) => html`<${Line} line=${line} key=${line.key} />`)}</ul>
    </section>
    <section class="card" aria-labelledby="log">
      <header><h2 id="log">Log</h2><p>Newest first</p></header>
      ${value && !lines.length && html`<p class="inner muted">Nothing was logged yet.</p>`}
      <div class="tall" tabindex="0" role="group" aria-label="Lines of the log">
        <ol class="log">${lines.toReversed().map((line) => html`<${Line} line=${line} key=${line.key} />`)}</ol>
      </div>
    </section>
  `;
}

const TONES = { error: "bad", critical: "bad", warning: "warn" };

/** @param {{line: import("../lib/model.js").LogLine}} props */
const Line = ({ line }) => html`
  <li>
    <time class="muted number" datetime=${new Date(line.time * 1000).toISOString()} title=${exactly(line.time)}>${timeOfDay(line.time)}</time>
    <span class="event" data-tone=${TONES[line.level]}>${TONES[line.level] && html`<${Icon} name="alert" />`}${line.event.replaceAll("_", " ")}</span>
    <span class="muted words">${line.words}</span>
  </li>
`;

/** @param {{service: import("../lib/types.js").Service}} props */
function Settings({ service }) {
  const { value } = useLoaded((signal) => loadService(service.name, signal), [service.name, service.status]);
  const remove = async () => {
    await removeService(service.name);
    await reload.status();
    go("#/services");
  };
  return html`
    <section class="card" aria-labelledby="settings">
      <header>
        <h2 id="settings">Settings</h2>
        <div class="row">
          <a class="button" href=${link(["services", service.name, "change"])}><${Icon} name="pencil" />Change</a>
          <${ConfirmedAction} icon="trash" tone="danger" title=${`Remove ${service.name}?`} answer="Remove" act=${remove} done=${`${service.name} has been removed.`}
            question="Onitu forgets this service. Nothing is deleted there, nor anywhere else.">Remove<//>
        </div>
      </header>
      ${value && html`<dl class="facts inner">
        ${Object.entries(value.options).map(([key, option]) => html`<div key=${key}><dt>${key}</dt><dd>${optionText(option)}</dd></div>`)}
        ${!Object.keys(value.options).length && html`<p class="muted">It has no options of its own.</p>`}
      </dl>`}
    </section>
  `;
}

/** @param {any} option */
const optionText = (option) => (option === null ? "–" : option === HIDDEN || typeof option === "object" ? standsAt(option) : String(option));
