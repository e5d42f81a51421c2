/** Requests to the API. Nothing else of the page knows of HTTP. */

const BASE = "/api/v1.0";
const TOKEN = "onitu-token";

/** A request that was not done; the message is for a person. */
export class ApiError extends Error {
  /**
   * @param {number} code
   * @param {string} reason
   * @param {string[]} [faults]
   */
  constructor(code, reason, faults = []) {
    super(reason);
    this.code = code;
    this.faults = faults;
  }
}

/** Whom the page tells that a token is asked for. @type {() => void} */
let locked = () => {};

/** @param {() => void} callback */
export const onLocked = (callback) => {
  locked = callback;
};

/** The token, kept until the tab is closed. */
export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  /** @param {string} value */
  set: (value) => (value ? sessionStorage.setItem(TOKEN, value) : sessionStorage.removeItem(TOKEN)),
};

/**
 * The address of something.
 * @param {(string | number)[]} parts Each becomes one segment, whatever it contains.
 */
export const address = (...parts) => `${BASE}/${parts.map((part) => encodeURIComponent(part)).join("/")}`;

/**
 * The address of something that is named by a folder and a path in it.
 * @param {string[]} route
 * @param {string} folder
 * @param {string} path
 */
export const pathAddress = (route, folder, path) => address(...route, folder, ...path.split("/").filter(Boolean));

/**
 * @param {string} url
 * @param {Record<string, string | number | undefined>} values
 */
export function withQuery(url, values) {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return known.length ? `${url}?${new URLSearchParams(known.map(([key, value]) => [key, String(value)]))}` : url;
}

/**
 * Sends a request and returns the response, whatever its code, unless the token is missing.
 * @param {string} url
 * @param {RequestInit} [options]
 */
export async function send(url, options = {}) {
  const headers = new Headers(options.headers);
  if (token.get()) headers.set("Authorization", `Bearer ${token.get()}`);
  const response = await fetch(url, { cache: "no-store", ...options, headers });
  if (response.status === 401) {
    locked();
    throw new ApiError(401, "This Onitu asks for its token");
  }
  return response;
}

/**
 * Sends a request and returns the body of the answer.
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function ask(method, url, body, signal) {
  const options = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  let response;
  try {
    response = await send(url, { method, signal, ...options });
  } catch (error) {
    if (error instanceof ApiError || error.name === "AbortError") throw error;
    throw new ApiError(0, "Onitu does not answer: is it still running?");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    throw new ApiError(response.status, answer?.reason ?? `Onitu answered ${response.status}`, answer?.faults);
  }
  return answer;
}

/** @param {string} url @param {AbortSignal} [signal] */
export const read = (url, signal) => ask("GET", url, undefined, signal);
