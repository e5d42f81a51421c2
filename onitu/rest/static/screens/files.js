/** The file browser: a tree of directories, what is in one of them, and a search. */

import { count, date, exactly, parent, size, some } from "../lib/format.js";
import { loadDirectory, searchFiles } from "../lib/model.js";
import { go, link, pathLink } from "../lib/router.js";
import { useStore } from "../lib/store.js";
import { html, Icon, useEffect, useRef, useState } from "../lib/ui.js";
import { Empty, Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { useFresh, useLast } from "../parts/fresh.js";
import { Holders } from "../parts/holders.js";
import { Tree } from "../parts/tree.js";

/** Milliseconds after a key until the search is sent. */
const TYPING = 250;

/** Lines of a page. */
const PAGE = 200;

/** @param {{folder: string, path: string, query: URLSearchParams}} props */
export function Files({ folder, path, query }) {
  const folders = useStore((state) => state.folders);
  const loaded = useStore((state) => state.loaded);
  const lacking = query.get("service") ?? "";
  const part = query.get("q") ?? "";
  const searching = Boolean(part || lacking);
  const change = folder
    ? html`<a class="button" href=${link(["folders", folder])}><${Icon} name="pencil" />Change the folder</a>`
    : html`<a class="button" href="#/folders"><${Icon} name="plus" />Add a folder</a>`;
  return html`
    <${Heading} title="Files" lead=${lead(folder, part, lacking)} actions=${change} />
    <div class="browser">
      <aside class="card tree-card" aria-label="Folders"><${Tree} folders=${folders} folder=${folder} path=${path} /></aside>
      <section class="card" aria-label="Content">
        <header>
          <${Crumbs} folder=${folder} path=${path} />
          <${Search} folder=${folder} part=${part} lacking=${lacking} />
        </header>
        ${lacking && html`<p class="inner filter"><span class="tag">not yet on ${lacking}</span> <a href=${pathLink("files", folder, "")}>Show everything</a></p>`}
        ${searching
          ? html`<${Found} folder=${folder} part=${part} lacking=${lacking} />`
          : folder
            ? html`<${Directory} folder=${folder} path=${path} />`
            : html`<${Folders} folders=${folders} loaded=${loaded} />`}
      </section>
    </div>
  `;
}

/** @param {string} folder @param {string} part @param {string} lacking */
function lead(folder, part, lacking) {
  if (part) return `Paths with “${part}” in them${folder ? `, in ${folder}` : ""}.`;
  if (lacking) return `What ${lacking} is still to get${folder ? ` of ${folder}` : ""}.`;
  return "Everything Onitu keeps, wherever it lies.";
}

/** @param {{folder: string, path: string}} props */
function Crumbs({ folder, path }) {
  const parts = path ? path.split("/") : [];
  return html`
    <nav aria-label="Where you are" class="crumbs">
      <ol>
        <li><a href="#/files" aria-current=${folder ? undefined : "location"}>All folders</a></li>
        ${folder && html`<li><a href=${pathLink("files", folder, "")} aria-current=${path ? undefined : "location"}>${folder}</a></li>`}
        ${parts.map(
          (name, index) => html`<li key=${index}>
            <a href=${pathLink("files", folder, parts.slice(0, index + 1).join("/"))} aria-current=${index === parts.length - 1 ? "location" : undefined}>${name}</a>
          </li>`,
        )}
      </ol>
    </nav>
  `;
}

/** @param {{folder: string, part: string, lacking: string}} props */
function Search({ folder, part, lacking }) {
  const timer = useRef(0);
  const search = (/** @type {any} */ event) => {
    const typed = event.target.value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => go(link(folder ? ["files", folder] : ["files"], { q: typed, service: lacking })), TYPING);
  };
  return html`
    <form class="search" role="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Icon} name="search" />
      <input class="input" type="search" aria-label="Search for a part of a path" placeholder=${folder ? `Search in ${folder}` : "Search all folders"}
        defaultValue=${part} onInput=${search} />
    </form>
  `;
}

