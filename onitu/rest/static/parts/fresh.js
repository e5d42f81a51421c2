/** What keeps a list of files true while it is looked at. */

import { onFile, useStore } from "../lib/store.js";
import { useEffect, useRef } from "../lib/ui.js";

/** Milliseconds that changes of files are gathered until a list is loaded again. */
const GATHER = 600;

/**
 * Loads again, a moment after files have changed that matter.
 * @param {() => void} again
 * @param {(file: {folder: string, filename: string}) => boolean} matters
 */
export function useFresh(again, matters) {
  const line = useStore((state) => state.line);
  const current = useRef({ again, matters });
  current.current = { again, matters };
  const lost = useRef(false);
  useEffect(() => {
    let timer = 0;
    const stop = onFile((file) => {
      if (timer || (file && !current.current.matters(file))) return;
      timer = setTimeout(() => {
        timer = 0;
        current.current.again();
      }, GATHER);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
  useEffect(() => {
    if (line === "live" && lost.current) current.current.again();
    lost.current = line === "lost";
  }, [line]);
}

/**
 * The last value of the same thing, so that loading it again shows nothing of itself.
 * @template T
 * @param {T | undefined} value
 * @param {string} of
 */
export function useLast(value, of) {
  const last = useRef(/** @type {{of: string, value?: any}} */ ({ of: "" }));
  if (value !== undefined) last.current = { of, value };
  return last.current.of === of ? last.current.value : undefined;
}
