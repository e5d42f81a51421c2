/** What a person has to know first: how everything is, and what waits for them. */

import { some } from "./format.js";
import { link } from "./router.js";

/**
 * @typedef {{about: "service" | "hold" | "conflict" | "error", tone: import("./types.js").Tone, text: string, detail: string,
 *   href: string, verb: string}} Matter
 */

/**
 * What waits for a person, the worst first.
 * @param {import("./store.js").State} state
 * @returns {Matter[]}
 */
export function attention(state) {
  /** @type {Matter[]} */
  const matters = [];
  for (const service of state.services) {
    if (service.status === "halted" || isFailing(service)) {
      const text = `${service.name} ${service.status === "halted" ? "is halted" : "has failed"}`;
      const href = state.halts.some((one) => one.service === service.name) ? "#/holds" : link(["services", service.name]);
      matters.push({ about: "service", tone: "bad", text, detail: service.reason, href, verb: "Look at it" });
    }
  }
  for (const hold of state.holds.filter((one) => !one.order)) {
    const text = `${some(hold.count, "change")} of ${hold.folder} on ${hold.service} ${hold.count === 1 ? "waits" : "wait"} for you`;
    matters.push({ about: "hold", tone: "warn", text, detail: hold.reason, href: "#/holds", verb: "Decide" });
  }
  if (state.conflicts.length) {
    const text = `${some(state.conflicts.length, "file was", "files were")} changed on two sides`;
    matters.push({ about: "conflict", tone: "warn", text, detail: "Both contents are kept until you choose.", href: "#/conflicts", verb: "Choose" });
  }
  const errors = state.services.reduce((sum, service) => sum + service.errors, 0);
  if (errors) {
    const worst = state.services.find((service) => service.errors);
    const text = `${some(errors, "path")} could not be brought up to date`;
    matters.push({ about: "error", tone: "bad", text, detail: "Each is tried again.", href: link(["services", worst?.name ?? ""]), verb: "See why" });
  }
  return matters;
}

/**
 * One sentence for everything.
 * @param {import("./store.js").State} state
 */
export function headline(state) {
  const pending = state.services.reduce((sum, { name, pending: lacking }) => sum + lacking + onTheWay(state, name), 0);
  if (!state.services.length) return "There is no service yet. Add the first one to begin.";
  if (pending) return `${some(pending, "file is", "files are")} on the way.`;
  if (state.services.some((service) => service.status === "starting")) return "Services are starting.";
  if (attention(state).length) return "Nothing moves, and something waits for you.";
  if (state.services.length === 1) return "All is well, with one place so far. Add a second one, and both become the same.";
  return "Everything is up to date.";
}

/**
 * Whether a service does not come up. It is tried again and again, so that it is now failed, now starting.
 * @param {import("./types.js").Service} service
 */
export const isFailing = ({ status, reason }) => status === "failed" || (status === "starting" && reason !== "");

/**
 * Whether something of a folder on a service waits for a person.
 * @param {import("./store.js").State} state
 * @param {string} service
 * @param {string} folder
 */
export const isHeld = (state, service, folder) => state.holds.some((hold) => hold.service === service && hold.folder === folder && !hold.order);

/**
 * How much is on its way to a service: what is moving is not counted among what it lacks.
 * @param {import("./store.js").State} state
 * @param {string} service
 * @param {string} [folder] Of which folder; of all, without.
 */
export const onTheWay = (state, service, folder) =>
  [...state.transfers.values()].filter(
    (one) => one.state === "moving" && one.target === service && (folder === undefined || one.folder === folder),
  ).length;
