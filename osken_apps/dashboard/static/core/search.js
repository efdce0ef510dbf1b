// The search box: always there, reached by /, its hits walked by the arrow keys.

import { get, query } from "./api.js";
import { html, nothing } from "./html.js";
import { to } from "./location.js";
import { PATHS, spaced } from "../view/words.js";

const PAUSE_MS = 150;

export class Search {
  constructor(draw) {
    Object.assign(this, { draw, text: "", hits: null, more: [], error: "", at: -1 });
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
    clearTimeout(this.timer);
    if (text.trim()) this.timer = setTimeout(() => this.look(), PAUSE_MS);
    else this.forget();
  }

  async look() {
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const found = await get(`search?${query({ q: this.text.trim() })}`, { signal: this.asking.signal });
      Object.assign(this, { hits: found.hits, more: found.more, error: "" });
    } catch (error) {
      if (error.name === "AbortError") return;
      Object.assign(this, { hits: [], more: [], error: error.message });
    }
    this.draw();
  }

  forget() {
    this.asking?.abort();
    Object.assign(this, { hits: null, error: "", at: -1 });
    this.draw();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const many = this.hits?.length ?? 0;
    if (step && many) {
      event.preventDefault();
      this.at = (this.at + step + many) % many;
      this.draw();
      document.querySelector(`#hit-${this.at}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && many) {
      event.preventDefault();
      this.go(this.hits[Math.max(0, this.at)]);
    } else if (event.key === "Escape") this.forget();
  }

  go(hit) {
    this.text = "";
    this.forget();
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
        .value=${this.text} @input=${(event) => this.typed(event.target.value)} @keydown=${(event) => this.key(event)}>
      <div class="hits" ?hidden=${!isOpen}>
        <ul id="hits" role="listbox" aria-label="Found">${(this.hits ?? []).map((hit, index) => this.hit(hit, index))}</ul>
        ${this.error ? html`<p class="error">${this.error}</p>` : nothing}
        ${isOpen && !this.error && !this.hits.length ? html`<p class="note">Nothing like that is there.</p>` : nothing}
        ${this.more.length && isOpen ? html`<p class="note">There are more: type more of it.</p>` : nothing}
      </div></search>`;
  }

  hit(hit, index) {
    return html`<li id="hit-${index}" role="option" aria-selected=${index === this.at ? "true" : "false"}
      @mousedown=${(event) => event.preventDefault()} @click=${() => this.go(hit)}>
      <span class="kind">${hit.kind === "agent" ? "host" : spaced(hit.kind)}</span> <b>${hit.name || hit.id}</b> <span class="detail">${hit.detail}</span></li>`;
  }
}
