// An explanation: the verdict first, why, then the way of the packet hop by hop, with the place where it ends.

import { html, nothing } from "../core/html.js";
import { isCommand, number, several, state, time } from "./words.js";

const WAYS = { port: "delivered", wire: "leaves the host", tunnel: "leaves over a tunnel", controller: "to the controller" };
const LOOKS = { ok: "ok", broken: "bad", unknown: "idle" };

/** Draw what the API has explained; with the way `isOpen`, or to be opened. */
export function explanation({ question, verdict, also, path, return_path: back, unseen }, isOpen = true) {
  return html`
    <p class="note">${question}</p>
    ${verdictView(verdict)}
    ${also.length ? html`<details><summary>${several(also.length, "other thing")} that may count</summary>
      <ul class="attention">${also.map((one) => html`<li>${verdictView(one)}</li>`)}</ul></details>` : nothing}
    ${path ? way("The way there", path, isOpen) : nothing}
    ${back ? way("The way back", back, isOpen) : nothing}
    ${unseen.length ? html`<p class="note">What cannot be seen from here: ${unseen.join("; ")}.</p>` : nothing}`;
}

function verdictView({ state: how, sentence, remedy, certainty, evidence }) {
  return html`<p class="verdict">${state(how, LOOKS[how])} ${sentence}${certainty === "likely" ? " This is likely, not certain." : ""}</p>
    ${remedy ? html`<p class="remedy ${isCommand(remedy) ? "command" : ""}">${remedy}</p>` : nothing}
    ${evidence.length ? html`<details><summary>Because</summary><ul>${evidence.map(({ says, source, seen_at: seen }) => html`
      <li>${says} <span class="why">${source}, ${time(seen)}</span></li>`)}</ul></details>` : nothing}`;
}

/** Draw hops in order, then where the packet leaves, and where it is stopped. */
function way(title, { hops, exits, stops, assumption }, isOpen) {
  return html`<details class="way" ?open=${isOpen}><summary>${title}</summary>
    ${assumption ? html`<p class="note">Of its connection it is assumed: ${assumption}.</p>` : nothing}
    <ol class="way-of-packet">${hops.map(hop)}
      ${exits.map(({ way: how, host, bridge, port }) => html`<li><p>${state(WAYS[how] ?? how, "ok")} <b>${host}</b> ${bridge}, ${port}</p></li>`)}
      ${stops.map(({ host, bridge, why }) => html`<li class="stop"><p>${state("stops here", "bad")} <b>${host}</b> ${bridge}: ${why}</p></li>`)}
    </ol></details>`;
}

function hop({ host, bridge, table, stage, rule, meaning, flow, packets, does }) {
  return html`<li><p><b>${host}</b> ${bridge}, table ${table}${stage ? ` (${stage})` : ""}${rule ? html`, rule <b>${rule}</b>` : nothing}
      ${packets === null ? nothing : html`<span class="why">${number(packets)} packets so far</span>`}</p>
    ${meaning ? html`<p>${meaning}</p>` : nothing}
    ${does.length ? html`<p class="does">${does.join(", ")}</p>` : nothing}
    ${flow ? html`<code>${flow}</code>` : nothing}</li>`;
}

/** Give an explanation as text, to be sent to somebody. */
export function asText({ question, verdict, also, path, return_path: back }) {
  const of = (way) => (way ? [
    ...way.hops.map(({ host, bridge, table, rule, does }) => `${host} ${bridge} table ${table} ${rule}: ${does.join(", ")}`),
    ...way.exits.map(({ host, bridge, port, way: how }) => `${how}: ${host} ${bridge} ${port}`),
    ...way.stops.map(({ host, bridge, why }) => `STOPS: ${host} ${bridge}: ${why}`),
  ] : []);
  const said = ({ state: how, sentence, remedy, evidence }) =>
    [`${how}: ${sentence}`, remedy, ...evidence.map(({ says, source }) => `  ${says} (${source})`)];
  return [question, ...said(verdict), ...also.flatMap(said), ...of(path), ...of(back)].filter(Boolean).join("\n");
}
