/** Which services have the current version of a file, in a few characters. */

import { list } from "../lib/format.js";
import { html, Icon } from "../lib/ui.js";

/** @param {{file: import("../lib/types.js").File}} props */
export function Holders({ file }) {
  const { owners, uptodate } = file;
  const lacking = owners.filter((name) => !uptodate.includes(name));
  const all = lacking.length === 0;
  const words = all ? `On ${list(uptodate)}` : `On ${uptodate.length ? list(uptodate) : "no service"}, still to come on ${list(lacking)}`;
  return html`
    <span class="state" data-tone=${all ? "ok" : "busy"} title=${words}>
      <${Icon} name=${all ? "check" : "sync"} />
      <span aria-hidden="true" class="number">${uptodate.length}/${owners.length}</span>
      <span class="hidden-visually">${words}</span>
    </span>
  `;
}
