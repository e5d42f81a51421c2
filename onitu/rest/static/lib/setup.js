/** What a form says of a service, as the setup has it, and back. Knows nothing of how a form looks. */

/**
 * @typedef {{key: number, name: string, path: string, mode: string, on: boolean, known: boolean, rest: Record<string, unknown>}} Place
 *   A folder that may be kept on a service. `known` folders are in the setup; `rest` is what the form does not ask for.
 * @typedef {{options: import("./model.js").Option[], values: Record<string, unknown>, kept: Record<string, unknown>,
 *   spelling: Record<string, string>, rest: Record<string, unknown>}} Answers
 *   What is known of a driver's options: `values` are shown, `kept` are secrets that are not, `spelling` is how the setup
 *   calls each, `rest` are those that the form does not ask for.
 * @typedef {Record<string, string>} Faults What is wrong, by where; "" is the whole.
 */

/** Stands in the place of a secret. Written back, it leaves the secret as it is. */
export const HIDDEN = "***";

/** A secret that is to be taken out. */
export const REMOVED = null;

let keys = 0;

/** @param {string} name @param {Partial<Place>} [given] @returns {Place} */
export const newPlace = (name, given = {}) => ({ key: (keys += 1), name, path: "", mode: "rw", on: true, known: true, rest: {}, ...given });

/**
 * The folders of a service that is new.
 * @param {{name: string}[]} folders
 */
export const firstPlaces = (folders) =>
  folders.length ? folders.map(({ name }) => newPlace(name, { on: folders.length === 1 })) : [newPlace("documents", { known: false })];

/**
 * The folders of a service that is there, and those it might have.
 * @param {{name: string}[]} folders
 * @param {Record<string, Record<string, any>>} mapped
 */
export const presentPlaces = (folders, mapped) => folders.map(({ name }) => presentPlace(name, mapped[name]));

/** @param {string} name @param {Record<string, any> | undefined} mapping */
function presentPlace(name, mapping) {
  if (!mapping) return newPlace(name, { on: false });
  const { path, mode, ...rest } = mapping;
  return newPlace(name, { path: String(path ?? ""), mode: mode == null ? "rw" : mode || "none", rest });
}

/**
 * The services that might keep a folder, as places of theirs.
 * @param {string} folder
 * @param {Map<string, Record<string, any>>} blocks What the setup says of each.
 */
export const memberships = (folder, blocks) => [...blocks].map(([service, { folders = {} }]) => presentPlace(service, folder ? folders[folder] : undefined));

/** What a folder's place is called in the setup. @param {Place} place */
export const mappingOf = ({ path, mode, rest }) => ({ ...rest, ...(path.trim() && { path: path.trim() }), ...(mode !== "rw" && { mode }) });

/** @param {Place[]} places */
export const foldersOf = (places) => Object.fromEntries(places.filter((place) => place.on).map((place) => [place.name, mappingOf(place)]));

/** @param {string} one @param {string} other */
const alike = (one, other) => one.replaceAll("-", "_") === other.replaceAll("-", "_");

/**
 * What is known of options.
 * @param {import("./model.js").Option[]} options Those that the form asks for.
 * @param {Record<string, unknown>} [given] As the setup has them.
 * @returns {Answers}
 */
export function answersOf(options, given = {}) {
  /** @type {Answers} */
  const answers = { options, values: {}, kept: {}, spelling: {}, rest: { ...given } };
  for (const { key, secret } of options) {
    const written = Object.keys(given).find((name) => alike(name, key));
    if (written === undefined) continue;
    answers.spelling[key] = written;
    delete answers.rest[written];
    const value = given[written];
    if (secret && value !== null) answers.kept[key] = value;
    else if (value !== null) answers.values[key] = value;
  }
  return answers;
}

/** Where a secret is that is not shown, for a person; "" where there is none. @param {any} kept */
export function standsAt(kept) {
  if (kept === undefined) return "";
  if (kept === HIDDEN) return "set, not shown";
  return kept.env ? `from the variable ${kept.env}` : `from the file ${kept.file}`;
}

