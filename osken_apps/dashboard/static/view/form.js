// The one way to draw and send a form: of fields that a resource declares, each with its error beside it.
//
// A field is { name, label, kind, hint, required, choices, of, create, change, actions }: `kind` is text, number,
// boolean, choice, several or lines; what is chosen from may be ids `of` a kind of resource; lines are made of values by `show` and into values by `read`. What is not put
// but added to and taken from says by which `actions` { add, remove } that is done.

import { ApiError, ask, get } from "../core/api.js";
import { html, nothing } from "../core/html.js";
import { nameOf } from "../core/names.js";

const KINDS = {
  text: { read: (text) => text.trim(), show: (value) => value ?? "" },
  number: {
    read: (text) => (text.trim() === "" ? "" : Number(text)),
    show: (value) => String(value ?? ""),
    // What is no number would be sent as null, which is as good as empty.
    wrong: (text) => (/^(-?\d+)?$/.test(text.trim()) ? "" : `${text.trim()} is not a whole number.`),
  },
  boolean: { read: (checked) => checked, show: (value) => Boolean(value) },
  choice: { read: (text) => text, show: (value) => value ?? "" },
  several: { read: (values) => values, show: (value) => value ?? [] },
  lines: {
    read: (text, field) => text.split("\n").map((line) => line.trim()).filter(Boolean).map(field.read ?? ((line) => line)),
    show: (value, field) => (value ?? []).map(field.show ?? ((item) => item)).join("\n"),
  },
};

export const MOST_CHOICES = 200;

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const isEmpty = (value) => value === "" || (Array.isArray(value) && !value.length);

/**
 * Say which of some fields an error of the API is about; "": none of them.
 *
 * That is the one that it names first, else the one whose value, or a line of it, it quotes. `byType` are fields by
 * the types of errors that name another, or none.
 */
