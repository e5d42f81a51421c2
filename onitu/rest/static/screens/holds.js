/** What Onitu does not do before a person has agreed: to delete much at once, or to go back to older contents. */

import { exactly, some } from "../lib/format.js";
import { decideHold } from "../lib/model.js";
import { link, pathLink } from "../lib/router.js";
import { reload, useStore } from "../lib/store.js";
import { html, Icon } from "../lib/ui.js";
import { ConfirmedAction, Empty, Heading, Loading, Notice } from "../parts/basic.js";

/** Paths that are shown of a hold. */
const MOST = 200;

export function Holds() {
  const holds = useStore((state) => state.holds);
  const halts = useStore((state) => state.halts);
  const loaded = useStore((state) => state.loaded);
  return html`
    <${Heading} title="Holds" lead="When a service suddenly lacks much of a folder, or all of it, Onitu asks before it does the same everywhere else." />
    <div class="stack">
      ${!loaded && html`<${Loading} />`}
      ${loaded && !holds.length && !halts.length && html`<section class="card"><${Empty} icon="check" title="Nothing is held">Deletions go through as they come, as long as they are not many at once.<//></section>`}
      ${halts.map((halt) => html`<${Lost} halt=${halt} key=${`root ${halt.service} ${halt.folder}`} />`)}
      ${holds.map((hold) => html`<${One} hold=${hold} key=${`${hold.service} ${hold.folder}`} />`)}
    </div>
  `;
}

/** Decides about what is held. @param {{service: string, folder: string}} hold */
const deciding = (hold) => (/** @type {string} */ order, /** @type {Record<string, string | number>} */ about = {}) => async () => {
  await decideHold(hold, order, about);
  await Promise.all([reload.holds(), reload.status()]);
};

/** Of which folder and service something is held. @param {{service: string, folder: string}} hold */
const Title = ({ service, folder }) =>
  html`<h2><a href=${pathLink("files", folder, "")}>${folder}</a> on <a href=${link(["services", service])}>${service}</a></h2>`;

/** @param {{halt: import("../lib/types.js").Halt}} props */
function Lost({ halt }) {
  const { service, folder, reason } = halt;
  const title = `${folder} on ${service}`;
  return html`
    <article class="card" aria-label=${title}>
      <header>
        <${Title} service=${service} folder=${folder} />
        <${ConfirmedAction} icon="play" title=${`Take what is there now for ${title}?`} answer="Go on with it" act=${deciding(halt)("approve", { what: "root" })}
          done=${`${title}: it goes on with what is there now.`}
          question=${html`As with a new service: equal files are taken as they are, different ones are conflicts, and nothing is deleted anywhere. Do this
            where a new disk is in the place of an old one.`}>Go on with what is there<//>
      </header>
      <div class="inner stack">
        <${Notice} tone="bad">${reason}<//>
        <p class="muted">Bring it back, and it goes on by itself. Nothing is deleted anywhere meanwhile.</p>
      </div>
    </article>
  `;
}

/** @param {{hold: import("../lib/types.js").Hold & {since: number | null}}} props */
function One({ hold }) {
  const { service, folder, reason, order, count, paths, since } = hold;
  const decide = deciding(hold);
  const title = `${folder} on ${service}`;
  return html`
    <article class="card" aria-label=${title}>
      <header>
        <div>
          <${Title} service=${service} folder=${folder} />
          <p>${some(count, "change")} held${since ? ` since ${exactly(since)}` : ""}</p>
        </div>
        ${!order && html`<div class="row">
          <${ConfirmedAction} icon="undo" tone="main-action" title=${`Restore ${some(count, "file")}?`} answer="Restore" act=${decide("restore")}
            done=${`${title}: what was lost is brought back.`}
            question=${html`<strong>${service}</strong> gets back what it lacks, from the services that still have it. Nothing is deleted anywhere.`}>Restore<//>
          <${ConfirmedAction} icon="trash" tone="danger" title=${`Let ${some(count, "change")} through?`} answer="Let them through" act=${decide("approve", { what: "hold", count })}
            done=${`${title}: the changes go through.`}
            question=${html`What happened on <strong>${service}</strong> is then done on all other services of ${folder} too. What they lose by it goes to their trash first.`}>Approve<//>
        </div>`}
      </header>
      <div class="inner stack">
        ${reason && html`<${Notice} tone="warn">${reason}<//>`}
        ${order && html`<${Notice} tone="busy">Decided: ${order}. It is being carried out${"\u00a0"}…<//>`}
        <div>
          <h3>What is concerned</h3>
          <div class="paths" tabindex="0" role="group" aria-label="Files that are concerned"><ul>
            ${paths.slice(0, MOST).map((path) => html`<li key=${path}><${Icon} name="file" /><a href=${pathLink("file", folder, path)}>${path}</a></li>`)}
          </ul></div>
          ${count > Math.min(paths.length, MOST) && html`<p class="muted small">and ${some(count - Math.min(paths.length, MOST), "more", "more")}</p>`}
        </div>
      </div>
    </article>
  `;
}
