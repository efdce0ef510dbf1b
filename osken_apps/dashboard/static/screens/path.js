// The path of a packet: from whom to whom, by what, and how far it comes.

import { ask } from "../core/api.js";
import { html, nothing } from "../core/html.js";
import { change, here, to } from "../core/location.js";
import { mayProbe, offers } from "../core/world.js";
import { Told } from "../core/told.js";
import { asText, explanation } from "../view/explanation.js";
import { clock, failure } from "../view/words.js";

export const EXPLAIN = "osken-explain";
const PROTOCOLS = ["icmp", "tcp", "udp"];

export class PathScreen {
  constructor(app) {
    Object.assign(this, { app, title: "Path", told: null, error: null, at: null, waits: false });
  }

  moved({ parameters }) {
    const { from, to } = parameters;
    const { probes } = this;
    this.probes = false;
    if (from && to) this.explain(parameters, probes);
    else Object.assign(this, { asking: null, told: null, error: null, waits: false }); // of what was asked before
  }

  async explain({ from, to, protocol = "icmp", port }, probe = false) {
    this.waits = true;
    this.app.draw();
    const asking = {};
    this.asking = asking;
    try {
      const question = { from, to, protocol, ...(port && protocol !== "icmp" ? { port_number: Number(port) } : {}), ...(probe ? { probe } : {}) };
      const told = (await ask("POST", "explain", { body: { explain: question } })).explain;
      if (asking !== this.asking) return; // left, or asked again
      this.told = told;
      Object.assign(this, { error: null, at: new Date() });
    } catch (error) {
      if (asking !== this.asking) return;
      Object.assign(this, { error, told: null });
    }
    this.waits = false;
    this.app.draw();
  }

  close() {
    this.asking = null;
  }

  asked(event) {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.target)].map(([name, text]) => [name, text.trim()]));
    const before = here().parameters;
    const isSame = Object.entries(given).every(([name, text]) => (before[name] ?? "") === text);
    // A probe is sent when somebody asks for it, and not again when the page is loaded again.
    this.probes = event.submitter?.name === "probe";
    if (isSame) this.moved({ parameters: given });
    else change(given);
  }

  view() {
    const { parameters } = here();
    return html`<h1>Path of a packet</h1>
      <form class="filters" @submit=${(event) => this.asked(event)}>
        ${[["from", "From port"], ["to", "To"]].map(([name, label]) => html`<label>${label}
          <input name=${name} required autocomplete="off" placeholder="Name, id, MAC or address" .value=${parameters[name] ?? ""}></label>`)}
        <label>Protocol <select name="protocol">${PROTOCOLS.map((one) => html`<option .selected=${one === (parameters.protocol ?? PROTOCOLS[0])}>${one}</option>`)}</select></label>
        <label>Port <input name="port" inputmode="numeric" .value=${parameters.port ?? ""}></label>
        <button type="submit" class="main" ?disabled=${this.waits}>Explain</button>
        ${mayProbe() ? html`<button type="submit" name="probe" ?disabled=${this.waits}>Explain with a probe</button>` : nothing}
      </form>
      ${this.error ? html`<p class="error" role="alert">${this.error.message}</p>` : nothing}
      ${this.waits ? html`<p class="note">Loading …</p>` : nothing}
      ${this.told ? html`<h2>What is found</h2>${explanation(this.told)} ${told(this.told, this.at)}` : this.error || this.waits ? nothing
        : html`<p class="note">Nothing is sent: it is what the hosts' flows would do with the packet.
          ${mayProbe() ? html`A probe asks the machines by ARP whether they are there, and sends a frame of its own over the
          wire between their hosts.` : nothing}</p>`}`;
  }
}

// A browser gives its clipboard to nobody who came without TLS from another machine.
const told = (explained, at) => html`<p>${navigator.clipboard
  ? html`<button type="button" @click=${() => navigator.clipboard.writeText(asText(explained))}>Copy as text</button>` : nothing}
  <span class="note">As of ${clock(at)}.</span></p>`;

/** Why a port is as it is: the first part of its page. */
export class PortExplained {
  constructor(app) {
    Object.assign(this, { app, probing: false, told: new Told(() => this.path ?? "", app.draw) });
  }

  load({ id }) {
    this.path = offers(EXPLAIN) ? `ports/${id}/explain` : "";
    this.told.load();
  }

  close() {
    this.told.close();
  }

  async probe({ id }) {
    this.probing = true;
    this.app.draw();
    try {
      this.told.take(await ask("POST", "explain", { body: { explain: { port: id, probe: true } } }));
    } catch (error) {
      this.told.error = error;
    }
    this.probing = false;
    if (!this.told.isClosed) this.app.draw();
  }

  view(port) {
    const { value, error, at } = this.told;
    if (!this.path) return nothing;
    return html`<section aria-labelledby="explained"><div class="title"><h2 id="explained">Why</h2>
        <button type="button" ?disabled=${this.probing} @click=${() => this.told.load()}>Look again</button>
        ${mayProbe() ? html`<button type="button" title="Its machine is asked by ARP whether it is there." ?disabled=${this.probing}
          @click=${() => this.probe(port)}>${this.probing ? "Probing …" : "Send a probe"}</button>` : nothing}
        <a href=${to(["path"], { from: port.id })}>Path to another port</a></div>
      ${error ? failure(error, value) : nothing}
      ${value ? html`${explanation(value.explain, false)} ${told(value.explain, at)}` : error ? nothing : html`<p class="note">Loading …</p>`}</section>`;
  }
}
