// One resource: all that the API shows of it, what hangs on it, and what can be done to it.

import { get } from "../core/api.js";
import { html, nothing } from "../core/html.js";
import { to } from "../core/location.js";
import { nameOf } from "../core/names.js";
import { mayChange, mayMakeIn } from "../core/world.js";
import { facts } from "../view/table.js";
import { failure, link, PATHS, state, time } from "../view/words.js";
import { resourceAt, titleOf } from "../resources.js";
import { deleting, editing, goToList } from "./edit.js";
import { Rows, rowsView } from "./list.js";
import { PARTS } from "./parts.js";

const FIRST = ["id", "status", "description", "network_id", "project_id"];
const LAST = ["created_at", "updated_at", "revision_number", "tags"];
const NOT_SHOWN = ["name", "tenant_id", "security_group_rules", "configurations"];

export class DetailScreen {
  constructor(declaration, app) {
    Object.assign(this, { declaration, app, title: declaration.title, resource: null, network: null, error: null, below: [], parts: [] });
  }

  moved({ parts }) {
    [, this.id] = parts;
    this.load();
  }

  async load() {
    const { path, singular, below } = this.declaration;
    const asking = {};
    this.asking = asking;
    this.isWanted = false;
    try {
      const told = await get(`${path}/${this.id}`);
      if (asking !== this.asking) return; // left, or asked again
      const network = await this.networkOf(told[singular]);
      if (asking !== this.asking) return;
      this.resource = told[singular];
      this.network = network;
      this.error = null;
      this.title = `${titleOf(this.declaration, this.resource)} – ${this.declaration.title}`;
      if (!this.parts.length) this.parts = (PARTS[singular] ?? []).map((Part) => new Part(this.app));
      if (!this.below.length) this.below = below.map(({ of, by }) => new Rows(resourceAt(of), this.app.draw, by(this.resource)));
      for (const rows of this.below.filter(({ loaded }) => !loaded)) rows.load({});
      for (const part of this.parts) part.load?.(this.resource);
    } catch (error) {
      if (asking !== this.asking) return;
      this.error = error;
    }
    this.asking = null;
    if (this.isWanted) this.load();
    this.app.draw();
  }

  /** Read the network of what is of others, if its owner may do something to it; null: it does not count. */
  async networkOf(resource) {
    const { singular, byNetworkOwner } = this.declaration;
    if (!byNetworkOwner || !mayChange("delete", singular) || mayChange("delete", singular, resource)) return null;
    return (await get(`networks/${resource.network_id}`).catch(() => null))?.network ?? null;
  }

  mayChange(action) {
    const { declaration: { singular, byNetworkOwner = [] }, resource, network } = this;
    return mayChange(action, singular, resource) || (network !== null && byNetworkOwner.includes(action) && mayChange(action, singular, network));
  }

  heard(news) {
    const { singular } = this.declaration;
    if (news.reset || this.error || news.changes.some(({ kind, id }) => kind === singular && id === this.id)) this.again();
    for (const rows of this.below) rows.heard(news);
    for (const part of this.parts) part.heard?.(news);
  }

  /** Read it again: after what is under way, which may take longer than it takes until there is news again. */
  again() {
    if (this.asking) this.isWanted = true;
    else this.load();
  }

  close() {
    this.asking = null;
    for (const one of [...this.below, ...this.parts]) one.close?.();
  }

  view() {
    const { declaration, error, resource } = this;
    if (error?.status === 404) return this.gone();
    return html`
      <nav class="trail" aria-label="Where this is"><a href=${to([declaration.screen ?? declaration.path])}>${declaration.title}</a></nav>
      ${error ? failure(error, resource) : nothing}
      ${resource ? this.content() : error ? nothing : html`<h1>${declaration.title}</h1><p class="note">Loading …</p>`}`;
  }

  gone() {
    const { declaration } = this;
    return html`<h1>${declaration.title}</h1><p>There is no ${declaration.one} ${this.id}, or no more.</p>
      <p><a href=${to([declaration.screen ?? declaration.path])}>${declaration.title}</a></p>`;
  }

