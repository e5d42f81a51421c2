/** A link that saves a file. */

import { token } from "../lib/api.js";
import { baseName } from "../lib/format.js";
import { contentOf, fetchContent } from "../lib/model.js";
import { html, Icon } from "../lib/ui.js";
import { Action } from "./basic.js";

/** @param {{file: import("../lib/types.js").File}} props */
export function Download({ file }) {
  const name = baseName(file.filename);
  if (!token.get()) {
    return html`<a class="button" href=${contentOf(file.fid)} download=${name}><${Icon} name="download" />Download</a>`;
  }
  // A link cannot show the token, so the content is fetched and handed to the browser.
  const save = async () => {
    const url = URL.createObjectURL(await (await fetchContent(file.fid)).blob());
    const anchor = Object.assign(document.createElement("a"), { href: url, download: name });
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  return html`<${Action} icon="download" act=${save}>Download<//>`;
}
