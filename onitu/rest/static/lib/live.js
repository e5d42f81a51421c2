/**
 * The stream of events, kept open: server-sent events over `fetch`, because `EventSource` cannot show a token.
 *
 * A stream that ends is opened again after the last event seen. One that has gone quiet is taken for dead: a laptop that
 * slept keeps a connection that nobody is at the other end of.
 */

import { address, read, send } from "./api.js";

/** Milliseconds without a byte after which a stream is dead. The API sends a sign of life more often than that. */
const SILENCE = 40_000;

/** Milliseconds between two looks at the clock, and how much more shows that the machine has slept. */
const TICK = 2_000;
const NAP = 8_000;

/** Milliseconds between two looks where too many follow already, and how many looks until the stream is tried again. */
const POLL = 1_500;
const LOOKS = 20;

/** Longest wait between two tries, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Milliseconds after which a page that nobody sees gives its stream back: a browser has six connections to one place, and
 * a seventh tab would get nothing at all.
 */
const UNSEEN = 30_000;

/**
 * @typedef {object} Listener
 * @property {(type: string, data: any) => void} event
 * @property {() => void} opened The stream stands (again): whatever was loaded before may be old.
 * @property {(resting: boolean) => void} closed Nothing is heard; while it rests, because nobody would see it.
 */

export class Live {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    this.last = "";
    this.heard = 0;
    this.tries = 0;
    /** @type {AbortController | null} */
    this.stream = null;
    /** @type {(() => void) | null} */
    this.wake = null;
    /** Whether nobody sees the page. */
    this.resting = false;
  }

  /** Opens the stream and keeps it open as long as the page lives. */
  start() {
    let clock = Date.now();
    setInterval(() => {
      const now = Date.now();
      if (now - clock > TICK + NAP || (this.stream && now - this.heard > SILENCE)) this.again();
      clock = now;
    }, TICK);
    // Without a network a line to this machine itself still stands, and any other is dead: trying tells which it is.
    for (const change of ["online", "offline"]) addEventListener(change, () => this.again());
    addEventListener("pageshow", (event) => event.persisted && this.again());
    let unseen = 0;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(unseen);
      if (document.visibilityState === "hidden") unseen = setTimeout(() => this.rest(), UNSEEN);
      else if (!this.stream || Date.now() - this.heard > SILENCE / 2) this.again();
    });
    void this.run();
  }

  /** Gives the stream back until the page is seen again. */
  rest() {
    this.resting = true;
    this.stream?.abort();
    this.listener.closed(true);
  }

  /** Drops the stream that stands, if one does, and opens another one at once, if anybody sees it. */
  again() {
    if (this.resting && document.visibilityState === "hidden") return;
    this.resting = false;
    this.tries = 0;
    this.stream?.abort();
    this.wake?.();
  }

  async run() {
    for (;;) {
      this.stream = new AbortController();
      this.heard = Date.now();
      try {
        await this.follow(this.stream.signal);
      } catch {
        // What is wrong shows in every other request too; here there is only trying again.
      }
      this.stream = null;
      this.listener.closed(this.resting);
      const wait = Math.min(PATIENCE, 250 * 2 ** this.tries) * (0.75 + Math.random() / 2);
      this.tries += 1;
      await this.pause(wait);
      while (this.resting) await this.pause();
    }
  }

  /**
   * Waits for a while, or until it is woken.
   * @param {number} [wait] Milliseconds; without it, only until it is woken.
   */
  async pause(wait) {
    await new Promise((resolve) => {
      const timer = wait === undefined ? 0 : setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
    this.wake = null;
  }

  /** @param {AbortSignal} signal */
  async follow(signal) {
    const headers = { Accept: "text/event-stream", ...(this.last && { "Last-Event-ID": this.last }) };
    const response = await send(address("events"), { headers, signal });
    if (response.status === 503) return this.poll(signal);
    if (!response.ok || !response.body) throw new Error(`events: ${response.status}`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let opened = false;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.heard = Date.now();
      if (!opened) {
        // Only with the first bytes is it sure that nothing more is missed.
        opened = true;
        this.tries = 0;
        this.listener.opened();
      }
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop() ?? "";
      blocks.forEach((block) => this.take(block));
    }
  }

  /**
   * Looks at everything now and then for a while, for want of a stream.
   * @param {AbortSignal} signal
   */
  async poll(signal) {
    this.tries = 0;
    this.listener.opened();
    for (let look = 0; look < LOOKS; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, POLL));
      await read(address("status"), signal);
      this.heard = Date.now();
      if (document.visibilityState === "visible") this.listener.event("reset", {});
    }
  }

  /** @param {string} block The lines of one event. */
  take(block) {
    let type = "message";
    const data = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue; // A comment: a sign of life.
      const value = line.slice(colon + 1).replace(/^ /, "");
      const field = line.slice(0, colon);
      if (field === "event") type = value;
      else if (field === "data") data.push(value);
      else if (field === "id") this.last = value;
    }
    if (data.length) this.listener.event(type, JSON.parse(data.join("\n")));
    else if (type === "reset") this.listener.event(type, {});
  }
}
