// What a host is besides an agent: what keeps it from what it should be, its interfaces, its flows by rule.

import { get, query } from "../core/api.js";
import { html, nothing } from "../core/html.js";
import { to } from "../core/location.js";
import { nameOf } from "../core/names.js";
import { Told } from "../core/told.js";
import { may, offers } from "../core/world.js";
import { facts, table } from "../view/table.js";
import { clock, failure, isCommand, link, number, rate, spaced, state } from "../view/words.js";

const EVERY_MS = 5000;
// With as many rules as there are these make 200 rows.
const MOST_INTERFACES = 100;
const MOST_FLOWS = 50;

/** What the controller says of a host. */
export class HostState {
  view({ alive, configurations: { conditions = [], trouble, ...more } }) {
    return html`<section aria-labelledby="host-state"><h2 id="host-state">State</h2>
      <p>${state(alive ? "alive" : "gone")} ${trouble ? html`${state("trouble")} ${trouble}` : nothing}</p>
      ${conditions.length ? html`<ul class="attention">${conditions.map(({ sentence, remedy }) => html`<li>${state("degraded")} ${sentence}
        <p class="remedy ${isCommand(remedy) ? "command" : ""}">${remedy}</p></li>`)}</ul>` : nothing}
      ${facts([
        ["Bridges", more.bridges.join(", ") || "–"],
        ["Physical networks", Object.entries(more.bridge_mappings).map((pair) => pair.join(" on ")).join(", ") || "–"],
        ["Ports", number(more.devices)],
        ["OVSDB", more.ovsdb ? "connected" : "not connected"],
        ["Datapath", more.datapath_type || "–"],
        ["Tunnel address", more.tunneling_ip || "–"],
        ["System id", more.system_id || "–"],
        ["Mended by audits", number(more.repairs)],
        ["DHCP", Object.entries(more.dhcp).map(([word, count]) => `${spaced(word)}: ${number(count)}`).join(", ") || "–"],
      ])}</section>`;
  }
}

/** What Open vSwitch shows of a host's interfaces. */
export class HostInterfaces {
  constructor(app) {
    this.told = new Told(() => this.path ?? "", app.draw, EVERY_MS);
  }

  load({ id, alive }) {
    this.path = alive && offers("osken-interfaces") && may("get_agent_interfaces") ? `agents/${id}/interfaces` : "";
    this.told.load();
  }

  close() {
    this.told.close();
  }

  view() {
    const { value, error } = this.told;
    if (!this.path) return nothing;
    return html`<section><h2>Interfaces</h2>
      ${error ? failure(error, value) : nothing}
      ${value ? table({
        caption: "Interfaces", columns: INTERFACES, rows: value.interfaces.toSorted((one, other) => !one.error - !other.error), most: MOST_INTERFACES,
        key: ({ bridge, name }) => `${bridge} ${name}`, empty: "The host shows none.",
      }) : nothing}</section>`;
  }
}

/** Show the state of an interface; that of a bridge itself is down as a rule, and nobody minds. */
function interfaceState({ name, bridge, error, admin_state: admin, link_state: wire }) {
  if (error) return html`${state("broken")} ${error}`;
  const isDown = [admin, wire].includes("down");
  return isDown ? state("down", name === bridge ? "idle" : "warn") : state(admin || "unknown");
}

const INTERFACES = [
  { name: "name", label: "Interface" },
  { name: "bridge", label: "Bridge" },
  { name: "state", label: "State", cell: interfaceState },
  { name: "ofport", label: "OpenFlow port", numeric: true, cell: ({ ofport }) => ofport ?? "–" },
  { name: "tag", label: "Tag", numeric: true, cell: ({ tag }) => tag ?? "–" },
  { name: "port_id", label: "Port", cell: ({ port_id: id, iface_id: given }) =>
    (id ? link("ports", id, nameOf("port", id), `interface ${id}`) : given ? html`${state("none")} ${given}` : "–") },
  { name: "mtu", label: "MTU", numeric: true, cell: ({ mtu }) => mtu ?? "–" },
  { name: "dropped_by_meter", label: "Dropped by its meter", numeric: true, cell: ({ dropped_by_meter: dropped }) => number(dropped) },
];

