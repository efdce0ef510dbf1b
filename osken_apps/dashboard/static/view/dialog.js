// The one dialog: the browser keeps the focus in it, Escape closes it, and focus returns to where it was.

import { html, nothing } from "../core/html.js";

/** Shows one thing at a time that has view(), cancel() for who does not want it, and leave() for when it is shown no more. */
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

  /** Show one thing no more, or whatever there is; tell whether it was shown. */
  close(content = this.content) {
    if (!content || content !== this.content) return false;
    const { before } = this;
    this.content = null;
    content.leave();
    document.querySelector("dialog.main")?.close();
    this.draw();
    if (before?.isConnected) before.focus();
    return true;
  }

  view() {
    // Whoever insists closes it without being asked.
    return html`<dialog class="main" aria-labelledby="dialog-title" @close=${(event) => { if (!event.target.open) this.close(); }}
      @cancel=${(event) => { event.preventDefault(); this.content?.cancel(); }}>
      ${this.content ? this.content.view() : nothing}</dialog>`;
  }
}

/**
 * Asks before something is deleted; of several the number must be typed.
 *
 * `remove` deletes the one of a number, and gives why not or "". Whoever does not want it any more keeps what is left.
 */
export class Deletion {
  constructor({ what, names, remove, draw, done }) {
    Object.assign(this, { what, names, remove, draw, done, typed: "", errors: [], running: false, isStopped: false });
    this.left = [...names.keys()];
  }

  get isSure() {
    return this.names.length === 1 || this.typed.trim() === String(this.names.length);
  }

  get deleted() {
    return this.names.length - this.left.length;
  }

  async send() {
    if (!this.isSure || this.running) return;
    Object.assign(this, { running: true, isStopped: false, errors: [] });
    try {
      await this.removeAll();
    } finally {
      this.running = false;
    }
    if (this.left.length) this.draw();
    else this.done(true);
  }

  async removeAll() {
    for (const one of [...this.left]) {
      if (this.isStopped) return;
      this.draw();
      const error = await this.remove(one);
      if (error) this.errors.push(`${this.names[one]}: ${error}`);
      else this.left = this.left.filter((other) => other !== one);
    }
  }

  /** Go no further, and stay to say how far it came; whoever asks for it again waits for nothing. */
  cancel() {
    if (this.running && !this.isStopped) this.leave();
    else this.done(this.deleted > 0);
    this.draw();
  }

  leave() {
    this.isStopped = true;
  }

  view() {
    const count = this.names.length;
    return html`<form class="fields" @submit=${(event) => { event.preventDefault(); this.send(); }}>
      <h2 id="dialog-title">Delete ${count === 1 ? html`${this.what} <bdi>${this.names[0]}</bdi>` : `${count} of ${this.what}s`}?</h2>
      ${this.errors.map((error) => html`<p class="error" role="alert">${error}</p>`)}
      <p role="status" ?hidden=${!this.deleted || this.running}>${this.deleted} of ${count} are deleted, the others are not.</p>
      ${count === 1 ? nothing : html`
        <ul class="names">${this.names.slice(0, 10).map((name) => html`<li>${name}</li>`)}
          ${count > 10 ? html`<li>and ${count - 10} more</li>` : nothing}</ul>
        <div class="field"><label for="typed">Type ${count} to delete them</label>
          <input id="typed" inputmode="numeric" autocomplete="off" .value=${this.typed}
            @input=${(event) => { this.typed = event.target.value; this.draw(); }}></div>`}
      <div class="buttons">
        <button type="submit" class="danger" ?disabled=${!this.isSure || this.running}>
          ${this.running ? `Deleting, ${this.deleted} of ${count}` : this.deleted ? "Delete the others" : "Delete"}</button>
        <button type="button" @click=${() => this.cancel()}>${this.running && !this.isStopped ? "Stop" : this.deleted ? "Close" : "Cancel"}</button>
      </div></form>`;
  }
}
