// The one dialog: the browser keeps the focus in it, Escape closes it, and focus returns to where it was.

import { html, nothing } from "../core/html.js";

/** Shows one thing at a time that has view() and may have leave(). */
export class Dialog {
  constructor(draw) {
    this.draw = draw;
    this.content = null;
  }

  async open(content) {
    this.content = content;
    this.before = document.activeElement;
    await this.draw();
    const dialog = document.querySelector("dialog.main");
    if (this.content && !dialog.open) dialog.showModal();
  }

  close() {
    const before = this.before;
    this.content = null;
    document.querySelector("dialog.main")?.close();
    this.draw();
    if (before?.isConnected) before.focus();
  }

  view() {
    return html`<dialog class="main" aria-labelledby="dialog-title" @cancel=${(event) => { event.preventDefault(); this.close(); }}>
      ${this.content ? this.content.view() : nothing}</dialog>`;
  }
}

/** Asks before something is deleted; of several the number must be typed. */
export class Deletion {
  constructor({ what, names, run, draw, done }) {
    Object.assign(this, { what, names, run, draw, done, typed: "", errors: [], deleted: 0, running: false });
  }

  get isSure() {
    return this.names.length === 1 || this.typed.trim() === String(this.names.length);
  }

  async send() {
    if (!this.isSure || this.running) return;
    this.running = true;
    this.draw();
    this.errors = await this.run((count) => { this.deleted = count; this.draw(); });
    this.running = false;
    if (this.errors.length) this.draw();
    else this.done(true);
  }

  view() {
    const count = this.names.length;
    return html`<form class="fields" @submit=${(event) => { event.preventDefault(); this.send(); }}>
      <h2 id="dialog-title">Delete ${count === 1 ? `${this.what} ${this.names[0]}` : `${count} of ${this.what}s`}?</h2>
      ${this.errors.map((error) => html`<p class="error" role="alert">${error}</p>`)}
      ${count === 1 ? nothing : html`
        <ul class="names">${this.names.slice(0, 10).map((name) => html`<li>${name}</li>`)}
          ${count > 10 ? html`<li>and ${count - 10} more</li>` : nothing}</ul>
        <div class="field"><label for="typed">Type ${count} to delete them</label>
          <input id="typed" inputmode="numeric" autocomplete="off" .value=${this.typed}
            @input=${(event) => { this.typed = event.target.value; this.draw(); }}></div>`}
      <div class="buttons">
        <button type="submit" class="danger" ?disabled=${!this.isSure || this.running}>
          ${this.running ? `Deleting, ${this.deleted} of ${count}` : "Delete"}</button>
        <button type="button" @click=${() => this.done(this.deleted > 0)}>Cancel</button>
      </div></form>`;
  }
}
