// Which machines hang on which networks, and on which hosts: as a picture where it can be read, always as a table.

import { get, query } from "../core/api.js";
import { html, nothing } from "../core/html.js";
import { change, to } from "../core/location.js";
import { filters } from "../view/filters.js";
import { fits, MOST_BARS, MOST_MACHINES, picture, Places } from "../view/picture.js";
import { MOST_ROWS, table } from "../view/table.js";
import { failure, link, number, several, state } from "../view/words.js";

const LEAST_PAUSE_MS = 1000;
const PAUSES = 10;
const VIEWS = [["networks", "Networks and machines"], ["hosts", "Hosts and networks"]];

export class TopologyScreen {
  constructor(app) {
    Object.assign(this, { app, title: "Topology", told: null, error: null, parameters: {}, networks: [], changedAt: 0, rememberedAt: -1, pause: LEAST_PAUSE_MS });
    this.columns = new Places();
    this.rows = new Places();
  }

  moved({ parameters }) {
    this.parameters = parameters;
    this.load();
  }

  async load() {
    const { parameters: { network_id, host }, changedAt } = this;
    const began = performance.now();
    const asking = {};
    this.asking = asking;
    this.isWanted = false;
    try {
      const told = await get(`topology?${query({ network_id, host })}`);
      const all = !network_id && !host ? told : this.rememberedAt === changedAt ? null : await get("topology");
      if (asking !== this.asking) return; // left, or asked again
      this.told = told;
      if (all) this.remember(all.networks, changedAt);
      this.error = null;
    } catch (error) {
      if (asking !== this.asking) return;
      this.error = error;
    }
    this.pause = Math.max(LEAST_PAUSE_MS, PAUSES * (performance.now() - began));
    this.asking = null;
    if (this.isWanted) this.soon();
    this.app.draw();
  }

  /** Keep which networks one can choose from: an answer that is narrowed does not tell, and they may change. */
  remember(networks, changedAt) {
    this.networks = networks.map(({ id, name }) => ({ value: id, label: name || id }));
    this.rememberedAt = changedAt;
  }

  heard({ reset, changes }) {
    if (!reset && !changes.some(({ kind }) => ["network", "subnet", "port"].includes(kind))) return;
    if (reset || changes.some(({ kind }) => kind === "network")) this.changedAt += 1;
    this.soon();
  }

  /** Read it again: after what is under way, which may take longer than it takes until there is news again. */
  soon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.asking) this.isWanted = true;
      else this.load();
    }, this.pause);
  }

  close() {
    this.asking = null;
    clearTimeout(this.timer);
  }

  view() {
    const { told, error, parameters } = this;
    const now = parameters.view ?? "networks";
    return html`
      <h1>Topology</h1>
      <nav class="views" aria-label="Views">${VIEWS.map(([name, label]) => html`
        <a href=${to(["topology"], { ...parameters, view: name })} aria-current=${name === now ? "page" : nothing}>${label}</a>`)}</nav>
      ${filters([{ name: "network_id", label: "Network", choices: this.networks, of: "network" }, { name: "host", label: "Host" }], parameters, change)}
      ${error ? failure(error, told) : nothing}
      ${told ? (now === "hosts" ? this.places() : this.machines()) : error ? nothing : html`<p class="note">Loading …</p>`}`;
  }

  machines() {
    const { networks, machines, is_complete: isComplete, more_networks: more } = this.told;
    const columns = this.columns.of(networks.map(({ id }) => id));
    const rows = this.rows.of(machines.map(({ id }) => id));
    return html`
      ${fits(this.told) ? networks.length ? picture(this.told, columns, rows) : nothing
        : html`<p class="note">${several(networks.length + more, "network")} ${isComplete ? `and ${several(machines.length, "machine")} ` : ""}are
          more than a picture shows (${MOST_BARS} and ${MOST_MACHINES}): choose a network or a host.</p>`}
      ${isComplete && machines.length + networks.length <= MOST_ROWS ? table({ caption: "Machines", columns: MACHINES(networks), rows: machines, empty: "No machine is there yet." }) : nothing}
      <section><h2>Networks</h2>
        ${table({ caption: "Networks", columns: NETWORKS, rows: networks, empty: "There is no network yet." })}</section>`;
  }

  places() {
    const { cells, more_cells: more, networks } = this.told;
    if (more) {
      return html`<p class="note">${number(more)} places are more than can be shown: choose a network or a host.</p>
        ${table({ caption: "Networks", columns: NETWORKS, rows: networks })}`;
    }
    const hosts = [...new Set(cells.map(({ host }) => host))].sort();
    const used = networks.filter(({ id }) => cells.some(({ network_id }) => network_id === id));
    if (used.length > MOST_BARS) {
      return table({ caption: "Ports by host and network", columns: PLACES(networks), rows: cells, key: ({ host, network_id }) => `${host} ${network_id}` });
    }
    const cellAt = (host, network) => cells.find((cell) => cell.host === host && cell.network_id === network.id);
    const columns = used.map((network) => ({
      name: network.id, label: network.name || network.id, cell: (host) => place(cellAt(host, network)),
    }));
    return table({
      caption: "Ports by host and network",
      columns: [{ name: "host", label: "Host", cell: (host) => html`<a href=${to(["topology"], { host })} data-key="host ${host}">${host}</a>` }, ...columns],
      rows: hosts, key: (host) => host, empty: "No port is at a host, or you may not see where.",
    });
  }
}

function place(cell) {
  if (!cell) return "–";
  const address = to(["ports"], { network_id: cell.network_id, "binding:host_id": cell.host });
  const said = cell.down ? `${cell.ports}, ${cell.down} down` : String(cell.ports);
  return html`<a href=${address} data-key="place ${cell.host} ${cell.network_id}">${state(said, cell.down ? "warn" : "ok")}</a>`;
}

const nameIn = (networks, id) => networks.find((network) => network.id === id)?.name;

const NETWORKS = [
  { name: "name", label: "Network", cell: (row) => link("networks", row.id, row.name, `network ${row.id}`) },
  { name: "cidrs", label: "Addresses", cell: ({ cidrs }) => cidrs.join(", ") || "–" },
  { name: "ports", label: "Ports", numeric: true, cell: ({ ports }) => number(ports) },
  { name: "down", label: "Down", numeric: true, cell: ({ down }) => (down ? state(number(down), "warn") : "0") },
  { name: "hosts", label: "Hosts", numeric: true },
  { name: "picture", label: "Picture", cell: ({ id }) => html`<a href=${to(["topology"], { network_id: id })}>Only this</a>` },
];

const MACHINES = (networks) => [
  { name: "name", label: "Machine", cell: ({ id, name, ports }) => link("ports", ports[0].id, name, `row ${id}`) },
  { name: "host", label: "Host", cell: ({ host }) => host || "–" },
  { name: "ports", label: "Ports", cell: ({ ports }) => ports.map((port) => html`<div>${state(port.status)}
    ${nameIn(networks, port.network_id)} <span class="address">${port.addresses.join(", ")}</span></div>`) },
];

const PLACES = (networks) => [
  { name: "host", label: "Host" },
  { name: "network", label: "Network", cell: ({ network_id }) => nameIn(networks, network_id) || network_id },
  { name: "ports", label: "Ports", cell: place },
];