/** @param {{folders: import("../lib/types.js").Folder[], loaded: boolean}} props */
function Folders({ folders, loaded }) {
  if (!loaded) return html`<${Loading} />`;
  if (!folders.length) return html`<${Empty} icon="folder" title="There is no folder yet">A folder appears with the first service that has it.<//>`;
  return html`
    <ul class="lines">
      ${folders.map(
        (folder) => html`<li key=${folder.name}>
          <a class="line" href=${pathLink("files", folder.name, "")}>
            <${Icon} name="folder" /><span class="clip name">${folder.name}</span>
            <span class="muted number">${some(folder.files, "file")}</span><span class="muted number">${size(folder.bytes)}</span>
          </a>
        </li>`,
      )}
    </ul>
  `;
}

/** @param {{folder: string, path: string}} props */
function Directory({ folder, path }) {
  const [pages, setPages] = useState(1);
  useEffect(() => setPages(1), [folder, path]);
  const { value, error, again } = useLoaded((signal) => loadDirectory(folder, path, pages * PAGE, signal), [folder, path, pages]);
  useFresh(again, (file) => file.folder === folder && (path === "" || file.filename.startsWith(`${path}/`)));
  const shown = useLast(value, `${folder}/${path}`);
  if (error) return html`<div class="inner"><${Notice} tone="bad" alert>${error}<//></div>`;
  if (!shown) return html`<${Loading} />`;
  if (!shown.directories.length && !shown.files.length) {
    return html`<${Empty} icon="folder" title="Nothing in here">What is put here on any service appears on all of them.<//>`;
  }
  return html`
    <${Lines} folder=${folder} path=${path} directories=${shown.directories} files=${shown.files} />
    ${shown.more && html`<p class="inner"><button type="button" class="button" onClick=${() => setPages((number) => number + 1)}>Show more</button></p>`}
  `;
}

/** @param {{folder: string, part: string, lacking: string}} props */
function Found({ folder, part, lacking }) {
  const { value, error, again } = useLoaded((signal) => searchFiles({ folder, part, lacking, limit: PAGE }, signal), [folder, part, lacking]);
  useFresh(again, (file) => !folder || file.folder === folder);
  const shown = useLast(value, `${folder} ${part} ${lacking}`);
  if (error) return html`<div class="inner"><${Notice} tone="bad" alert>${error}<//></div>`;
  if (!shown) return html`<${Loading} />`;
  if (!shown.length) {
    return lacking && !part
      ? html`<${Empty} icon="check" title="Nothing is missing">${lacking} has all it should have${folder ? ` of ${folder}` : ""}.<//>`
      : html`<${Empty} icon="search" title="No file has that in its path">Upper and lower case are the same here.<//>`;
  }
  return html`
    <p class="inner muted small" role="status">${shown.length === PAGE ? `The first ${count(PAGE)} files` : some(shown.length, "file")}</p>
    <${Lines} folder=${folder} path="" directories=${[]} files=${shown} whole />
  `;
}

/** @param {{folder: string, path: string, directories: string[], files: import("../lib/types.js").File[], whole?: boolean}} props */
const Lines = ({ folder, path, directories, files, whole = false }) => html`
  <table class="table files">
    <caption class="hidden-visually">Directories and files</caption>
    <thead><tr>
      <th scope="col">Name</th><th scope="col">On</th><th scope="col" class="end">Size</th><th scope="col" class="wide">Changed</th>
    </tr></thead>
    <tbody>
      ${directories.map(
        (name) => html`<tr key=${`d ${name}`}>
          <th scope="row"><a class="line-name" href=${pathLink("files", folder, path ? `${path}/${name}` : name)}><${Icon} name="folder" /><span>${name}</span></a></th>
          <td></td><td></td><td class="wide"></td>
        </tr>`,
      )}
      ${files.map(
        (file) => html`<tr key=${`f ${file.fid}`}>
          <th scope="row"><a class="line-name" href=${pathLink("file", file.folder, file.filename)}>
            <${Icon} name="file" /><span>${nameOf(file, whole, folder)}</span>
          </a></th>
          <td><${Holders} file=${file} /></td>
          <td class="end number">${size(file.size)}</td>
          <td class="wide nowrap muted" title=${exactly(file.mtime)}>${date(file.mtime)}</td>
        </tr>`,
      )}
    </tbody>
  </table>
`;

/** @param {import("../lib/types.js").File} file @param {boolean} whole @param {string} folder */
function nameOf(file, whole, folder) {
  const directory = parent(file.filename);
  if (!whole) return file.filename.slice(directory ? directory.length + 1 : 0);
  return folder ? file.filename : `${file.folder}/${file.filename}`;
}
