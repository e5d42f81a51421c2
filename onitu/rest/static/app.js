/** The page: what stands around a screen, and which screen it is. */

import { onLocked } from "./lib/api.js";
import { usePlace } from "./lib/router.js";
import { startSampling } from "./lib/samples.js";
import { start } from "./lib/store.js";
import { html, render, useEffect, useState } from "./lib/ui.js";
import { Frame } from "./parts/frame.js";
import { Toasts } from "./parts/toasts.js";
import { AddService } from "./screens/add.js";
import { ChangeService } from "./screens/change.js";
import { Conflicts } from "./screens/conflicts.js";
import { File } from "./screens/file.js";
import { Files } from "./screens/files.js";
import { Folder } from "./screens/folder.js";
import { Holds } from "./screens/holds.js";
import { Lock } from "./screens/lock.js";
import { Overview } from "./screens/overview.js";
import { Rules } from "./screens/rules.js";
import { Service } from "./screens/service.js";
import { Services } from "./screens/services.js";
import { Transfers } from "./screens/transfers.js";
import { Trash } from "./screens/trash.js";

/** @param {import("./lib/router.js").Place} place @returns {[string, any]} The screen's key, and what it shows. */
function screenOf({ parts: [screen = "", name = "", ...rest], query }) {
  switch (screen) {
    case "":
      return ["map", html`<${Overview} />`];
    case "files":
      return ["files", html`<${Files} folder=${name} path=${rest.join("/")} query=${query} />`];
    case "file":
      return ["files", html`<${File} folder=${name} path=${rest.join("/")} key=${`${name}/${rest.join("/")}`} />`];
    case "transfers":
      return ["transfers", html`<${Transfers} />`];
    case "conflicts":
      return ["conflicts", html`<${Conflicts} />`];
    case "holds":
      return ["holds", html`<${Holds} />`];
    case "folders":
      return ["map", html`<${Folder} name=${name} key=${`folder ${name}`} />`];
    case "rules":
      return ["rules", html`<${Rules} />`];
    case "trash":
      return ["trash", html`<${Trash} query=${query} />`];
    case "services":
      if (name && rest[0] === "change") return ["services", html`<${ChangeService} name=${name} key=${`change ${name}`} />`];
      return ["services", name ? html`<${Service} name=${name} key=${name} />` : html`<${Services} />`];
    case "add":
      return ["services", html`<${AddService} />`];
    default:
      return ["map", html`<${Overview} />`];
  }
}

function App() {
  const [locked, setLocked] = useState(false);
  const place = usePlace();
  useEffect(() => {
    onLocked(() => setLocked(true));
    start();
    startSampling();
  }, []);
  if (locked) return html`<${Lock} />`;
  const [screen, content] = screenOf(place);
  return html`<${Frame} screen=${screen}>${content}<//><${Toasts} />`;
}

const theme = localStorage.getItem("onitu-theme");
if (theme) document.documentElement.dataset.theme = theme;
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
