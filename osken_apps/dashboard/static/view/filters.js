// What a list is narrowed by: the filters of the API, kept in the address.

import { html, nothing } from "../core/html.js";
import { nameOf } from "../core/names.js";

/** Draw fields for filters ({ name, label, hint, choices: texts or { value, label }, of: a kind of what ids are chosen }); `change` gets { name: value } of what was changed. */
export function filters(fields, values, change) {
  return html`
    <form class="filters" role="search" aria-label="Filter" @submit=${(event) => event.preventDefault()}>
      ${fields.map((field) => html`
        <label>${field.label}
          ${field.choices ? choose(field, values[field.name] ?? "", change) : type(field, values[field.name] ?? "", change)}
        </label>`)}
    </form>`;
}

function choose(field, value, change) {
  const known = field.choices.map((one) => ({ value: one.value ?? one, label: one.label ?? one }));
  // What the list is narrowed by is shown, also where nobody could choose it here.
  if (value && !known.some((one) => one.value === value)) known.push({ value, label: (field.of && nameOf(field.of, value)) || value });
  return html`<select name=${field.name} @change=${(event) => change({ [field.name]: event.target.value })}>
    <option value="" .selected=${value === ""}>any</option>
    ${known.map((one) => html`<option value=${one.value} .selected=${one.value === value}>${one.label}</option>`)}
  </select>`;
}

function type(field, value, change) {
  return html`<input name=${field.name} autocomplete="off" placeholder=${field.hint ?? nothing} .value=${value}
    @change=${(event) => change({ [field.name]: event.target.value.trim() })}>`;
}
