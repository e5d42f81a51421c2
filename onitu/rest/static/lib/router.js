/**
 * Where in the page one is: the part of the address behind the `#`, so that no server has to know of it.
 *
 * `#/files/docs/a%20b?q=x` has the parts `["files", "docs", "a b"]` and the query `q=x`.
 */

import { useEffect, useState } from "./ui.js";

/** @typedef {{parts: string[], query: URLSearchParams, key: string}} Place */

/** @returns {Place} */
export function here() {
  const key = location.hash.replace(/^#\/?/, "");
  const [path, query = ""] = key.split("?", 2);
  return { parts: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query), key: `/${path}` };
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * A link into the page.
 * @param {string[]} parts
 * @param {Record<string, string | undefined>} [query]
 */
export function link(parts, query = {}) {
  const known = Object.entries(query).filter(([, value]) => value);
  const asked = known.length ? `?${new URLSearchParams(/** @type {[string, string][]} */ (known))}` : "";
  return `#/${parts.map(encodeURIComponent).join("/")}${asked}`;
}

/** A link to a directory of a folder, or to a file. @param {string} screen @param {string} folder @param {string} path */
export const pathLink = (screen, folder, path) => link([screen, folder, ...path.split("/").filter(Boolean)]);

/** @param {string} target As `link` makes it. */
export const go = (target) => {
  location.hash = target;
};

/** The place one is at, again whenever it changes. */
export function usePlace() {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const change = () => setPlace(here());
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return place;
}