  content() {
    const { declaration, resource } = this;
    const canBeDeleted = declaration.canBeDeleted?.(resource) ?? true;
    return html`
      <div class="title"><h1><bdi>${titleOf(declaration, resource)}</bdi> ${resource.status ? state(resource.status) : nothing}</h1>
        ${(declaration.ways?.(resource) ?? []).map(([label, address]) => html`<a href=${address}>${label}</a>`)}
        ${declaration.fields.some((field) => field.change !== false) && this.mayChange("update")
          ? html`<button type="button" @click=${() => editing(this.app, declaration, { resource, done: () => this.load() })}>Change</button>` : nothing}
        ${canBeDeleted && this.mayChange("delete")
          ? html`<button type="button" class="danger" @click=${() => deleting(this.app, declaration, [resource], () => goToList(declaration))}>Delete</button>` : nothing}
      </div>
      ${this.parts.map((part) => part.view(resource))}
      ${this.parts.length ? nothing : facts(this.told())}
      ${this.below.map((rows, index) => this.list(rows, declaration.below[index]))}
      <details><summary>All attributes</summary>${facts(this.pairs())}</details>`;
  }

  /** Give what a list shows of it, and what it has no room for. */
  told() {
    const { resource, declaration: { columns, further = [] } } = this;
    const isSaid = ({ name }) => ["name", "status"].includes(name) || further.some((one) => one.name === name);
    return [...columns.filter((column) => !isSaid(column)), ...further]
      .map(({ name, label, cell }) => [label, cell ? cell(resource) : resource[name] || "–"]);
  }

  /** Give every attribute with its value: what matters most first, times last. */
  pairs() {
    const names = Object.keys(this.resource).filter((name) => !NOT_SHOWN.includes(name));
    const middle = names.filter((name) => !FIRST.includes(name) && !LAST.includes(name));
    return [...FIRST, ...middle, ...LAST].filter((name) => names.includes(name))
      .map((name) => [name, value(name, this.resource[name])]);
  }

  list(rows, { by, isMadeHere = true }) {
    const { declaration } = rows;
    const given = by(this.resource);
    const canBeMade = isMadeHere && declaration.fields.length
      && mayMakeIn(this.resource, declaration.singular, declaration.isMadeInShared)
      && Object.keys(given).every((name) => name.endsWith("_id"));
    return html`<section>
      <div class="title"><h2>${declaration.title}</h2>
        ${canBeMade ? html`<button type="button" @click=${() => editing(this.app, without(declaration, given), { given })}>New ${declaration.one}</button>` : nothing}
      </div>
      ${rowsView(rows, { columns: this.columns(rows, given) })}
      ${rows.more ? html`<p><a href=${to([declaration.path], given)}>All ${declaration.title.toLowerCase()}</a></p>` : nothing}
    </section>`;
  }

  /** Give the columns of a list below: without what is the same in all of it, and with a way to take one away. */
  columns(rows, given) {
    const { declaration } = rows;
    const columns = declaration.columns.filter(({ name }) => !(name in given));
    if (declaration.columns.some(({ name }) => name === "name") || !mayChange("delete", declaration.singular, this.resource)) return columns;
    const cell = (row) => html`<button type="button" class="danger" data-key="delete ${row.id}"
      aria-label="Delete ${titleOf(declaration, row)}" @click=${() => deleting(this.app, declaration, [row], () => rows.load({}))}>Delete</button>`;
    return [...columns, { name: "delete", label: html`<span class="unseen">Delete</span>`, cell }];
  }
}

/** Give a declaration without the fields that are given. */
const without = (declaration, given) => ({ ...declaration, fields: declaration.fields.filter(({ name }) => !(name in given)) });

function value(name, given) {
  if (given === null || given === "" || (Array.isArray(given) && !given.length)) return "–";
  if (typeof given === "boolean") return given ? "yes" : "no";
  if (name.endsWith("_at")) return time(given);
  const kind = name === "subnets" ? "subnet" : name === "security_groups" ? "security_group" : name.replace(/_id$/, "");
  if (PATHS[kind] && kind !== name) {
    return [given].flat().map((id) => html`${link(PATHS[kind], id, nameOf(kind, id))} `);
  }
  if (Array.isArray(given)) return html`<ul class="values">${given.map((item) => html`<li>${plain(item)}</li>`)}</ul>`;
  return typeof given === "object" ? plain(given) : given;
}

/** Write a value of several parts in one line. */
function plain(item) {
  if (item === null || typeof item !== "object") return String(item);
  return Object.entries(item).filter(([, part]) => part !== "" && part !== null)
    .map(([name, part]) => `${name}: ${typeof part === "object" ? JSON.stringify(part) : part}`).join(", ") || "–";
}
