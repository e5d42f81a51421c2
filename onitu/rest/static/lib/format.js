/** Numbers and times as a person reads them. */

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const number = new Intl.NumberFormat("en");
const day = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** @param {number} bytes */
export function size(bytes) {
  if (!Number.isFinite(bytes)) return "–";
  let step = 0;
  let value = bytes;
  while (value >= 1023.5 && step < SIZES.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${step === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${SIZES[step]}`;
}

/** @param {number} value */
export const count = (value) => number.format(value);

/**
 * A number with its noun.
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export const some = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** @param {number} bytesPerSecond */
export const rate = (bytesPerSecond) => (bytesPerSecond > 0 ? `${size(bytesPerSecond)}/s` : "–");

/** @param {number} seconds */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return some(Math.round(seconds / 86400), "day");
}

/** @param {number | null | undefined} seconds Since 1970. */
export const date = (seconds) => (seconds == null ? "–" : day.format(seconds * 1000));

/** @param {number | null | undefined} seconds Since 1970. */
export const exactly = (seconds) => (seconds == null ? "–" : moment.format(seconds * 1000));

/** @param {number} seconds Since 1970. */
export const timeOfDay = (seconds) => clock.format(seconds * 1000);

/**
 * How long ago something was.
 * @param {number | null | undefined} seconds Since 1970.
 */
export function ago(seconds) {
  if (seconds == null) return "–";
  const past = seconds - Date.now() / 1000;
  const away = Math.abs(past);
  if (away < 45) return "just now";
  if (away < 3600) return relative.format(Math.round(past / 60), "minute");
  if (away < 86400) return relative.format(Math.round(past / 3600), "hour");
  if (away < 86400 * 30) return relative.format(Math.round(past / 86400), "day");
  return date(seconds);
}

/** The last part of a path. @param {string} path */
export const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);

/** What stands before it, without the slash. @param {string} path */
export const parent = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** @param {string[]} names */
export const list = (names) => new Intl.ListFormat("en").format(names);

/** A file by its folder and its path there. @param {{folder: string, filename: string}} file */
export const pathOf = ({ folder, filename }) => `${folder}/${filename}`;
