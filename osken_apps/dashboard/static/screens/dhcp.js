// DHCP as it happens: of one port on its page, of all ports on a screen of its own.

import { query } from "../core/api.js";
import { html, nothing } from "../core/html.js";
import { change } from "../core/location.js";
import { nameOf } from "../core/names.js";
import { Told } from "../core/told.js";
import { filters } from "../view/filters.js";
import { ladders } from "../view/ladder.js";
import { facts } from "../view/table.js";
import { clock, failure, link, several, spaced, state, time } from "../view/words.js";

const EVERY_MS = 2000;
const MOST_MESSAGES = 200;
const SOURCE = "The controller remembers the last messages; nothing is known of before its start.";

/** What a port's client asked and was told: a part of the port's page. */
export class PortDhcp {
  constructor(app) {
    this.told = new Told(() => this.path ?? "", app.draw, EVERY_MS);
  }

  load({ id }) {
    this.path = `ports/${id}/dhcp`;
    this.told.load();
  }

  close() {
    this.told.close();
  }

  view() {
    const { value, error } = this.told;
    const dhcp = value?.dhcp;
    return html`<section aria-labelledby="dhcp"><h2 id="dhcp">DHCP</h2>
      ${error ? failure(error, value) : nothing}
      ${dhcp ? html`${facts(lease(dhcp))}
        ${dhcp.transactions.length ? ladders(dhcp.transactions.map(exchange).reverse()) : html`<p class="note">Its machine has asked for nothing since ${time(dhcp.known_since)}.</p>`}` : nothing}
    </section>`;
  }
}

/** Say until when a lease is; one that nobody has renewed is known all the same. */
function end({ expires_at: moment }) {
  if (!moment) return "without end";
  return new Date(moment) > new Date() ? html`until ${time(moment)}` : html`which ${state("ended", "warn")} ${time(moment)}`;
}

function lease({ lease: held, conflict, known_since: since }) {
  return [
    ["Lease", held ? html`${held.ip_address}, since ${time(held.granted_at)} ${end(held)}` : "none"],
    ...(conflict ? [["Used by another machine", conflict]] : []),
    ["Known since", time(since)],
  ];
}

const exchange = ({ xid, messages }, index) => ({ key: `${xid} ${index}`, title: xid ? `Transaction ${xid}` : "Not readable", messages });

/** The screen of all ports' messages. */
export class DhcpScreen {
  constructor(app) {
    this.title = "DHCP";
    this.parameters = {};
    this.told = new Told(() => `dhcp-transactions?${query(this.asked())}`, app.draw, EVERY_MS);
  }

  asked() {
    const { port_id, host, outcome } = this.parameters;
    return { port_id, host, outcome };
  }

  moved({ parameters }) {
    this.parameters = parameters;
    this.told.load();
  }

  close() {
    this.told.close();
  }

  view() {
    const { value, error, at, isPaused } = this.told;
    return html`
      <div class="title"><h1>DHCP</h1>
        <button type="button" aria-pressed=${isPaused ? "true" : "false"} @click=${() => this.told.pause(!isPaused)}>Pause</button></div>
      ${filters([{ name: "host", label: "Host" }, { name: "port_id", label: "Port id" }, { name: "outcome", label: "Outcome" }], this.parameters, change)}
      ${error ? failure(error, value) : nothing}
      ${value ? this.messages(value, at) : error ? nothing : html`<p class="note">Loading …</p>`}`;
  }

  messages({ dhcp_transactions: all, more, known_since: since }, at) {
    const shown = all.slice(-MOST_MESSAGES);
    return html`
      <p class="note">${several(shown.length, "message")}${more || all.length > shown.length ? ", the newest of more," : ""} as of ${clock(at)},
        remembered since ${time(since)}.</p>
      <p>${outcomes(shown)}</p>
      ${shown.length ? ladders(together(shown)) : html`<p class="empty">Nothing was asked that is like that. ${SOURCE}</p>`}`;
  }
}

/** Count the messages by what became of them. */
function outcomes(messages) {
  const counted = new Map();
  for (const { outcome } of messages) counted.set(outcome, (counted.get(outcome) ?? 0) + 1);
  return [...counted].sort().map(([word, count]) => html`<span class="outcome">${spaced(word)}: ${count}</span> `);
}

/** Put messages together to exchanges, those of one port and transaction; what was said last comes first. */
function together(messages) {
  const exchanges = new Map();
  for (const message of messages.toReversed()) {
    const key = `${message.port_id} ${message.xid}`;
    if (!exchanges.has(key)) exchanges.set(key, { key, title: heading(message), messages: [] });
    exchanges.get(key).messages.unshift(message);
  }
  return [...exchanges.values()];
}

const heading = ({ port_id: id, host, xid }) =>
  html`${link("ports", id, nameOf("port", id), `exchange ${id} ${xid}`)}${host ? ` on ${host}` : ""}, transaction ${xid ?? "not readable"}`;
