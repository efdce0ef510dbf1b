// A list of one kind of resource: a page of the server's, narrowed and sorted by it, kept up by what changes.

import { get, query } from "../core/api.js";
import { html, nothing } from "../core/html.js";
import { change } from "../core/location.js";
import { mayChange } from "../core/world.js";
import { deleting, editing } from "./edit.js";
import { filters } from "../view/filters.js";
import { table } from "../view/table.js";
import { failure } from "../view/words.js";
import { titleOf } from "../resources.js";

const A_PAGE = 100;
const LEAST_PAUSE_MS = 1000;
const PAUSES = 10; // of the time that a page took: reading again never takes more than a tenth

/** The rows of a declaration, as parameters of the address (or fixed ones) say. */
export class Rows {
  constructor(declaration, draw, fixed = {}) {
    Object.assign(this, { declaration, draw, fixed, rows: [], error: null, loaded: false, more: false, before: false });
    this.parameters = {};
    this.pause = LEAST_PAUSE_MS;
  }

  /** Give what the rows are sorted by: a column's name, with - before it the other way round. */
  get order() {
    return this.parameters.sort || (this.declaration.order ?? "");
  }

  /** Give what the API is asked for. */
  asked() {
    const { sort: _, after, before, ...rest } = this.parameters;
    const known = this.declaration.filters.map(({ name }) => name);
    const wanted = Object.fromEntries(Object.entries(rest).filter(([name]) => known.includes(name)));
    const { order } = this;
    const [key, way] = order.startsWith("-") ? [order.slice(1), "desc"] : [order, "asc"];
    return {
      ...wanted, ...this.fixed, limit: A_PAGE,
      ...(key ? { sort_key: key, sort_dir: way } : {}),
      ...(before ? { marker: before, page_reverse: "True" } : after ? { marker: after } : {}),
    };
  }

  async load(parameters = this.parameters) {
    if (this.isClosed) return;
    this.isOfBefore ||= parameters !== this.parameters;
    this.parameters = parameters;
    this.loading?.abort();
    const loading = new AbortController();
    Object.assign(this, { loading, isWanted: false });
    const began = performance.now();
    const { path, plural } = this.declaration;
    try {
      const told = await get(`${path}?${query(this.asked())}`, { signal: loading.signal });
      if (loading !== this.loading) return;
      const links = (told[`${plural}_links`] ?? []).map(({ rel }) => rel);
      Object.assign(this, { rows: told[plural], error: null, loaded: true, isOfBefore: false, more: links.includes("next") });
      this.before = Boolean(parameters.after || parameters.before) && links.includes("previous");
    } catch (error) {
      if (loading !== this.loading || error.name === "AbortError") return;
      // What the page began after is gone: so the list begins anew.
      if (error.status === 404 && (parameters.after || parameters.before)) {
        change({ after: "", before: "" }, { replace: true });
        return;
      }
      this.error = error;
    }
    this.pause = Math.max(LEAST_PAUSE_MS, PAUSES * (performance.now() - began));
    this.loading = null;
    if (this.isWanted) this.soon();
    this.draw();
  }

  /** Take over what changed: rows that are shown are read by their ids, new ones by reading the page again. */
  heard({ reset, changes }) {
    const mine = changes.filter(({ kind }) => kind === this.declaration.singular);
    const shown = new Set(this.rows.map(({ id }) => id));
    if (reset || this.error || mine.some(({ op, id }) => op !== "updated" || !shown.has(id))) this.soon();
    else if (mine.length) this.readAgain([...new Set(mine.map(({ id }) => id))]);
  }

