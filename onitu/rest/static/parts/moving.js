/** Transfers that are under way, with how far they are and how fast. */

import { baseName, duration, parent, rate, size } from "../lib/format.js";
import { html, Icon } from "../lib/ui.js";

/** @param {{transfers: import("../lib/types.js").Transfer[]}} props */
export const Moving = ({ transfers }) => html`
  <ul class="moving">
    ${transfers.map((transfer) => html`<${One} transfer=${transfer} key=${transfer.key} />`)}
  </ul>
`;

/**
 * What one driver takes over from another on the same machine shows nothing of its way before the end.
 * @param {{transfer: import("../lib/types.js").Transfer}} props
 */
function One({ transfer }) {
  const { folder, filename, source, target, size: bytes, done } = transfer;
  const left = transfer.rate > 0 ? `${duration((bytes - done) / transfer.rate)} left` : "";
  const percent = bytes > 0 ? Math.floor((100 * done) / bytes) : 0;
  return html`
    <li>
      <div class="row between">
        <span class="what clip" title=${`${folder}/${filename}`}>
          <strong>${baseName(filename)}</strong>
          <span class="muted"> ${[folder, parent(filename)].filter(Boolean).join("/")}</span>
        </span>
        <${Way} source=${source} target=${target} />
      </div>
      <progress max="100" value=${done > 0 ? percent : undefined} aria-label=${`${filename} to ${target}`}></progress>
      <div class="row between small muted number">
        <span>${done > 0 ? `${size(done)} of ${size(bytes)} (${percent} %)` : `${size(bytes)}, under way`}</span>
        <span>${[transfer.rate > 0 ? rate(transfer.rate) : "", left].filter(Boolean).join(" · ")}</span>
      </div>
    </li>
  `;
}

/** From where to where. @param {{source: string, target: string}} props */
export const Way = ({ source, target }) => html`
  <span class="way">${source || "?"} <${Icon} name="chevron" /><span class="hidden-visually">to</span> ${target}</span>
`;
