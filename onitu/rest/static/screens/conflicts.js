/** The conflict inbox: two contents for one name, side by side, for a person to choose. */

import { compare } from "../lib/diff.js";
import { baseName, exactly, size, some } from "../lib/format.js";
import { resolveConflict } from "../lib/model.js";
import { pathLink } from "../lib/router.js";
import { reload, useStore } from "../lib/store.js";
import { html, useState } from "../lib/ui.js";
import { Action, Empty, Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { Download } from "../parts/download.js";
import { Cut, loadContent, Shown } from "../parts/preview.js";

/** Conflicts that show their contents at once; the others do when they are opened. */
const OPEN = 1;

/** Conflicts that are listed; others follow when these are settled. */
const MOST = 100;

export function Conflicts() {
  const conflicts = useStore((state) => state.conflicts);
  const loaded = useStore((state) => state.loaded);
  const lead = conflicts.length
    ? `${some(conflicts.length, "file was", "files were")} changed on two sides before Onitu could tell them of each other. Both contents are kept, under two names, until you choose.`
    : "Where two sides change the same file, both contents are kept, and you choose here.";
  return html`
    <${Heading} title="Conflicts" lead=${lead} />
    <div class="stack">
      ${!loaded && html`<${Loading} />`}
      ${loaded && !conflicts.length && html`<section class="card"><${Empty} icon="check" title="No conflicts">Nothing waits for your choice.<//></section>`}
      ${conflicts.slice(0, MOST).map((conflict, index) => html`<${One} conflict=${conflict} first=${index < OPEN} key=${conflict.fid} />`)}
      ${conflicts.length > MOST && html`<p class="muted">and ${some(conflicts.length - MOST, "more", "more")}</p>`}
    </div>
  `;
}

/** @param {{conflict: import("../lib/types.js").Conflict, first: boolean}} props */
function One({ conflict, first }) {
  const [open, setOpen] = useState(first);
  const { folder, file, kept, lost } = conflict;
  const path = file.filename;
  const settle = (/** @type {string} */ keep) => async () => {
    await resolveConflict(conflict, keep);
    await reload.conflicts();
  };
  return html`
    <article class="card conflict" aria-label=${`${folder}/${path}`}>
      <header>
        <div class="clip-box">
          <h2><a href=${pathLink("file", folder, path)}>${baseName(path)}</a></h2>
          <p>${folder}/${path}: changed on <strong>${kept}</strong> and on <strong>${lost}</strong></p>
        </div>
        <div class="row">
          <button type="button" class="button plain" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Hide" : "Compare"}</button>
          <${Action} icon="file" act=${settle("both")} done="Both are kept, each under its name.">Keep both<//>
        </div>
      </header>
      ${open && html`<${Sides} conflict=${conflict} settle=${settle} />`}
    </article>
  `;
}

/** @param {{conflict: import("../lib/types.js").Conflict, settle: (keep: string) => () => Promise<void>}} props */
function Sides({ conflict, settle }) {
  const { file, copy, kept, lost } = conflict;
  const { value, error } = useLoaded(
    async (signal) => {
      const files = [file, copy];
      const contents = await Promise.all(files.map((one) => loadContent(one, signal)));
      return files.map((one, index) => ({ file: one, content: contents[index] }));
    },
    [file.fid, file.version, copy.fid, copy.version],
  );
  if (error) return html`<div class="inner"><${Notice} tone="warn">${error}<//></div>`;
  if (!value) return html`<${Loading} />`;
  const [one, other] = value;
  const texts = one.content.kind === "text" && other.content.kind === "text";
  const [ours, theirs] = texts ? compare(one.content.text, other.content.text) : [null, null];
  const same = kept === lost;
  return html`
    <div class="sides">
      <${Side} service=${kept} note="has the name now" file=${one.file} content=${one.content} lines=${ours} act=${settle(kept)} same=${same} />
      <${Side} service=${lost} note=${`lies beside it as “${baseName(copy.filename)}”`} file=${other.file} content=${other.content} lines=${theirs} act=${settle(lost)} same=${same} />
    </div>
  `;
}

/**
 * @param {{service: string, note: string, file: import("../lib/types.js").File, content: import("../parts/preview.js").Content,
 *   lines: {text: string, own: boolean}[] | null, act: () => Promise<void>, same: boolean}} props
 */
const Side = ({ service, note, file, content, lines, act, same }) => html`
  <section class="side-of" aria-label=${`From ${service}`}>
    <div class="inner stack-small">
      <div class="row between">
        <h3>${service}</h3>
        <span class="muted small number">${size(file.size)}</span>
      </div>
      <p class="muted small">${note}; changed ${exactly(file.mtime)}</p>
      <div class="row tight">
        ${!same && html`<${Action} icon="check" tone="main-action" act=${act} done=${`The content from ${service} is kept.`} label=${`Keep the content from ${service}`}>Keep this<//>`}
        <${Download} file=${file} />
      </div>
    </div>
    ${lines
      ? html`<${Lines} lines=${lines} name=${`from ${service}`} /><${Cut} content=${content} />`
      : html`<${Shown} content=${content} name=${file.filename} />`}
  </section>
`;

/** @param {{lines: {text: string, own: boolean}[], name: string}} props */
const Lines = ({ lines, name }) => html`
  <pre class="text compared" tabindex="0" role="region" aria-label=${`Text ${name}`}>${lines.map(
    ({ text, own }, index) => html`<span class=${own ? "own" : ""} key=${index}><span class="sign">${own ? "›" : " "}</span>${text}${"\n"}</span>`,
  )}</pre>
`;
