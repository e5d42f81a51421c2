/** Directories as a tree of lists: each is loaded when it is opened. */

import { loadDirectory } from "../lib/model.js";
import { pathLink } from "../lib/router.js";
import { html, Icon, useEffect, useState } from "../lib/ui.js";
import { useLoaded } from "./basic.js";
import { useFresh, useLast } from "./fresh.js";

/** Directories shown of one; the rest is found on the right. */
const MOST = 500;

/** @param {{folders: import("../lib/types.js").Folder[], folder: string, path: string}} props */
export const Tree = ({ folders, folder, path }) => html`
  <ul class="tree">
    ${folders.map((one) => html`<${Branch} key=${one.name} folder=${one.name} path="" name=${one.name} at=${one.name === folder ? path : null} />`)}
  </ul>
`;

/** @param {{folder: string, path: string, name: string, at: string | null}} props `at` is where one is, or null: elsewhere. */
function Branch({ folder, path, name, at }) {
  const here = at === path;
  const within = at !== null && (here || path === "" || at.startsWith(`${path}/`));
  const [open, setOpen] = useState(within);
  useEffect(() => {
    if (within) setOpen(true);
  }, [within]);
  return html`
    <li>
      <div class="branch">
        <button type="button" class="twig" aria-expanded=${open} aria-label=${`Directories in ${name}`} onClick=${() => setOpen(!open)}>
          <${Icon} name="chevron" />
        </button>
        <a href=${pathLink("files", folder, path)} class="clip" aria-current=${here ? "page" : undefined} title=${name}>${name}</a>
      </div>
      ${open && html`<${Twigs} folder=${folder} path=${path} at=${within ? at : null} />`}
    </li>
  `;
}

/** @param {{folder: string, path: string, at: string | null}} props */
function Twigs({ folder, path, at }) {
  const { value, again } = useLoaded((signal) => loadDirectory(folder, path, MOST, signal), [folder, path]);
  useFresh(again, (file) => file.folder === folder && (path === "" || file.filename.startsWith(`${path}/`)));
  const shown = useLast(value, `${folder}/${path}`);
  if (!shown?.directories.length) return null;
  return html`
    <ul>
      ${shown.directories.map((name) => {
        const below = path ? `${path}/${name}` : name;
        const inside = at !== null && (at === below || at.startsWith(`${below}/`));
        return html`<${Branch} key=${name} folder=${folder} path=${below} name=${name} at=${inside ? at : null} />`;
      })}
    </ul>
  `;
}
