/** What is moving, and what has just arrived. */

import { ago, pathOf, rate, size, some } from "../lib/format.js";
import { pathLink } from "../lib/router.js";
import { useStore } from "../lib/store.js";
import { html, Icon } from "../lib/ui.js";
import { Empty, Heading } from "../parts/basic.js";
import { Moving, Way } from "../parts/moving.js";

export function Transfers() {
  const transfers = [...useStore((state) => state.transfers).values()];
  const moving = transfers.filter((one) => one.state === "moving");
  const ended = transfers.filter((one) => one.state !== "moving");
  const together = moving.reduce((sum, one) => sum + one.rate, 0);
  const lead = moving.length ? `${some(moving.length, "file is", "files are")} moving${together ? `, together ${rate(together)}` : ""}.` : "Nothing is moving.";
  return html`
    <${Heading} title="Transfers" lead=${lead} />
    <div class="stack">
      <section class="card" aria-labelledby="now">
        <header><h2 id="now">Moving now</h2></header>
        ${moving.length
          ? html`<${Moving} transfers=${moving} />`
          : html`<${Empty} icon="transfer" title="All is still">A file shows up here when its content travels.<//>`}
      </section>
      ${ended.length > 0 && html`<${Ended} transfers=${ended} />`}
    </div>
  `;
}

/** @param {{transfers: import("../lib/types.js").Transfer[]}} props */
const Ended = ({ transfers }) => html`
  <section class="card" aria-labelledby="ended">
    <header><h2 id="ended">Just now</h2><p>The last minutes, as seen by this page</p></header>
    <ul class="ended">
      ${transfers.map(
        (one) => html`<li key=${one.key}>
          <a href=${pathLink("file", one.folder, one.filename)}>${pathOf(one)}</a>
          <${Way} source=${one.source} target=${one.target} />
          <span class="end number muted">${size(one.size)}</span>
          ${one.state === "finished"
            ? html`<span class="state nowrap" data-tone="ok"><${Icon} name="check" />Arrived ${ago(one.time / 1000)}</span>`
            : html`<span class="state nowrap" data-tone="warn"><${Icon} name="alert" />Given up</span><span class="error muted small">${one.error}</span>`}
        </li>`,
      )}
    </ul>
  </section>
`;
