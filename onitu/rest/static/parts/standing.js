/** How services, and folders on them, are doing: in a word, an icon and a colour. */

import { count, some } from "../lib/format.js";
import { isFailing } from "../lib/summary.js";
import { html, Icon } from "../lib/ui.js";

/** @typedef {{tone: import("../lib/types.js").Tone, icon: string, text: string, spin?: boolean}} Standing */

/** @type {Record<string, Standing>} */
const SERVICE = {
  active: { tone: "ok", icon: "check", text: "Active" },
  starting: { tone: "busy", icon: "sync", text: "Starting", spin: true },
  stopping: { tone: "busy", icon: "sync", text: "Stopping", spin: true },
  stopped: { tone: "off", icon: "square", text: "Stopped" },
  halted: { tone: "bad", icon: "stop", text: "Halted" },
  held: { tone: "warn", icon: "hold", text: "Held" },
  paused: { tone: "off", icon: "pause", text: "Paused" },
};

/** @param {import("../lib/types.js").Service} service @returns {Standing} */
export function ofService(service) {
  const active = service.status === "active";
  if (active && service.errors) return { tone: "bad", icon: "alert", text: `Active, ${some(service.errors, "error")}` };
  if (isFailing(service)) return { tone: "bad", icon: "alert", text: "Failed" };
  const shown = active && service.paused ? "paused" : service.status;
  return SERVICE[shown] ?? { tone: "warn", icon: "alert", text: shown };
}

/**
 * How a folder is doing on a service.
 * @param {import("../lib/types.js").Mapping} mapping
 * @param {import("../lib/types.js").Service | undefined} service
 * @param {boolean} held Whether something there waits for a person.
 * @param {number} moving How much is on its way there.
 * @returns {Standing}
 */
export function ofMapping(mapping, service, held, moving) {
  const left = mapping.pending + moving;
  if (mapping.mode === "none") return { tone: "off", icon: "minus", text: "Switched off" };
  if (service && ["failed", "halted", "stopped", "stopping", "starting"].includes(service.status)) return ofService(service);
  if (held) return { tone: "warn", icon: "hold", text: "Held" };
  if (service?.paused) return { tone: "off", icon: "pause", text: left ? `Paused, ${count(left)} to go` : "Paused" };
  if (mapping.listing) return { tone: "busy", icon: "sync", text: "Being listed", spin: true };
  if (left && service?.waiting) return { tone: "off", icon: "clock", text: `${count(left)} to go from ${service.waiting}` };
  if (left) return { tone: "busy", icon: "sync", text: `${count(left)} to go`, spin: true };
  return { tone: "ok", icon: "check", text: "Up to date" };
}

/** @param {{standing: Standing, pill?: boolean}} props */
export const State = ({ standing, pill = false }) => html`
  <span class=${pill ? "state pill" : "state"} data-tone=${standing.tone}>
    <${Icon} name=${standing.icon} spin=${standing.spin} />${standing.text}
  </span>
`;

/**
 * How much of a folder has arrived on a service, while some has not.
 * @param {{folder: import("../lib/types.js").Folder, left: number, label: string}} props
 */
export const Filling = ({ folder: { files }, left, label }) =>
  left > 0 && files > 0 && html`<progress max=${files} value=${Math.max(0, files - left)} aria-label=${label}></progress>`;

/** What a mode means, where it is not the usual one. @type {Record<string, string>} */
export const MODES = { r: "is read, never written", w: "is written, never read", none: "switched off" };

const SHORT_MODES = { r: "read only", w: "write only", none: "off" };

/** @param {{mode: string}} props */
export const Mode = ({ mode }) => (mode in SHORT_MODES ? html`<span class="tag" title=${MODES[mode]}>${SHORT_MODES[mode]}</span>` : null);
