/** From the API's answers and events to the values of `types.js`. What the API calls a thing is known here only. */

import { ApiError, address, ask, pathAddress, read, send, withQuery } from "./api.js";
import { size } from "./format.js";
import { mappingOf } from "./setup.js";

/**
 * @typedef {{key: string, name: string, description: string, type: string, values: any[], default: any, mandatory: boolean,
 *   secret: boolean}} Option
 * @typedef {{name: string, description: string, options: Option[]}} Driver
 * @typedef {{key: string, folder: string, path: string, service: string, keeper: string, id: string, size: number, time: number,
 *   target: string | null}} KeptCopy A copy of what was replaced or deleted; `keeper` "": Onitu has it itself.
 * @typedef {{setup: Record<string, any>, options: Option[] | null, authorization: boolean}} Block
 * @typedef {{state: string, uri: string, account: string}} SignIn
 * @typedef {{key: string, time: number, level: string, event: string, words: string}} LogLine
 * @typedef {import("./types.js").File} File
 */

/** Milliseconds over which the rate of a transfer is taken. */
const SHORT = 400;

/** How everything is doing. */
export async function loadStatus() {
  const [status, { folders }, { services }] = await Promise.all(["status", "folders", "services"].map((name) => read(address(name))));
  /** @type {Map<string, any>} */
  const states = new Map(status.services.map((/** @type {any} */ one) => [one.name, one]));
  const stateOf = (/** @type {string} */ service, /** @type {string} */ folder) =>
    states.get(service)?.folders.find((/** @type {any} */ one) => one.name === folder);
  return {
    name: status.name,
    version: status.version,
    services: services.map((/** @type {any} */ { name, driver }) => serviceOf(name, driver, states.get(name))),
    folders: folders.map((/** @type {any} */ { services: mappings, ...folder }) => ({
      ...folder,
      services: mappings.map((/** @type {any} */ { name, mode, path }) => {
        const { pending = 0, listed = true } = stateOf(name, folder.name) ?? {};
        return { service: name, mode, path, pending, listing: !listed };
      }),
    })),
  };
}

/** @param {string} name @param {any} driver @param {any} state @returns {import("./types.js").Service} */
function serviceOf(name, driver, { status, reason, paused, waiting, errors, folders }) {
  const pending = folders.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.pending, 0);
  const program = typeof driver === "string" ? driver : (driver.command?.at(-1) ?? driver.address ?? "");
  return { name, driver: program, status, reason, paused, waiting, errors, pending };
}

/** @returns {Promise<any[]>} As `takeTransfer` takes them. */
export const loadTransfers = async () => (await read(address("transfers"))).transfers;

/** What tells a transfer from others. @param {{target: string, folder: string, filename: string}} transfer */
export const keyOf = ({ target, folder, filename }) => `${target} ${folder}/${filename}`;

/** @param {any} one @returns {import("./types.js").Transfer} */
function transferOf({ folder, filename, source, target, size: bytes, done, state = "moving", error = "" }) {
  const now = Date.now();
  const key = keyOf({ target, folder, filename });
  return { key, folder, filename, source, target, size: bytes, done, rate: 0, state, error, time: now, mark: { time: now, done } };
}

/**
 * Takes what is said of a transfer.
 * @param {Map<string, import("./types.js").Transfer>} transfers
 * @param {any} data
 */
export function takeTransfer(transfers, data) {
  const now = transferOf(data);
  const before = transfers.get(now.key);
  if (before?.state === "moving" && now.done >= before.mark.done) {
    const elapsed = now.time - before.mark.time;
    // Too near to the mark the rate would be a guess: it is taken from the next one on.
    const seen = elapsed < SHORT ? before.rate : ((now.done - before.mark.done) * 1000) / elapsed;
    now.rate = before.rate > 0 ? 0.6 * before.rate + 0.4 * seen : seen;
    if (elapsed < SHORT) now.mark = before.mark;
  }
  transfers.set(now.key, now);
}

/**
 * Takes what an event says of a service. One that is new is loaded with all that belongs to it.
 * @param {import("./types.js").Service[]} services
 * @param {any} data
 */
export function takeService(services, { service, ...standing }) {
  if (standing.status === "removed") return services.filter((one) => one.name !== service);
  return services.map((one) => (one.name === service ? { ...one, ...standing } : one));
}

/** @returns {Promise<import("./types.js").Conflict[]>} */
export const loadConflicts = async () => (await read(address("conflicts"))).conflicts;

/** @param {import("./types.js").Conflict} conflict @param {string} keep A service, or "both". */
export const resolveConflict = ({ fid }, keep) => ask("PUT", address("conflicts", fid, "resolve"), { keep });