/** @param {unknown} value */
const isEmpty = (value) => value === undefined || value === "";

/**
 * The options as they go into the setup.
 * @param {Answers} answers
 * @param {Record<string, unknown>} values What was filled in.
 */
export function optionsOf({ options, kept, spelling, rest }, values) {
  const given = { ...rest };
  for (const { key, type } of options) {
    const value = isEmpty(values[key]) ? kept[key] : typed(type, values[key]);
    if (!isEmpty(value) && value !== REMOVED) given[spelling[key] ?? key] = value;
  }
  return given;
}

/** @param {string} type @param {any} value */
function typed(type, value) {
  if (value === REMOVED || (type !== "integer" && type !== "float")) return value;
  const number = Number(value);
  return value !== "" && Number.isFinite(number) ? number : value; // What is no number the core says best.
}

/** What can be said without asking the core. @param {Answers} answers @param {Record<string, unknown>} values @param {Place[]} places */
export function check({ options, kept }, values, places) {
  /** @type {Faults} */
  const faults = {};
  for (const { key, mandatory } of options) {
    if (mandatory && isEmpty(values[key]) && kept[key] === undefined) faults[`option ${key}`] = "This is needed.";
  }
  const wanted = places.filter((place) => place.on);
  if (wanted.some((place) => !place.name.trim())) faults.folders = "The new folder needs a name.";
  else if (new Set(wanted.map(({ name }) => name)).size < wanted.length) faults.folders = "Two of these folders have the same name.";
  return faults;
}

/** @param {string} text Times, with ";" between them. */
export const timesOf = (text) => text.split(/[;\n]/).map((time) => time.trim()).filter(Boolean);

/** @param {unknown} times As the setup has them. */
export const timesText = (times) => [times ?? []].flat().join("; ");

/**
 * Puts what the core has found beside the fields that it is about.
 * @param {string[]} texts A fault each.
 * @param {string} prefix What the core calls the service.
 * @param {Answers} answers
 * @param {Place[]} places
 * @returns {Faults}
 */
export function sorted(texts, prefix, { options, spelling }, places) {
  /** @type {Faults} */
  const faults = {};
  const add = (/** @type {string} */ where, /** @type {string} */ text) => {
    faults[where] = faults[where] ? `${faults[where]} ${text}` : text;
  };
  const beginning = `${prefix} put by the API`;
  for (const text of texts) {
    const rest = text.startsWith(beginning) ? text.slice(beginning.length) : text;
    // What stands at an option may name others.
    const option = options.find(({ key }) => rest.includes(`.${spelling[key] ?? key}: `)) ?? options.find(({ key }) => rest.includes(`'${key}'`));
    const [place] = places.filter(({ name }) => rest.startsWith(`.folders.${name}`)).sort((one, other) => other.name.length - one.name.length);
    const said = rest.slice(rest.indexOf(": ") + 1).trim();
    if (place) add("folders", `${place.name}: ${said}`);
    else if (rest.startsWith(".schedule")) add("schedule", said);
    else if (option) add(`option ${option.key}`, rest.startsWith(".") ? said : text);
    else add("", text);
  }
  return faults;
}

/**
 * Puts what the core has found about a folder beside the services that it is about.
 * @param {Map<string, string>} failed What was found, by service.
 * @param {string} folder
 * @param {string} [whole] What there is to say beside.
 * @returns {Faults}
 */
export function sortedByService(failed, folder, whole) {
  const cut = (/** @type {string} */ service, /** @type {string} */ text) => {
    const beginning = `services.${service} put by the API.folders.${folder}`;
    return text.startsWith(beginning) ? text.slice(text.indexOf(": ", beginning.length) + 2) : text;
  };
  const faults = [...failed].map(([service, text]) => [`service ${service}`, text.split("\n").map((one) => cut(service, one)).join(" ")]);
  return { ...(whole && { "": whole.trim() }), ...Object.fromEntries(faults) };
}
