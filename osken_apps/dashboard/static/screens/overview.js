// The first screen: how many there are of what, and what needs attention, worst first.

import { html, nothing } from "../core/html.js";
import { to } from "../core/location.js";
import { world } from "../core/world.js";
import { sparkline } from "../view/sparkline.js";
import { table } from "../view/table.js";
import { isCommand, number, PATHS, rate, spaced, state } from "../view/words.js";

const COUNTED = [
  ["networks", "Networks", "networks"],
  ["subnets", "Subnets", "subnets"],
  ["ports", "Ports", "ports"],
  ["security_groups", "Security groups", "security-groups"],
  ["agents", "Hosts", "hosts"],
];
const LOOKS = { broken: "bad", degraded: "warn", waiting: "idle" };

export class OverviewScreen {
  title = "Overview";
  showsCounters = true;

  view() {
    const { overview } = world;
    if (!overview) return html`<h1>Overview</h1><p class="note">Loading …</p>`;
    const { attention, counts, dhcp: messages, more } = overview;
    return html`
      <h1>Overview</h1>
      <ul class="counts" aria-label="How many there are">
        ${COUNTED.filter(([plural]) => counts[plural]).map(([plural, label, path]) => count(label, path, counts[plural]))}
      </ul>
      <section aria-labelledby="attention">
        <h2 id="attention">Needs attention</h2>
        ${attention.length ? html`<ol class="attention">${attention.map(sentence)}</ol>` : html`<p>${state("Nothing", "ok")} that can be seen from here.</p>`}
        ${more ? html`<p>and ${number(more)} more</p>` : nothing}
      </section>
      ${messages ? dhcp(messages) : nothing}`;
  }
}

const OUTCOMES = [
  { name: "outcome", label: "What became of it", cell: ({ outcome }) => spaced(outcome) },
  { name: "rate", label: "A second", numeric: true, cell: ({ outcome }) => rate(world.dhcp.of(outcome)) },
  { name: "count", label: "Since the controller's start", numeric: true, cell: ({ count }) => number(count) },
];

/** Draw how many DHCP messages there are: of late as a line, of each outcome in a table. */
function dhcp(messages) {
  const line = world.dhcp.line();
  const rows = Object.entries(messages).map(([outcome, count]) => ({ outcome, count }));
  return html`<section aria-labelledby="dhcp-rate"><h2 id="dhcp-rate">DHCP</h2>
    ${line.length ? html`<p class="rate"><span><b>${rate(line.at(-1))}</b> messages a second</span>
      ${line.length > 1 ? sparkline(line, `Messages a second of late: from ${rate(Math.min(...line))} to ${rate(Math.max(...line))}`) : nothing}</p>` : nothing}
    ${table({ caption: "DHCP messages", columns: OUTCOMES, rows, key: ({ outcome }) => outcome, empty: "No machine has asked for anything since the controller's start." })}
  </section>`;
}

function count(label, path, { total, ...by }) {
  return html`<li><a href=${to([path])} data-key="count ${path}"><span class="total">${number(total)}</span> ${label}</a>
    <span class="by">${Object.entries(by).map(([word, many]) => html`
      <a href=${to([path], path === "hosts" ? { alive: String(["alive", "trouble"].includes(word)) } : { status: word })}>${state(word)} ${number(many)}</a> `)}</span></li>`;
}

function sentence({ state: how, sentence: text, remedy, kind, id }) {
  return html`<li>${state(how, LOOKS[how])}
    ${kind && id ? html`<a href=${to([PATHS[kind], id])}>${text}</a>` : html`<span>${text}</span>`}
    ${remedy ? html`<p class="remedy ${isCommand(remedy) ? "command" : ""}">${remedy}</p>` : nothing}</li>`;
}