export function fieldOf({ type, message }, fields, values, byType = {}) {
  const named = /Invalid input for ([\w:]+)/.exec(message)?.[1] ?? byType[type];
  if (fields.some(({ name }) => name === named)) return named;
  const mentioned = fields.map(({ name }) => ({ name, at: message.search(mention(name)) })).filter(({ at }) => at >= 0);
  if (mentioned.length) return mentioned.reduce((first, one) => (one.at < first.at ? one : first)).name;
  const words = message.split(/[\s',()]+/).flatMap((word) => [word, word.replace(/[.:]$/, "")]);
  const lines = ({ name }) => [values[name]].flat().filter((value) => typeof value === "string").flatMap((value) => value.split("\n"));
  // A value without a digit or colon may be a word of the sentence.
  return fields.find((field) => lines(field).some((line) => /[\d:]/.test(line) && words.includes(line.trim())))?.name ?? "";
}

/** Give what finds a field's name in a sentence: without what it is of, in whatever letters, and of one or several. */
function mention(name) {
  const words = name.split(":").at(-1).split("_").join("[_ -]");
  return new RegExp(`\\b${words.replace(/s$/, "s?")}(?!\\w)`, "i");
}

/** A form for a new resource of a declaration, or (`resource`) for a change of one. */
export class Form {
  constructor(declaration, { resource = null, given = {}, draw, done }) {
    this.declaration = declaration;
    this.resource = resource;
    this.given = given;
    this.draw = draw;
    this.done = done;
    this.fields = declaration.fields.filter((field) => this.applies(field));
    this.values = this.allShown(resource);
    this.begun = { ...this.values };
    this.errors = {};
    this.theirs = null; // what it is now, if somebody else has changed it meanwhile
    this.choices = {};
    this.hasMore = {}; // whether there is more than that, by field
    this.unread = {}; // why there is nothing to choose from, by field
    this.load();
  }

  get title() {
    const { one } = this.declaration;
    return this.resource ? html`Change ${one} <bdi>${this.resource.name || this.resource.id}</bdi>` : `New ${one}`;
  }

  applies(field) {
    const allowed = field.allowed?.(this.resource ? "update" : "create") ?? true;
    return allowed && (this.resource ? field.change !== false : field.create !== false);
  }

  shown(field, resource) {
    const value = resource ? resource[field.name] : (this.given[field.name] ?? field.initial);
    return KINDS[field.kind].show(value, field);
  }

  allShown(resource) {
    return Object.fromEntries(this.fields.map((field) => [field.name, this.shown(field, resource)]));
  }

  async load() {
    for (const field of this.fields) {
      if (typeof field.choices === "function") this.choices[field.name] = await this.chosenFrom(field);
      const choices = this.choices[field.name] ?? field.choices ?? [];
      // Of words the first is as good as any; of things that there are only the only one.
      const [first] = choices;
      const isChosen = this.choices[field.name] ? choices.length === 1 : Boolean(first);
      if (field.required && isChosen && this.values[field.name] === "") this.values[field.name] = first.value ?? first;
    }
    this.draw();
  }

  async chosenFrom(field) {
    try {
      const { choices, hasMore } = await field.choices();
      this.hasMore[field.name] = hasMore;
      return choices;
    } catch (error) {
      this.unread[field.name] = `What there is to choose from is not known: ${error.message}`;
      return [];
    }
  }

  /** Give what can be chosen: what was read, and what is chosen already and was not among it, which would be lost. */
  options(field) {
    const known = (this.choices[field.name] ?? (Array.isArray(field.choices) ? field.choices : [])).map((one) =>
      ({ value: one.value ?? one, label: one.label ?? one }));
    const chosen = [this.begun[field.name], this.values[field.name]].flat().filter(Boolean);
    const missing = [...new Set(chosen)].filter((value) => !known.some((one) => one.value === value));
    return [...known, ...missing.map((value) => ({ value, label: (field.of && nameOf(field.of, value)) || value }))];
  }

  /** Give what is sent: of a new one what was filled in, of a change what differs. */
  body() {
    const body = { ...(this.resource ? {} : this.given) };
    for (const field of this.fields) {
      const value = KINDS[field.kind].read(this.values[field.name], field);
      const before = this.resource ? KINDS[field.kind].read(this.begun[field.name], field) : field.initial;
      if (same(value, before) || (!this.resource && isEmpty(value))) continue;
      body[field.name] = value === "" && field.empty !== undefined ? field.empty : value;
    }
    return this.declaration.complete?.(body, this.resource) ?? body;
  }

  async send() {
    if (this.isSending) return; // a second click makes no second one
    this.errors = this.slips();
    if (Object.keys(this.errors).length) {
      await this.showErrors();
      return;
    }
    this.isSending = true;
    this.draw();
    try {
      const made = await (this.resource ? this.change() : this.make());
      this.done(made);
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 412) await this.compare();
      else this.errors = { [fieldOf(error, this.fields, this.values, this.declaration.errors)]: error.message };
    }
    this.isSending = false;
    if (!this.isLeft) await this.showErrors();
  }

  cancel() {
    this.done(null);
  }

  leave() {
    this.isLeft = true;
  }

  /** Give what cannot be sent as it was typed, by field. */
  slips() {
    const wrong = ({ name, kind, required }) => (required && isEmpty(this.values[name].trim())
      ? "It is required." : KINDS[kind].wrong?.(this.values[name]));
    return Object.fromEntries(this.fields.map((field) => [field.name, wrong(field)]).filter(([, said]) => said));
  }

  async showErrors() {
    await this.draw();
    document.querySelector("dialog [aria-invalid=true], dialog [role=alert]")?.focus();
  }

  async make() {
    const { path, singular } = this.declaration;
    return (await ask("POST", path, { body: { [singular]: this.body() } }))[singular];
  }

  /** Send what differs, one thing after the other, each if it is as it was before. */
  async change() {
    const { path, singular } = this.declaration;
    for (const [way, body] of this.steps()) {
      if (this.isLeft) break;
      const told = await ask("PUT", [path, this.resource.id, ...way].join("/"), { body, revision: this.resource.revision_number });
      this.resource = told[singular];
      this.begun = this.allShown(this.resource);
    }
    return this.resource;
  }

  /** Give what is put and where: attributes, then what is added to others and taken from them. */
  steps() {
    const body = this.body();
    const steps = this.fields.filter(({ actions, name }) => actions && name in body).flatMap((field) => {
      const before = KINDS[field.kind].read(this.begun[field.name], field);
      const now = body[field.name];
      delete body[field.name];
      return [
        [field.actions.add, now.filter((item) => !before.includes(item))],
        [field.actions.remove, before.filter((item) => !now.includes(item))],
      ].filter(([, items]) => items.length).map(([action, items]) => [[action], { [field.name]: items }]);
    });
    return Object.keys(body).length ? [[[], { [this.declaration.singular]: body }], ...steps] : steps;
  }

  /** Read what it is now, to be shown beside what was typed. */
  async compare() {
    const { path, singular } = this.declaration;
    try {
      this.theirs = (await get(`${path}/${this.resource.id}`))[singular];
    } catch (error) {
      this.errors = { "": error.status === 404 ? "Somebody has deleted it meanwhile." : error.message };
    }
  }

  /** Go on from what it is now: with what was typed where it was changed here, or with nothing of it. */
  goOn(keepMine) {
    const begun = this.allShown(this.theirs);
    const mine = this.fields.filter((field) => !same(this.values[field.name], this.begun[field.name]));
    this.values = { ...begun, ...(keepMine ? Object.fromEntries(mine.map(({ name }) => [name, this.values[name]])) : {}) };
    this.begun = begun;
    this.resource = this.theirs;
    this.theirs = null;
    if (keepMine) this.send();
    else this.draw();
  }

  view() {
    return html`
      <form class="fields" novalidate @submit=${(event) => { event.preventDefault(); this.send(); }}>
        <h2 id="dialog-title">${this.title}</h2>
        ${this.errors[""] ? html`<p class="error" role="alert" tabindex="-1">${this.errors[""]}</p>` : nothing}
        ${this.theirs ? this.comparison() : this.fields.map((field) => this.field(field))}
        <div class="buttons">
          ${this.theirs ? html`
            <button type="button" @click=${() => this.goOn(true)}>Save mine over it</button>
            <button type="button" @click=${() => this.goOn(false)}>Take what is there</button>`
          : html`<button type="submit" class="main" aria-disabled=${this.isSending ? "true" : "false"}>${this.isSending ? "Sending …" : this.resource ? "Save" : "Create"}</button>`}
          <button type="button" @click=${() => this.cancel()}>Cancel</button>
        </div>
      </form>`;
  }

  comparison() {
    const differing = this.fields.filter(({ name }) =>
      !same(this.values[name], this.begun[name]) || !same(this.shownNow(name), this.begun[name]));
    return html`
      <p class="error" role="alert" tabindex="-1">Somebody has changed it since you began (revision
        ${this.resource.revision_number}, now ${this.theirs.revision_number}). Both are shown; nothing is saved yet.</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Both versions"><table>
        <caption>Both versions</caption>
        <thead><tr><th scope="col">Field</th><th scope="col">Yours</th><th scope="col">Now there</th></tr></thead>
        <tbody>${differing.map((field) => html`<tr><th scope="row">${field.label}</th>
          <td>${words(this.values[field.name])}</td><td>${words(this.shownNow(field.name))}</td></tr>`)}</tbody>
      </table></div>`;
  }

  shownNow(name) {
    return this.shown(this.fields.find((field) => field.name === name), this.theirs);
  }

  field(field) {
    const id = `field-${field.name.replace(":", "-")}`;
    const error = this.errors[field.name];
    const hint = this.hasMore[field.name]
      ? `The first ${MOST_CHOICES} by name; of others, begin on their own page.` : field.hint;
    const unread = this.unread[field.name];
    const described = [hint && `${id}-hint`, unread && `${id}-unread`, error && `${id}-error`].filter(Boolean).join(" ");
    return html`<div class="field ${field.kind}">
      <label for=${id}>${field.label}${field.required ? html` <span class="required">(required)</span>` : nothing}</label>
      ${this.input(field, { id, error, described })}
      ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : nothing}
      ${unread ? html`<p class="error" id="${id}-unread">${unread}</p>` : nothing}
      ${error ? html`<p class="error" id="${id}-error">${error}</p>` : nothing}
    </div>`;
  }

  input(field, { id, error, described }) {
    const value = this.values[field.name];
    const keep = (text) => { this.values[field.name] = text; };
    const invalid = error ? "true" : "false";
    const option = (one, isChosen) => html`<option value=${one.value} .selected=${isChosen(one.value)}>${one.label}</option>`;
    switch (field.kind) {
      case "boolean":
        return html`<input type="checkbox" id=${id} name=${field.name} aria-describedby=${described || nothing}
          aria-invalid=${invalid} .checked=${value} @change=${(event) => keep(event.target.checked)}>`;
      case "choice":
        return html`<select id=${id} name=${field.name} aria-describedby=${described || nothing} aria-invalid=${invalid}
          @change=${(event) => keep(event.target.value)}>
          ${field.required && value !== "" ? nothing : option({ value: "", label: "–" }, (own) => own === value)}
          ${this.options(field).map((one) => option(one, (own) => own === value))}</select>`;
      case "several":
        return html`<select multiple id=${id} name=${field.name} aria-describedby=${described || nothing}
          aria-invalid=${invalid} @change=${(event) => keep([...event.target.selectedOptions].map((one) => one.value))}>
          ${this.options(field).map((one) => option(one, (own) => value.includes(own)))}</select>`;
      case "lines":
        return html`<textarea id=${id} name=${field.name} rows="3" aria-describedby=${described || nothing}
          aria-invalid=${invalid} .value=${value} @input=${(event) => keep(event.target.value)}></textarea>`;
      default:
        return html`<input id=${id} name=${field.name} autocomplete="off" aria-describedby=${described || nothing}
          aria-invalid=${invalid} inputmode=${field.kind === "number" ? "numeric" : "text"}
          .value=${value} @input=${(event) => keep(event.target.value)}>`;
    }
  }
}

const words = (value) => (Array.isArray(value) ? value.join(", ") : typeof value === "boolean" ? (value ? "yes" : "no") : value) || "–";