  /** Read the page again: after what is under way, which may take longer than it takes until there is news again. */
  soon() {
    if (this.isClosed) return;
    this.isWanted = Boolean(this.loading);
    if (this.isWanted) return;
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.loading) this.isWanted = true;
      else this.load();
    }, this.lastSoon && Date.now() - this.lastSoon < this.pause ? this.pause : 0);
    this.lastSoon = Date.now();
  }

  async readAgain(ids) {
    const { path, plural } = this.declaration;
    try {
      const told = await get(`${path}?${query({ ...this.asked(), marker: "", page_reverse: "", id: ids })}`);
      if (this.isClosed) return undefined;
      const now = new Map(told[plural].map((row) => [row.id, row]));
      if (ids.some((id) => !now.has(id))) return this.soon(); // no longer one of these
      // An answer may come after a newer one.
      const newer = (row, read) => (!read || read.revision_number < row.revision_number ? row : read);
      this.rows = this.rows.map((row) => newer(row, now.get(row.id)));
      this.draw();
    } catch {
      this.soon();
    }
    return undefined;
  }

  close() {
    this.isClosed = true;
    this.loading?.abort();
    clearTimeout(this.timer);
  }
}

/** The screen of a declaration. */
export class ListScreen {
  constructor(declaration, app) {
    Object.assign(this, { declaration, app, title: declaration.title, chosen: new Set() });
    this.rows = new Rows(declaration, app.draw);
  }

  moved({ parameters }) {
    this.chosen.clear();
    this.rows.load(parameters);
  }

  heard(news) {
    this.rows.heard(news);
  }

  close() {
    this.rows.close();
  }

  view() {
    const { declaration, rows } = this;
    const { singular, one } = declaration;
    const chosen = rows.rows.filter(({ id }) => this.chosen.has(id)); // of what was chosen some may be gone
    return html`
      <div class="title"><h1>${declaration.title}</h1>
        ${declaration.fields.length && mayChange("create", singular)
          ? html`<button type="button" class="main" @click=${() => editing(this.app, declaration)}>New ${one}</button>` : nothing}
      </div>
      ${filters(declaration.filters, rows.parameters, (values) => change({ ...values, after: "", before: "" }))}
      ${chosen.length ? html`<p class="chosen"><button type="button" class="danger" @click=${() => this.remove(chosen)}>
        Delete ${chosen.length} …</button></p>` : nothing}
      ${rowsView(rows, {
        sort: sorting(rows.order, (sort) => change({ sort, after: "", before: "" })),
        choice: mayChange("delete", singular) ? this.choice() : null,
      })}
      ${pager(rows)}`;
  }

  choice() {
    const toggle = (key) => {
      if (!this.chosen.delete(key)) this.chosen.add(key);
      this.app.draw();
    };
    const { singular, byNetworkOwner } = this.declaration;
    const offered = (row) => Boolean(byNetworkOwner?.includes("delete")) || mayChange("delete", singular, row);
    return { chosen: this.chosen, toggle, offered, label: (row) => titleOf(this.declaration, row) };
  }

  remove(rows) {
    deleting(this.app, this.declaration, rows, () => { this.chosen.clear(); this.rows.load(); });
  }
}

/** Give how a table is sorted by text like -name, and what changes that. */
export function sorting(text, set) {
  const descending = text.startsWith("-");
  const key = descending ? text.slice(1) : text;
  return { key, descending, by: (name) => set(name !== key ? name : descending ? "" : `-${name}`) };
}

/** Draw rows, or why there are none. */
export function rowsView(rows, { caption, columns, ...options } = {}) {
  const { declaration } = rows;
  const narrowed = declaration.filters.some(({ name }) => rows.parameters[name]);
  return html`
    ${rows.error ? failure(rows.error, rows.loaded) : nothing}
    ${rows.loaded ? table({
      caption: caption ?? declaration.title,
      columns: columns ?? declaration.columns,
      rows: rows.rows,
      busy: rows.isOfBefore,
      empty: narrowed ? `No ${declaration.one} is like that.` : `There is no ${declaration.one} yet.`,
      ...options,
    }) : rows.error ? nothing : html`<p class="note">Loading …</p>`}`;
}

function pager(rows) {
  if (!rows.more && !rows.before) return nothing;
  const { rows: shown } = rows;
  return html`<nav class="pager" aria-label="Pages">
    <button type="button" ?disabled=${!rows.before} @click=${() => change({ before: shown[0]?.id ?? "", after: "" })}>Previous</button>
    <button type="button" ?disabled=${!rows.more} @click=${() => change({ after: shown.at(-1).id, before: "" })}>Next</button>
  </nav>`;
}
