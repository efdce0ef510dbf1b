// The search box: always there, reached by /, its hits walked by the arrow keys.

import { get, query } from "./api.js";
import { html, nothing } from "./html.js";
import { to } from "./location.js";
import { PATHS, spaced } from "../view/words.js";

const PAUSE_MS = 150;

export class Search {
  constructor(draw) {
    Object.assign(this, { draw, text: "", of: "", hits: null, more: [], error: "", at: -1 });
    addEventListener("keydown", (event) => {
      const typing = event.target.matches?.("input, textarea, select") || document.querySelector("dialog[open]");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        document.querySelector("#search")?.focus();
      }
    });
  }

  typed(text) {
    this.text = text;
    this.at = -1;
    this.goes = false;
    clearTimeout(this.timer);
    if (text.trim()) this.timer = setTimeout(() => this.look(), PAUSE_MS);
    else this.forget();
  }

  async look() {
    clearTimeout(this.timer);
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const text = this.text.trim();
    let told;
    try {
      told = { ...(await get(`search?${query({ q: text })}`, { signal: asking.signal })), error: "" };
    } catch (error) {
      told = { hits: [], more: [], error: error.message };
    }
    if (asking === this.asking) this.take(text, told);
  }

  take(text, { hits, more, error }) {
    Object.assign(this, { of: text, hits, more, error, at: -1 });
    if (this.goes && hits.length) this.go(hits[0]);
    this.goes = false;
    this.draw();
  }

  /** Show no hits; what was typed stays. */
  forget() {
    clearTimeout(this.timer);
    this.asking?.abort();
    Object.assign(this, { asking: null, hits: null, more: [], error: "", at: -1, goes: false });
    this.draw();
  }

  /** Forget what was typed, too. */
  clear() {
    this.text = "";
    this.forget();
  }

  /** Whoever comes back to the box goes on where they were. */
  came() {
    if (this.text.trim() && !this.hits) this.look();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const many = this.hits?.length ?? 0;
    if (step && many) {
      event.preventDefault();
      this.at = (this.at + step + many) % many;
      this.draw();
      document.querySelector(`#hit-${this.at}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && this.text.trim()) {
      event.preventDefault();
      this.enter();
    } else if (event.key === "Escape") this.forget();
  }

  /** Go to what is marked, else to the first hit of what is typed, once that is known. */
  enter() {
    const hit = this.hits?.[this.at] ?? (this.of === this.text.trim() && this.hits?.[0]);
    if (hit) this.go(hit);
    else {
      this.goes = true;
      this.look();
    }
  }

  go(hit) {
    this.clear();
    location.hash = to([PATHS[hit.kind], hit.id]);
    document.querySelector("main")?.focus();
  }

  view() {
    const isOpen = this.hits !== null;
    return html`<search class="search">
      <label for="search" class="unseen">Search by name, address, MAC or id</label>
      <input id="search" type="search" placeholder="Name, address, MAC or id ( / )" autocomplete="off" spellcheck="false"
        role="combobox" aria-expanded=${isOpen ? "true" : "false"} aria-controls="hits" aria-autocomplete="list"
        aria-activedescendant=${this.at >= 0 ? `hit-${this.at}` : nothing}
        .value=${this.text} @input=${(event) => this.typed(event.target.value)} @keydown=${(event) => this.key(event)}
        @focus=${() => this.came()} @blur=${() => this.forget()}>
      <div class="hits" ?hidden=${!isOpen} @mousedown=${(event) => event.preventDefault()}>
        <ul id="hits" role="listbox" aria-label="Found">${(this.hits ?? []).map((hit, index) => this.hit(hit, index))}</ul>
        ${this.error ? html`<p class="error">${this.error}</p>` : nothing}
        ${isOpen && !this.error && !this.hits.length ? html`<p class="note">Nothing like that is there.</p>` : nothing}
        ${this.more.length && isOpen ? html`<p class="note">There are more: type more of it.</p>` : nothing}
      </div></search>`;
  }

  hit(hit, index) {
    return html`<li id="hit-${index}" role="option" aria-selected=${index === this.at ? "true" : "false"}
      @click=${() => this.go(hit)}>
      <span class="kind">${hit.kind === "agent" ? "host" : spaced(hit.kind)}</span> <b>${hit.name || hit.id}</b> <span class="detail">${hit.detail}</span></li>`;
  }
}
