// An explanation: the verdict first, why, then the way of the packet hop by hop, with the place where it ends.

import { html, nothing } from "../core/html.js";
import { number, state, time } from "./words.js";

const LOOKS = { ok: "ok", broken: "bad", unknown: "idle" };

/** Draw what POST /v2.0/explain, or GET of a port's explain, has answered. */
export function explanation({ verdict, also = [], checks = [], path = [], return_path: back = [], unseen = [] }) {
  return html`
    ${verdictView(verdict)}
    ${also.length ? html`<p>Also:</p><ul class="attention">${also.map((one) => html`<li>${verdictView(one)}</li>`)}</ul>` : nothing}
    ${checks.length ? html`<details ?open=${verdict.state !== "ok"}><summary>What was looked at</summary><ul class="attention">${checks.map(check)}</ul></details>` : nothing}
    ${path.length ? way("The way there", path, verdict) : nothing}
    ${back.length ? way("The way back", back, verdict) : nothing}
    ${unseen.length ? html`<p class="note">What cannot be seen from here: ${unseen.join("; ")}.</p>` : nothing}`;
}

function verdictView({ state: how, sentence, remedy, certainty }) {
  return html`<p class="verdict">${state(how, LOOKS[how])} ${sentence}${certainty === "likely" ? " This is likely, not certain." : ""}</p>
    ${remedy ? html`<p class="remedy">${remedy}</p>` : nothing}`;
}

function check({ ok, says, source, seen_at: seen }) {
  return html`<li>${state(ok === null ? "unknown" : ok ? "yes" : "no", ok === null ? "idle" : ok ? "ok" : "bad")} ${says}
    <span class="why">${source}${seen ? html`, ${time(seen)}` : nothing}</span></li>`;
}

/** Draw hops in order; what stops the packet is marked, and said. */
function way(title, hops) {
  return html`<section><h3>${title}</h3><ol class="way-of-packet">${hops.map(hop)}</ol></section>`;
}

function hop({ host, bridge, table, rule, meaning, flow, packets, does, out, stops }) {
  return html`<li class=${stops ? "stop" : ""}>
    <p><b>${host}</b> ${bridge}${table === null || table === undefined ? nothing : html`, table ${table}`}${rule ? html`, rule <b>${rule}</b>` : nothing}
      ${packets === null || packets === undefined ? nothing : html`<span class="why">${number(packets)} packets so far</span>`}</p>
    ${meaning ? html`<p>${meaning}</p>` : nothing}
    ${does || out ? html`<p class="does">${does}${out ? html` ⟶ ${out}` : nothing}</p>` : nothing}
    ${flow ? html`<code>${flow}</code>` : nothing}
    ${stops ? html`<p>${state("stops here", "bad")} ${stops}</p>` : nothing}</li>`;
}

/** Give an explanation as text, to be sent to somebody. */
export function asText({ question, verdict, also = [], checks = [], path = [] }) {
  const lines = [
    question ? JSON.stringify(question) : "",
    `${verdict.state}: ${verdict.sentence}`, verdict.remedy,
    ...also.map(({ state: how, sentence }) => `also ${how}: ${sentence}`),
    ...checks.map(({ ok, says, source }) => `${ok === null ? "?" : ok ? "yes" : "no"}: ${says} (${source})`),
    ...path.map(({ host, bridge, table, rule, does, out, stops }) =>
      [host, bridge, table ?? "", rule ?? "", does ?? "", out ?? "", stops ? `STOPS: ${stops}` : ""].filter((part) => part !== "").join("  ")),
  ];
  return lines.filter(Boolean).join("\n");
}
