/**
 * What the page knows, kept true: loaded when the stream of events opens, and again where an event says so.
 *
 * Events that carry all there is to know (a transfer's progress, a service's state) are taken as they are; the others say
 * that something is old. Both wait a moment, so that ten thousand events make a few changes of the page.
 */

import { ApiError } from "./api.js";
import { Live } from "./live.js";
import * as model from "./model.js";
import { useEffect, useReducer, useRef } from "./ui.js";

/** Milliseconds that events are gathered before the page changes. */
const GATHER = 150;

/** Milliseconds between two loads of the same thing. */
const PAUSE = 900;

/** Milliseconds until what could not be loaded is tried again. */
const LATER = 3_000;

/** Milliseconds between two looks at what goes on without events. */
const AGAIN = 2_000;

/** Milliseconds that a finished transfer is kept in sight, and how many are. */
const MEMORY = 10 * 60_000;
const MOST_FINISHED = 100;

/**
 * @typedef {object} State
 * @property {"connecting" | "live" | "lost"} line
 * @property {boolean} loaded
 * @property {string} fault Why loading failed; "" where it did not.
 * @property {string} name Of the setup.
 * @property {string} version Of Onitu.
 * @property {import("./types.js").Folder[]} folders
 * @property {import("./types.js").Service[]} services
 * @property {Map<string, import("./types.js").Transfer>} transfers
 * @property {import("./types.js").Conflict[]} conflicts
 * @property {import("./types.js").Hold[]} holds
 * @property {import("./types.js").Halt[]} halts
 * @property {number} filesChanged Grows with every change of a file that was told.
 */

/** @type {State} */
let state = {
  line: "connecting",
  loaded: false,
  fault: "",
  name: "",
  version: "",
  folders: [],
  services: [],
  transfers: new Map(),
  conflicts: [],
  holds: [],
  halts: [],
  filesChanged: 0,
};

/** @type {Set<() => void>} */
const listeners = new Set();

/** @type {Set<(file: {folder: string, filename: string} | null) => void>} */
const fileListeners = new Set();

export const get = () => state;

/** @param {Partial<State>} patch */
function set(patch) {
  state = { ...state, ...patch };
  listeners.forEach((listener) => listener());
}

/**
 * A part of the state; the component is drawn again when that part is another one.
 * @template T
 * @param {(state: State) => T} select
 * @returns {T}
 */
export function useStore(select) {
  const [, draw] = useReducer((/** @type {number} */ number) => number + 1, 0);
  const selected = select(state);
  const current = useRef({ select, selected });
  current.current = { select, selected };
  useEffect(() => {
    const look = () => {
      const { select: now, selected: shown } = current.current;
      if (!Object.is(now(state), shown)) draw(undefined);
    };
    listeners.add(look);
    look();
    return () => listeners.delete(look);
  }, []);
  return selected;
}

/**
 * Calls back when a file was told to have changed; with null when any may have.
 * @param {(file: {folder: string, filename: string} | null) => void} callback
 */
export function onFile(callback) {
  fileListeners.add(callback);
  return () => fileListeners.delete(callback);
}

/**
 * A loader that never runs twice at a time nor twice in a moment; asked again meanwhile, it runs once more.
 * @param {() => Promise<Partial<State>>} load
 */
function loader(load) {
  let busy = false;
  let asked = false;
  let last = 0;
  const run = async () => {
    if (busy) {
      asked = true;
      return;
    }
    busy = true;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, last + PAUSE - Date.now())));
    asked = false;
    last = Date.now();
    try {
      set({ fault: "", ...(await load()) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      set({ fault: error.message });
      setTimeout(run, LATER);
    } finally {
      busy = false;
      if (asked) void run();
    }
  };
  return run;
}

export const reload = {
  status: loader(async () => ({ ...(await model.loadStatus()), loaded: true })),
  transfers: loader(async () => ({ transfers: underWay(await model.loadTransfers()) })),
  conflicts: loader(async () => ({ conflicts: await model.loadConflicts() })),
  holds: loader(() => model.loadHolds()),
};

export const reloadAll = () => Promise.all(Object.values(reload).map((run) => run()));

/**
 * Takes the transfers that are under way, and keeps those in sight that have ended.
 * @param {any[]} moving
 */
function underWay(moving) {
  const before = new Map(state.transfers);
  moving.forEach((one) => model.takeTransfer(before, one));
  const keys = new Set(moving.map(model.keyOf));
  return sorted([...before.values()].filter((one) => one.state !== "moving" || keys.has(one.key)));
}

/** @param {import("./types.js").Transfer[]} transfers */
function sorted(transfers) {
  const since = Date.now() - MEMORY;
  const ended = transfers
    .filter((transfer) => transfer.state !== "moving" && transfer.time > since)
    .sort((one, other) => other.time - one.time)
    .slice(0, MOST_FINISHED);
  const moving = transfers.filter((transfer) => transfer.state === "moving");
  return new Map([...moving, ...ended].map((transfer) => [transfer.key, transfer]));
}

/** Events that wait to be taken. @type {{type: string, data: any}[]} */
let gathered = [];

/** @param {string} type @param {any} data */
function take(type, data) {
  gathered.push({ type, data });
  if (gathered.length === 1) setTimeout(digest, GATHER);
}

/** Brings the state up to date with the events that have come. */
function digest() {
  const events = gathered;
  gathered = [];
  const types = new Set(events.map((event) => event.type));
  if (types.has("reset")) void reloadAll();
  if (types.has("conflict")) void reload.conflicts();
  if (types.has("hold") || types.has("service")) void reload.holds();
  const ended = events.some(({ type, data }) => type === "transfer" && data.state !== "moving");
  if (ended || ["file", "service", "conflict", "hold"].some((type) => types.has(type))) void reload.status();
  /** @type {Partial<State>} */
  const patch = {};
  if (types.has("transfer")) {
    const transfers = new Map(state.transfers);
    for (const { type, data } of events) {
      if (type === "transfer") model.takeTransfer(transfers, data);
    }
    patch.transfers = sorted([...transfers.values()]);
  }
  if (types.has("service")) {
    patch.services = events
      .filter((event) => event.type === "service")
      .reduce((services, { data }) => model.takeService(services, data), state.services);
  }
  if (types.has("file") || types.has("reset")) patch.filesChanged = state.filesChanged + 1;
  set(patch);
  for (const { type, data } of events) {
    if (type === "file" || type === "reset") fileListeners.forEach((listener) => listener(type === "file" ? data : null));
  }
}

/** Begins to follow what happens. */
export function start() {
  new Live({
    event: take,
    opened: () => {
      set({ line: "live" });
      void reloadAll();
    },
    closed: (resting) => set({ line: state.loaded && !resting ? "lost" : "connecting" }),
  }).start();
  setInterval(() => isUnderWay() && document.visibilityState === "visible" && void reload.status(), AGAIN);
  void reloadAll();
}

/** Whether something goes on that may end without an event: a listing, or a deletion. */
const isUnderWay = () =>
  state.line === "live" && state.folders.some((folder) => folder.services.some((one) => one.listing || one.pending > 0));
