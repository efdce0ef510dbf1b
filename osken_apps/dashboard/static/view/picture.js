// The picture of a network: bars with what hangs on them. Whatever is in it keeps its place for as long as it is
// there: what is new takes a free place or the next one, what goes leaves its own.

import { html, repeat, svg } from "../core/html.js";
import { to } from "../core/location.js";
import { several } from "./words.js";

export const MOST_BARS = 12;
export const MOST_MACHINES = 40;
const MOST_SHAPES = 500;

const BAR = { first: 24, apart: 150, width: 16 };
const TOP = 64;
const ROW = 40;
const BOX = { width: 112, height: 28 };
const COLOURS = 8;

/** Gives each of the things that there are a place: by name at first, then the same one as before. */
export class Places {
  constructor() {
    this.taken = new Map();
  }

  /** Give the places of ids, which come in the order of names. */
  of(ids) {
    const here = new Set(ids);
    for (const id of this.taken.keys()) if (!here.has(id)) this.taken.delete(id);
    const free = new Set([...Array(ids.length + this.taken.size).keys()].filter((place) => ![...this.taken.values()].includes(place)));
    for (const id of ids) {
      if (this.taken.has(id)) continue;
      const [place] = free;
      free.delete(place);
      this.taken.set(id, place);
    }
    return this.taken;
  }
}

/** Tell whether a picture of it would be read: not too much of anything. */
export function fits({ networks, machines, is_complete: isComplete }) {
  const ports = machines.reduce((sum, machine) => sum + machine.ports.length, 0);
  return isComplete && networks.length <= MOST_BARS && machines.length <= MOST_MACHINES
    && networks.length + machines.length + 2 * ports <= MOST_SHAPES; // a line and a dot for each port
}

/** Draw networks as bars, with their addresses, and machines as boxes between, a line to each of their networks. */
export function picture({ networks, machines }, columns, rows) {
  const x = (networkId) => BAR.first + BAR.apart * columns.get(networkId);
  const colour = (networkId) => `c${columns.get(networkId) % COLOURS}`;
  const height = TOP + ROW * Math.max(2, 1 + Math.max(-1, ...rows.values()));
  const width = BAR.first + BAR.apart * (1 + Math.max(0, ...columns.values()));
  return html`<div class="scroll picture" role="region" aria-label="Picture" tabindex="0">
    <svg width=${width} height=${height + 12} viewBox="0 0 ${width} ${height + 12}" role="group"
      aria-label="${several(networks.length, "network")} as bars, ${several(machines.length, "machine")}">
      ${machines.map((machine) => lines(machine, x, colour, TOP + ROW * rows.get(machine.id)))}
      ${repeat(networks, ({ id }) => id, (network) => bar(network, x(network.id), colour(network.id), height))}
      ${machines.map((machine) => ends(machine, x, TOP + ROW * rows.get(machine.id)))}
      ${repeat(machines, ({ id }) => id, (machine) => box(machine, x, TOP + ROW * rows.get(machine.id)))}
    </svg></div>`;
}

function bar(network, x, colour, height) {
  return svg`<a href=${to(["networks", network.id])} data-key="bar ${network.id}">
    <title>${network.name || network.id}: ${network.ports} ports, ${network.down} down</title>
    <text x=${x} y="18" class="name">${short(network.name || network.id, 17)}</text>
    <text x=${x} y="36" class="small">${short(network.cidrs.join(", ") || "no subnet", 20)}</text>
    <rect x=${x} y="44" width=${BAR.width} height=${height - 44} rx="6" class="bar ${colour}"></rect></a>`;
}

/** Give the heights of a machine's lines, one for each port. */
const heights = ({ ports }, y) => ports.map((_, index) => y + (BOX.height * (index + 1)) / (ports.length + 1));

/** Give where a machine's box begins: right of the first of its networks. */
function boxAt(machine, x) {
  const at = machine.ports.map(({ network_id }) => x(network_id));
  return Math.min(...at) + BAR.width + 14;
}

function lines(machine, x, colour, y) {
  const at = boxAt(machine, x);
  const ys = heights(machine, y);
  return machine.ports.map((port, index) => {
    const bar = x(port.network_id) + BAR.width / 2;
    const [from, until] = bar < at ? [bar, at] : [at + BOX.width, bar];
    return svg`<line x1=${from} x2=${until} y1=${ys[index]} y2=${ys[index]} class="wire ${colour(port.network_id)} ${port.status === "ACTIVE" ? "" : "down"}"></line>`;
  });
}

/** Draw a dot where a line ends at its bar: what only passes behind one has none. */
function ends(machine, x, y) {
  const ys = heights(machine, y);
  return machine.ports.map((port, index) =>
    svg`<circle cx=${x(port.network_id) + BAR.width / 2} cy=${ys[index]} r="4" class="end"></circle>`);
}

function box(machine, x, y) {
  const at = boxAt(machine, x);
  const down = machine.ports.filter(({ status }) => status !== "ACTIVE").length;
  const said = machine.ports.map(({ addresses, status }) => `${addresses.join(", ")} ${status}`).join("; ");
  return svg`<a href=${to(["ports", machine.ports[0].id])} data-key="machine ${machine.id}" class=${down ? "machine warn" : "machine ok"}>
    <title>${machine.name}${machine.host ? ` on ${machine.host}` : ""}: ${said}</title>
    <rect x=${at} y=${y} width=${BOX.width} height=${BOX.height} rx="5"></rect>
    <text x=${at + 7} y=${y + 19}>${down ? "▲" : "●"} ${short(called(machine), 12)}</text></a>`;
}

/** Give what a machine is called where there is little room: by its address if it has no name. */
const called = ({ id, name, ports }) => (name === id ? ports.find(({ addresses }) => addresses.length)?.addresses[0] ?? id : name);

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
