// A DHCP exchange as a ladder: what the machine says goes right, what it is told comes back, and why beside it.

import { html, nothing, repeat } from "../core/html.js";
import { clock, state } from "./words.js";

/** Draw exchanges: { key, title, messages }, of messages as the API has them, the oldest first. */
export function ladders(exchanges) {
  return html`<ol class="ladders">${repeat(exchanges, ({ key }) => key, ({ title, messages }) => html`
    <li><p class="exchange">${title}</p>
      <ol class="ladder">${messages.map(rung)}</ol></li>`)}</ol>`;
}

const options = (words, numbers) => numbers?.length ? html` Options ${words}: ${numbers.join(", ")}.` : nothing;

function rung({ time: moment, received, sent, reason, ip_address: address, omitted_options: omitted,
  shortened_options: shortened }) {
  return html`<li>
    <span class="when"><time datetime=${moment} title=${moment}>${clock(new Date(moment))}</time></span>
    <span class="asks"><b>${received ?? "unreadable"}</b> <span aria-hidden="true">━▶</span><span class="unseen">from the machine</span></span>
    <span class="answers">${sent
      ? html`<span aria-hidden="true">◀━</span> ${state(sent, sent === "NAK" ? "bad" : "ok")} ${address ?? nothing}<span class="unseen"> to the machine</span>`
      : state("no answer", "warn")}</span>
    <span class="why">${reason}${options("without room", omitted)}${options("shortened", shortened)}</span></li>`;
}
