/** One file: who has which version, what became of it, and why it is where it is. */

import { ago, baseName, exactly, parent, size } from "../lib/format.js";
import { loadFile, loadHistory, loadWhy } from "../lib/model.js";
import { link, pathLink } from "../lib/router.js";
import { useStore } from "../lib/store.js";
import { html, Icon, useEffect } from "../lib/ui.js";
import { Empty, Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { Download } from "../parts/download.js";
import { Preview } from "../parts/preview.js";

/** @param {{folder: string, path: string}} props */
export function File({ folder, path }) {
  const changed = useStore((state) => state.filesChanged);
  const file = useLoaded((signal) => loadFile(folder, path, signal), [folder, path]);
  const why = useLoaded((signal) => loadWhy(folder, path, signal), [folder, path]);
  useEffect(() => {
    const timer = changed ? setTimeout(() => [file, why].forEach((one) => one.again()), 500) : 0;
    return () => clearTimeout(timer);
  }, [changed]);
  const directory = parent(path);
  const back = { href: pathLink("files", folder, directory), text: [folder, directory].filter(Boolean).join("/") };
  const known = file.value;
  return html`
    <${Heading} title=${baseName(path)} back=${back} actions=${known && html`<${Download} file=${known} />`} />
    <div class="stack">
      ${file.error && html`<${Notice} tone="warn">${file.error}<//>`}
      ${known && html`<section class="card inner" aria-label="Facts"><${Facts} file=${known} /></section>`}
      <section class="card" aria-labelledby="why">
        <header><h2 id="why">Where it is, and why</h2></header>
        ${why.error && html`<div class="inner"><${Notice} tone="warn">${why.error}<//></div>`}
        ${why.value ? html`<${Verdicts} verdicts=${why.value} />` : !why.error && html`<${Loading} />`}
      </section>
      ${known && html`<${History} file=${known} />`}
      ${known && html`<${Preview} file=${known} title="Content" />`}
    </div>
  `;
}

/** @param {{file: import("../lib/types.js").File}} props */
const Facts = ({ file }) => html`
  <dl class="facts">
    <div><dt>Size</dt><dd>${size(file.size)}</dd></div>
    <div><dt>Type</dt><dd>${file.mimetype}</dd></div>
    <div><dt>Changed</dt><dd title=${exactly(file.mtime)}>${exactly(file.mtime)}</dd></div>
    <div><dt>Version</dt><dd>${file.version}</dd></div>
  </dl>
`;

/** @type {Record<string, [import("../lib/types.js").Tone, string]>} */
const STANDINGS = {
  "up to date": ["ok", "check"],
  behind: ["busy", "sync"],
  "under way": ["busy", "sync"],
  undecided: ["busy", "clock"],
  "keeps the other content": ["warn", "conflict"],
  drifted: ["warn", "alert"],
};

/** @param {{verdicts: {service: string, standing: string, reason: string, path: string}[]}} props */
const Verdicts = ({ verdicts }) => html`
  <ul class="verdicts">
    ${verdicts.map(({ service, standing, reason, path }) => {
      const [tone, icon] = STANDINGS[standing] ?? ["off", "minus"];
      return html`<li key=${service}>
        <a href=${link(["services", service])} class="clip">${service}</a>
        <span class="state" data-tone=${tone}><${Icon} name=${icon} />${standing}</span>
        <span class="muted">${reason}${path && html`, there as <code>${path}</code>`}</span>
      </li>`;
    })}
  </ul>
`;

/** @param {{file: import("../lib/types.js").File}} props */
function History({ file }) {
  const { value, error } = useLoaded((signal) => loadHistory(file.fid, signal), [file.fid, file.version]);
  return html`
    <section class="card" aria-labelledby="history">
      <header><h2 id="history">History</h2><p>Newest first</p></header>
      ${error && html`<div class="inner"><${Notice} tone="warn">${error}<//></div>`}
      ${value && (value.length
        ? html`<ol class="history">${value.map((one) => html`<li key=${one.version}>
            <span class="number strong">Version ${one.version}</span>
            <span>${one.text}${one.current && html` <span class="tag">current</span>`}</span>
            ${one.time != null && html`<time class="muted" datetime=${new Date(one.time * 1000).toISOString()} title=${exactly(one.time)}>${ago(one.time)}</time>`}
          </li>`)}</ol>`
        : html`<${Empty} icon="clock" title="No history yet" />`)}
    </section>
  `;
}
