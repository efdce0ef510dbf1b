// A small picture of how something went: a line without axes, whose figures are in words beside it.

import { html, svg } from "../core/html.js";

const WIDTH = 240;
const HEIGHT = 40;

/** Draw values, the oldest first; `said` is what somebody hears who does not see it. */
export function sparkline(values, said) {
  const most = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`);
  return html`<svg class="sparkline" width=${WIDTH} height=${HEIGHT} viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${said}>
    ${svg`<polyline points=${points.join(" ")}></polyline>`}</svg>`;
}