/** The flows of one port on its host, with what each means: read when somebody opens them. */
export class PortFlows {
  constructor(app) {
    Object.assign(this, { app, told: new Told(() => this.path ?? "", app.draw) });
  }

  async load({ id, "binding:vif_details": details }) {
    const host = details?.host ?? "";
    const asking = {};
    this.asking = asking;
    if (!offers("osken-flows") || !may("get_agent_flows") || !host) this.path = "";
    else if (host !== this.host) {
      const told = await get(`agents?${query({ host, fields: "id" })}`).catch(() => null);
      if (asking !== this.asking || !told) return; // left, or asked again; or to be asked again
      const [agent] = told.agents;
      this.path = agent ? `agents/${agent.id}/flows?${query({ port_id: id })}` : "";
      this.begin();
    }
    this.host = host;
    this.app.draw();
  }

  /** Forget what was read of another host; where somebody looks at it, read it of this one. */
  begin() {
    const { isOpen } = this;
    this.told.close();
    this.told = new Told(() => this.path ?? "", this.app.draw);
    if (isOpen) this.told.load();
  }

  close() {
    this.asking = null;
    this.told.close();
  }

  view() {
    if (!this.path) return nothing;
    const { value, error, at, before } = this.told;
    const opened = (event) => {
      this.isOpen = event.target.open;
      if (this.isOpen && !value) this.told.load();
    };
    return html`<details @toggle=${opened}><summary>Its flows on ${this.host}</summary>
      ${error ? failure(error, value) : nothing}
      ${value ? html`<p class="note">As of ${clock(at)}.${value.silent.length ? ` ${value.silent.join(", ")} did not say what they have.` : ""}
          <button type="button" @click=${() => this.told.load()}>Count again</button></p>
        ${table({ caption: "Flows of this port", columns: OF_PORT, rows: counted(value.flows, before, at), most: MOST_FLOWS, key: keyOfFlow, empty: "The host has none for it." })}`
      : error ? nothing : html`<p class="note">Reading …</p>`}</details>`;
  }
}

const keyOfFlow = ({ bridge, flow }) => `${bridge} ${flow.replace(/ actions=.*/, "")}`;

/** Give flows, each with how many packets a second it took since an earlier reading. */
function counted(flows, before, at) {
  const earlier = new Map(before?.value.flows.map((flow) => [keyOfFlow(flow), flow.packets]));
  return flows.map((flow) => {
    const then = earlier.get(keyOfFlow(flow));
    const isKnown = flow.packets !== null && then != null;
    return { ...flow, rate: isKnown ? Math.max(0, flow.packets - then) / ((at - before.at) / 1000) : null };
  });
}

const HOW = { installed: "ok", missing: "bad", foreign: "warn" };
const OF_PORT = [
  { name: "rule", label: "Rule", cell: ({ rule }) => rule || "of nobody here" },
  { name: "bridge", label: "Bridge" },
  { name: "state", label: "State", cell: ({ state: how }) => state(how, HOW[how]) },
  { name: "meaning", label: "Meaning", cell: ({ meaning, flow }) => html`${meaning} <code>${flow}</code>` },
  { name: "packets", label: "Packets", numeric: true, cell: ({ packets }) => (packets === null ? "–" : number(packets)) },
  { name: "rate", label: "A second", numeric: true, cell: (row) => rate(row.rate) },
];

/** What a host's bridges have beside what they should have, folded by rule; a rule opens to its flows. */
export class HostFlows {
  constructor(app) {
    this.app = app;
    this.opened = "";
    this.told = new Told(() => this.path ?? "", app.draw);
  }

  load({ id, alive }) {
    this.path = alive && offers("osken-flows") && may("get_agent_flows") ? `agents/${id}/flows` : "";
    if (!this.told.value) this.told.load();
  }

  close() {
    this.told.close();
  }

