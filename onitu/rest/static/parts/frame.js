/** What stands around every screen: where one can go, and whether what is shown is live. */

import { useStore } from "../lib/store.js";
import { html, Icon, useEffect, useRef, useState } from "../lib/ui.js";
import { attention } from "../lib/summary.js";

const SCREENS = [
  { key: "map", href: "#/", icon: "map", text: "Overview" },
  { key: "files", href: "#/files", icon: "folder", text: "Files" },
  { key: "transfers", href: "#/transfers", icon: "transfer", text: "Transfers" },
  { key: "conflicts", href: "#/conflicts", icon: "conflict", text: "Conflicts" },
  { key: "holds", href: "#/holds", icon: "hold", text: "Holds" },
  { key: "trash", href: "#/trash", icon: "trash", text: "Trash" },
  { key: "services", href: "#/services", icon: "service", text: "Services" },
  { key: "rules", href: "#/rules", icon: "rules", text: "Rules" },
];

const LINES = { live: "Live", connecting: "Connecting …", lost: "Connection lost" };

/** @param {{screen: string, children: any}} props */
export function Frame({ screen, children }) {
  const name = useStore((state) => state.name);
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <div class="frame">
      <header class="side">
        <a class="brand" href="#/">
          <img src="icon.svg" alt="" />
          <span><strong>Onitu</strong><small class="clip">${name || " "}</small></span>
        </a>
        <${Navigation} screen=${screen} />
        <${Foot} />
      </header>
      <main class="main" id="main" tabindex="-1">${children}</main>
    </div>
  `;
}

/** The part of the address behind `#` is the page's own, so the link is followed by hand. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {{screen: string}} props */
function Navigation({ screen }) {
  const moving = useStore((state) => [...state.transfers.values()].filter((one) => one.state === "moving").length);
  const conflicts = useStore((state) => state.conflicts.length);
  const holds = useStore((state) => state.halts.length + state.holds.filter((hold) => !hold.order).length);
  const broken = useStore((state) => attention(state).filter((one) => one.about === "service").length);
  const counts = { transfers: [moving, "busy"], conflicts: [conflicts, "warn"], holds: [holds, "warn"], services: [broken, "bad"] };
  const list = useRef(null);
  // Where the window is too narrow for all of them they are pushed sideways.
  useEffect(() => list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [screen]);
  return html`
    <nav class="nav" aria-label="Screens" ref=${list}>
      <ul>
        ${SCREENS.map(({ key, href, icon, text }) => {
          const [number, tone] = counts[key] ?? [0, "off"];
          return html`<li key=${key}>
            <a href=${href} aria-current=${key === screen ? "page" : undefined}>
              <${Icon} name=${icon} /><span>${text}</span>
              ${number > 0 && html`<span class="count" data-tone=${tone}>${number}</span>`}
            </a>
          </li>`;
        })}
      </ul>
    </nav>
  `;
}

function Foot() {
  const line = useStore((state) => state.line);
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? "");
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const turn = () => {
    const next = dark ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("onitu-theme", next);
    setTheme(next);
  };
  return html`
    <div class="foot">
      <span class="line-state" data-state=${line} role="status">${LINES[line]}</span>
      <button type="button" class="button plain" onClick=${turn} aria-label=${`Use ${dark ? "light" : "dark"} colors`}>
        <${Icon} name="sun" />
      </button>
    </div>
  `;
}