/** @returns {Promise<{holds: import("./types.js").Hold[], halts: import("./types.js").Halt[]}>} */
export const loadHolds = () => read(address("holds"));

/** @param {{service: string, folder: string}} hold @param {string} order @param {Record<string, string | number>} about What was shown. */
export const decideHold = ({ service, folder }, order, about) => ask("PUT", withQuery(address("holds", service, folder, order), about));

/**
 * What is directly in a directory.
 * @param {string} folder @param {string} path @param {number} limit @param {AbortSignal} signal
 * @returns {Promise<{directories: string[], files: File[], more: boolean}>}
 */
export const loadDirectory = (folder, path, limit, signal) => read(withQuery(pathAddress(["tree"], folder, path), { limit }), signal);

/** @param {{folder: string, part: string, lacking: string, limit: number}} wanted @param {AbortSignal} signal @returns {Promise<File[]>} */
export const searchFiles = async ({ folder, part, lacking, limit }, signal) =>
  (await read(withQuery(address("files"), { folder, q: part, service: lacking, limit }), signal)).files;

/** @param {string} folder @param {string} path @param {AbortSignal} signal @returns {Promise<File>} */
export const loadFile = (folder, path, signal) => read(pathAddress(["files", "id"], folder, path), signal);

/** @param {string} folder @param {string} path @param {AbortSignal} signal */
export const loadWhy = async (folder, path, signal) =>
  (await read(pathAddress(["why"], folder, path), signal)).services.map((/** @type {any} */ { name, ...verdict }) => ({ service: name, ...verdict }));

/** @param {string} fid @param {AbortSignal} signal */
export async function loadHistory(fid, signal) {
  const { history } = await read(address("files", fid, "history"), signal);
  return history.map((/** @type {any} */ { version, size: bytes, origin, mtime, current }) => ({
    version,
    current,
    text: `${size(bytes)}, first seen on ${origin}`,
    time: mtime,
  }));
}

/** @param {string} fid */
export const contentOf = (fid) => address("files", fid, "content");

/**
 * The content of a file, or its first bytes.
 * @param {string} fid
 * @param {{signal?: AbortSignal, bytes?: number}} [options]
 */
export async function fetchContent(fid, { signal, bytes } = {}) {
  const response = await send(contentOf(fid), { signal, headers: bytes ? { Range: `bytes=0-${bytes - 1}` } : {} });
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    throw new ApiError(response.status, answer?.reason ?? `Onitu answered ${response.status}`);
  }
  return response;
}

/** @param {string} name @param {AbortSignal} signal */
export const loadService = (name, signal) => read(address("services", name), signal);

/** @param {string} name @param {string} verb */
export const steer = (name, verb) => ask("PUT", address("services", name, verb));

/** @param {string} name @returns {Promise<import("./samples.js").Sample | null>} */
export async function loadStats(name) {
  const { info, time } = await read(address("services", name, "stats"));
  return info.cpu == null ? null : { time, cpu: info.cpu, memory: bytesOf(info.mem_info1) };
}