  view() {
    const { value, error, at } = this.told;
    if (!this.path) return nothing;
    return html`<section><div class="title"><h2>Flows by rule</h2>
        <button type="button" @click=${() => this.told.load()}>Count again</button></div>
      ${error ? failure(error, value) : nothing}
      ${value ? this.rules(value, at) : nothing}</section>`;
  }

  rules({ flows, silent, more }, at) {
    const rules = folded(flows, this.told.before, at);
    const most = Math.max(1, ...rules.map(({ rate }) => rate ?? 0));
    const opened = flows.filter((flow) => keyOf(flow) === this.opened);
    return html`
      <p class="note">As of ${clock(at)}.${silent.length ? ` ${silent.join(", ")} did not say what they have.` : ""}${more ? ` ${number(more)} flows are not told.` : ""}</p>
      ${table({ caption: "Flows by rule", columns: this.columns(most), rows: rules, key: ({ key }) => key, empty: "The host has no flows of ours." })}
      ${opened.length ? table({ caption: `Flows of ${opened[0].rule || "nobody"}`, columns: FLOWS, rows: opened, most: MOST_FLOWS, key: ({ bridge, flow }) => `${bridge} ${flow}` }) : nothing}`;
  }

  columns(most) {
    const open = (key) => {
      this.opened = this.opened === key ? "" : key;
      this.app.draw();
    };
    return [
      { name: "rule", label: "Rule", cell: ({ key, rule }) => html`<button type="button" class="sort" data-key="rule ${key}"
        aria-expanded=${key === this.opened ? "true" : "false"} @click=${() => open(key)}>${rule || "of nobody here"}</button>` },
      { name: "bridge", label: "Bridge" },
      { name: "state", label: "State", cell: ({ how }) => state(how, HOW[how]) },
      { name: "meaning", label: "Meaning" },
      { name: "count", label: "Flows", numeric: true, cell: ({ count }) => number(count) },
      { name: "packets", label: "Packets", numeric: true, cell: ({ packets }) => (packets === null ? "–" : number(packets)) },
      { name: "rate", label: "A second", numeric: true, cell: (row) => html`${rate(row.rate)}
        ${row.rate ? html`<meter min="0" max=${most} .value=${row.rate} aria-label="of the most"></meter>` : nothing}` },
    ];
  }
}

const FLOWS = [
  { name: "flow", label: "Flow", cell: ({ flow }) => html`<code>${flow}</code>` },
  { name: "bridge", label: "Bridge" },
  { name: "port_id", label: "Port", cell: ({ port_id: id }) => (id ? html`<a href=${to(["ports", id])}>${nameOf("port", id) || id}</a>` : "–") },
  { name: "packets", label: "Packets", numeric: true, cell: ({ packets }) => (packets === null ? "–" : number(packets)) },
];

const keyOf = ({ bridge, rule, state: how }) => `${bridge} ${rule} ${how}`;
const WORST = ["missing", "foreign", "unknown", "installed"];

/** Put flows together by bridge, rule and state; with an earlier reading, say how many packets a second. */
function folded(flows, before, at) {
  const earlier = before ? sums(before.value.flows) : new Map();
  const seconds = before ? (at - before.at) / 1000 : 0;
  return [...sums(flows).values()].map((sum) => {
    const then = earlier.get(sum.key);
    const isKnown = then && sum.packets !== null && then.packets !== null && seconds > 0;
    return { ...sum, rate: isKnown ? Math.max(0, sum.packets - then.packets) / seconds : null };
  }).sort((one, other) => WORST.indexOf(one.how) - WORST.indexOf(other.how));
}

function sums(flows) {
  const found = new Map();
  for (const flow of flows) {
    const key = keyOf(flow);
    const sum = found.get(key) ?? { key, bridge: flow.bridge, rule: flow.rule, how: flow.state, meaning: flow.meaning, count: 0, packets: null };
    sum.count += 1;
    if (flow.packets !== null) sum.packets = (sum.packets ?? 0) + flow.packets;
    found.set(key, sum);
  }
  return found;
}
