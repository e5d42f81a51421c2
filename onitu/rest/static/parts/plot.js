/** A small plot of a value over time. */

import { html } from "../lib/ui.js";

const WIDTH = 300;
const HEIGHT = 54;

/**
 * @param {{label: string, points: number[], shown: (value: number) => string, least?: number, span: string}} props
 *   `least` is the value that the top stands for at least, `span` says which time it covers.
 */
export function Plot({ label, points, shown, least = 0, span }) {
  const top = Math.max(least, ...points) * 1.1 || 1;
  const drawn = points.length === 1 ? [points[0], points[0]] : points;
  const step = WIDTH / Math.max(1, drawn.length - 1);
  const places = drawn.map((value, index) => `${(index * step).toFixed(1)} ${(HEIGHT - 2 - (value / top) * (HEIGHT - 6)).toFixed(1)}`);
  const curve = places.length > 1 ? `M${places.join("L")}` : "";
  const now = points.length ? shown(points[points.length - 1]) : "–";
  const words = points.length ? `${label}: ${now}, at most ${shown(Math.max(...points))} ${span}` : `${label}: not known yet`;
  return html`
    <figure class="plot">
      <figcaption><span>${label}</span><strong>${now}</strong></figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${words}>
        ${curve && html`<path class="area" d="${curve}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z" /><path class="curve" d=${curve} />`}
      </svg>
    </figure>
  `;
}
