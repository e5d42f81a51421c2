/** What every component is written with: templates, hooks and icons. */

import { h, render, Fragment } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState } from "../vendor/hooks.js";
export { Fragment, render };

export const html = htm.bind(h);

/** Outlines on a grid of 24, drawn for this page. */
const SHAPES = {
  map: "M4 5h6v6H4zM14 5h6v6h-6zM4 15h6v4H4zM14 15h6v4h-6z",
  folder: "M3.5 7.5a2 2 0 0 1 2-2h4l2 2.5h7a2 2 0 0 1 2 2v7.5a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2z",
  file: "M6 3.5h8l4.5 4.5v12a1 1 0 0 1-1 1H6.5a1 1 0 0 1-1-1v-15a1.5 1.5 0 0 1 .5-1.5zM14 3.5V8h4.5",
  transfer: "M7 4.5v14M3.5 15 7 18.5l3.5-3.5M17 19.5v-14M13.5 9 17 5.5 20.5 9",
  conflict: "M12 3.5v6M12 9.5 5.5 16v4.5M12 9.5l6.5 6.5v4.5M3 18l2.5 2.5L8 18M16 18l2.5 2.5L21 18",
  hold: "M12 3.2 20 6v6c0 4.6-3.3 7.7-8 9-4.7-1.3-8-4.4-8-9V6zM10 9.5v5M14 9.5v5",
  service: "M4.5 5h15v5.5h-15zM4.5 13.5h15V19h-15zM8 7.8h.01M8 16.2h.01",
  rules: "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01",
  check: "M4.5 12.5 10 18l9.5-11",
  sync: "M19.5 11a7.6 7.6 0 0 0-13.3-4L4 9.3M4 4.5v4.8h4.8M4.5 13a7.6 7.6 0 0 0 13.3 4l2.2-2.3M20 19.5v-4.8h-4.8",
  alert: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01",
  stop: "M8 3.5h8l4.5 4.5v8L16 20.5H8L3.5 16V8zM8.5 8.5l7 7M15.5 8.5l-7 7",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  play: "M7.5 4.8v14.4L19 12z",
  square: "M6.5 6.5h11v11h-11z",
  minus: "M6 12h12",
  plus: "M12 5v14M5 12h14",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20.5 20.5",
  download: "M12 4v11M7 10.5l5 5 5-5M4.5 19.5h15",
  chevron: "M9 5.5 15.5 12 9 18.5",
  back: "M14.5 5.5 8 12l6.5 6.5",
  close: "M6 6l12 12M18 6 6 18",
  clock: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.5V12l3 2",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  key: "M8 11.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM11 12.7 19.5 4.5M16 8l3 3M13.5 10.3l2 2",
  pencil: "M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5zM13.5 7l3.5 3.5",
  trash: "M4.5 6.5h15M9 6.5V4h6v2.5M6.5 6.5l1 14h9l1-14M10 10.5v6M14 10.5v6",
  undo: "M4 9h10a5.5 5.5 0 0 1 0 11h-4M4 9l4.5-4.5M4 9l4.5 4.5",
};

/**
 * An icon. It says nothing to a screen reader: the words stand beside it.
 * @param {{name: keyof SHAPES, spin?: boolean}} props
 */
export function Icon({ name, spin = false }) {
  return html`<svg class=${spin ? "icon spin" : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${SHAPES[name]} />
  </svg>`;
}
