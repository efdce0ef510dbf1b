// How states, times and ids are shown. A state is never only a colour: it has a glyph and a word, too.

import { html, nothing } from "../core/html.js";
import { to } from "../core/location.js";

const LOOKS = {
  ok: { glyph: "●", words: ["ACTIVE", "alive", "ok", "up", "ready", "ACK", "OFFER"] },
  bad: { glyph: "✖", words: ["ERROR", "gone", "refused", "broken", "lost", "NAK"] },
  warn: { glyph: "▲", words: ["DOWN", "trouble", "degraded", "foreign", "missing", "down"] },
  idle: { glyph: "○", words: ["awaited", "waiting", "unknown", "unbound", "none"] },
};
const LOOK_OF = Object.fromEntries(
  Object.entries(LOOKS).flatMap(([look, { words }]) => words.map((word) => [word, look])));

/** Show a state by colour, glyph and word; `look` says how good it is where the word does not. */
export function state(word, look = LOOK_OF[word] ?? "idle") {
  return html`<span class="state ${look}"><span aria-hidden="true">${LOOKS[look].glyph}</span> ${word}</span>`;
}

export const yes = (value) => (value ? "yes" : "no");

const ORDER = "sv"; // the language that writes times as everybody reads them: 2026-11-26 07:14:35

/** Show an error of what is read again; of what was read before it is said so. */
export const failure = (error, isShown) => html`<p class="error" role="alert">${error.message}${isShown ? " What is shown is of before." : ""}</p>`;

/** Show a time of the API (UTC) as the reader's clock has it. */
export function time(text) {
  const moment = new Date(/[Z+]/.test(text ?? "") ? text : `${text?.replace(" ", "T")}Z`);
  if (Number.isNaN(moment.getTime())) return "–";
  return html`<time datetime=${moment.toISOString()} title=${moment.toISOString()}>${moment.toLocaleString(ORDER)}</time>`;
}

/** Write a moment by the reader's clock, with its day if that is another than today. */
export function clock(moment) {
  const isOfToday = moment?.toDateString() === new Date().toDateString();
  return (isOfToday ? moment.toLocaleTimeString(ORDER) : moment?.toLocaleString(ORDER)) ?? "–";
}

/** Link to a thing by its name, or by its id where it has none. */
export function link(path, id, name, key = undefined) {
  return html`<a href=${to([path, id])} data-key=${key ?? nothing}>${name || id}</a>`;
}

/** Write a word of the API, like other_server, as people do. */
export const spaced = (word) => word.replaceAll("_", " ");

export const number = (value) => (value ?? 0).toLocaleString("en");

/** Tell whether what mends something is to be typed, or done otherwise. */
export const isCommand = (remedy) => /^(openstack|osken-net|ovs-\w+|ip|sudo|systemctl) /.test(remedy);

/** Give how many a second. */
export const rate = (value) => (value === null ? "–" : value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 }));

/** Give one or several in words: 1 port, 2 ports. */
export const several = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export const PATHS = {
  network: "networks",
  subnet: "subnets",
  port: "ports",
  security_group: "security-groups",
  address_group: "address-groups",
  agent: "hosts",
};
