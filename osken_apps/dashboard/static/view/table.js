// The one way to draw a table. A screen draws at most 200 rows; more are the server's to keep.

import { html, nothing, repeat } from "../core/html.js";

export const MOST_ROWS = 200;

/**
 * Draw rows.
 *
 * A column is { name, label, cell(row), sort, numeric }. `sort` is { key, descending, by(name) }; `choice` is
 * { chosen: a Set of keys, toggle(key), label(row), offered(row) } and puts a box before each row that is offered.
 * `most` rows are drawn, fewer where the screen has several tables. It is `busy` while other rows are asked for.
 */
export function table({ caption, columns, rows, key = (row) => row.id, sort = null, choice = null, empty, busy = false, most = MOST_ROWS }) {
  const shown = rows.slice(0, most);
  return html`
    <div class="scroll" role="region" aria-label=${caption} aria-busy=${busy ? "true" : "false"} tabindex="0">
      <table @keydown=${stepRows}>
        <caption>${caption}</caption>
        <thead><tr>
          ${choice ? html`<th scope="col"><span class="unseen">Choose</span></th>` : nothing}
          ${columns.map((column) => head(column, sort))}
        </tr></thead>
        <tbody>
          ${repeat(shown, key, (row) => html`<tr>
            ${choice ? box(row, key(row), choice) : nothing}
            ${columns.map((column, index) => cell(column, row, index === 0))}
          </tr>`)}
        </tbody>
      </table>
      ${rows.length ? nothing : html`<p class="empty">${empty ?? "None."}</p>`}
      ${rows.length > most ? html`<p class="note">The first ${most} of ${rows.length} are shown.</p>` : nothing}
    </div>`;
}

function head(column, sort) {
  const look = column.numeric ? "numeric" : "";
  if (!sort || !column.sort) return html`<th scope="col" class=${look}>${column.label}</th>`;
  const here = sort.key === column.name;
  const order = here ? (sort.descending ? "descending" : "ascending") : "none";
  const glyph = here ? (sort.descending ? "▼" : "▲") : "↕";
  return html`<th scope="col" class=${look} aria-sort=${order}>
    <button type="button" class="sort" data-key="sort ${column.name}" @click=${() => sort.by(column.name)}>
      ${column.label} <span aria-hidden="true">${glyph}</span></button></th>`;
}

function cell(column, row, isFirst) {
  const look = column.numeric ? "numeric" : "";
  const content = column.cell ? column.cell(row) : row[column.name];
  return isFirst ? html`<th scope="row" class=${look}>${content}</th>` : html`<td class=${look}>${content}</td>`;
}

function box(row, key, choice) {
  if (!choice.offered(row)) return html`<td></td>`;
  return html`<td><input type="checkbox" aria-label="Choose ${choice.label(row)}" data-key="choose ${key}"
    .checked=${choice.chosen.has(key)} @change=${() => choice.toggle(key)}></td>`;
}

/** Move from row to row by the arrow keys, in the same column. */
function stepRows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const here = event.target.closest("td, th");
  if (!step || !here || event.target.matches("select, input:not([type=checkbox])")) return;
  const rows = [...event.currentTarget.rows];
  const next = rows[rows.indexOf(here.parentElement) + step]?.cells[here.cellIndex];
  const target = next?.querySelector("a, button, input");
  if (target) {
    event.preventDefault();
    target.focus();
  }
}

/** Draw names and values of one thing. */
export function facts(pairs) {
  return html`<dl class="facts">${pairs.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}
