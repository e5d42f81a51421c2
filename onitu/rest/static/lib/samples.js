/** What the drivers' processes use, looked at now and then while the page is open: the page's own memory of it. */

import { loadStats } from "./model.js";
import { get } from "./store.js";
import { useEffect, useReducer } from "./ui.js";

/** Milliseconds between two looks, and looks that are kept: ten minutes. */
const PERIOD = 3_000;
const KEPT = 200;

/** @typedef {{time: number, cpu: number, memory: number}} Sample */

/** @type {Map<string, Sample[]>} */
const samples = new Map();

/** @type {Set<() => void>} */
const listeners = new Set();

async function look() {
  if (document.visibilityState === "hidden") return;
  const running = get().services.filter((service) => ["active", "halted", "held", "paused"].includes(service.status));
  await Promise.all(
    running.map(async ({ name }) => {
      const sample = await loadStats(name).catch(() => null);
      if (sample) samples.set(name, [...(samples.get(name) ?? []), sample].slice(-KEPT));
    }),
  );
  listeners.forEach((listener) => listener());
}

/** Begins to look. */
export function startSampling() {
  void look();
  setInterval(look, PERIOD);
}

/** The samples of a service, newest last; the component is drawn again with each. @param {string} name */
export function useSamples(name) {
  const [, draw] = useReducer((/** @type {number} */ number) => number + 1, 0);
  useEffect(() => {
    const listener = () => draw(undefined);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return samples.get(name) ?? [];
}