/** Bytes of a text like `18M`. @param {string} text */
const bytesOf = (text) => parseFloat(text) * { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[text.slice(-1)];

/** @param {string} name @param {AbortSignal} signal @returns {Promise<{lines: LogLine[], errors: LogLine[]}>} */
export async function loadLog(name, signal) {
  const { lines, errors } = await read(address("services", name, "log"), signal);
  return { lines: lines.map(lineOf), errors: errors.map(lineOf) };
}

/** @param {any} line @param {number} index @returns {LogLine} */
const lineOf = ({ time, level, event, keys }, index) => ({ key: `${time} ${index}`, time, level, event, words: wordsOf(keys) });

/** @param {Record<string, any>} keys */
function wordsOf({ folder, path, reason, error, bytes, source, target, traceback, ...rest }) {
  const words = [];
  if (path) words.push(folder ? `${folder}/${path}` : path);
  else if (folder) words.push(folder);
  if (source && target) words.push(`${source} → ${target}`);
  if (bytes != null) words.push(size(bytes));
  for (const text of [reason, error]) if (text) words.push(text);
  for (const [key, value] of Object.entries(rest)) if (value !== "" && value !== null) words.push(`${key.replaceAll("_", " ")}: ${value}`);
  return words.join(" · ");
}

/** @param {AbortSignal} signal @returns {Promise<Driver[]>} Those that can be used. */
export async function loadDrivers(signal) {
  const { drivers } = await read(address("drivers"), signal);
  return drivers
    .filter((/** @type {any} */ driver) => !driver.fault)
    .map((/** @type {any} */ driver) => ({ ...driver, options: optionsOf(driver) }));
}

/** @param {any} driver @returns {Option[]} */
const optionsOf = ({ options }) => Object.entries(options).map(([key, option]) => ({ key, ...option }));

/**
 * What the setup says of a service; `options` are what its driver takes, null where that is not known yet.
 * @param {string} name @param {AbortSignal} [signal] @returns {Promise<Block>}
 */
export async function loadBlock(name, signal) {
  const { setup, driver } = await read(address("services", name, "setup"), signal);
  return { setup, options: driver && optionsOf(driver), authorization: Boolean(driver?.authorization) };
}

/**
 * Adds a service, or changes one, and before it adds the folders that are new with it.
 * @param {string} name
 * @param {Record<string, unknown>} block As it stands in a setup.
 * @param {{name: string, on: boolean, known: boolean}[]} places
 */
export async function putService(name, block, places) {
  const begun = [];
  try {
    for (const place of places.filter((one) => one.on && !one.known)) {
      await putFolder(place.name);
      begun.push(place.name);
    }
    await ask("PUT", address("services", name), block);
  } catch (error) {
    // A folder that no service has is of no use.
    await Promise.all(begun.map((folder) => removeFolder(folder).catch(() => null)));
    throw error;
  }
}

/**
 * What the setup says of services.
 * @param {string[]} names @param {AbortSignal} signal @returns {Promise<Map<string, Record<string, any>>>}
 */
export const loadBlocks = async (names, signal) => new Map(await Promise.all(names.map(async (name) => [name, (await loadBlock(name, signal)).setup])));

/** Adds a folder. @param {string} name */
export const putFolder = (name) => ask("PUT", address("folders", name), {});

/**
 * Has services keep a folder, or keep it no more, each as it is wanted there; a service that does so already is left alone.
 * @param {string} folder
 * @param {import("./setup.js").Place[]} places One a service.
 * @returns {Promise<Map<string, string>>} Why it could not be, by service.
 */
export async function putMappings(folder, places) {
  const failed = new Map();
  for (const place of places) {
    try {
      const { setup } = await loadBlock(place.name);
      const { [folder]: before, ...others } = setup.folders ?? {};
      const after = place.on ? mappingOf(place) : undefined;
      if (JSON.stringify(after) === JSON.stringify(before)) continue;
      await ask("PUT", address("services", place.name), { ...setup, folders: after ? { ...others, [folder]: after } : others });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed.set(place.name, error.message);
    }
  }
  return failed;
}

/** @param {string} name */
export const removeFolder = (name) => ask("DELETE", address("folders", name));

/** @param {string} name */
export const removeService = (name) => ask("DELETE", address("services", name));

/**
 * What is kept, the newest first.
 * @param {{folder: string, service: string}} where Empty: everywhere.
 * @param {AbortSignal} signal
 * @returns {Promise<{copies: KeptCopy[], faults: {service: string, reason: string}[]}>}
 */
export async function loadTrash(where, signal) {
  const { copies, faults } = await read(withQuery(address("trash"), where), signal);
  const found = copies.map((/** @type {any} */ { kept_at_ns: ns, ...copy }) => ({ ...copy, time: ns / 1e9, key: `${copy.keeper} ${copy.folder} ${copy.id} ${copy.path}` }));
  return { copies: found.reverse(), faults };
}

/** Brings a copy back. @param {KeptCopy} copy @returns {Promise<string>} Its path now. */
export const restoreCopy = async ({ folder, path, service, keeper, id }) => (await ask("POST", address("trash", "restore"), { folder, path, service, keeper, id })).said;

/** @param {string} folder @param {string} service @returns {Promise<string>} What was removed. */
export const emptyTrash = async (folder, service) => (await ask("POST", address("trash", "empty"), { folder, service })).said;

/** @param {AbortSignal} signal @returns {Promise<{stored: string, active: string}>} The rules as they were last kept, and those in force. */
export async function loadRules(signal) {
  const at = address("rules", "text");
  const [stored, active] = await Promise.all(["stored", "active"].map((state) => read(withQuery(at, { state }), signal)));
  return { stored: stored.text, active: active.text };
}

/** Keeps rules. @param {string} text @returns {Promise<string[]>} What is probably not meant. */
export const putRules = async (text) => (await ask("PUT", address("rules", "text"), { text })).warnings;

/** Puts the rules in force that were last kept. */
export const reloadRules = () => ask("PUT", address("rules", "reload"));

/**
 * Begins to sign in to a service, or ends that: by an answer, or by what a browser has brought, for which it waits a while.
 * @param {string} name @param {{state?: string, answer?: string}} [said] @param {AbortSignal} [signal]
 * @returns {Promise<SignIn>} With an account once it has ended.
 */
export const authorize = (name, said = {}, signal) => ask("POST", address("services", name, "authorization"), said, signal);
