// What changed: asked for every so often while somebody looks, so that nothing need be read again and again.

import { get, query } from "./api.js";

const VISIBLE_MS = 1500; // what anybody changes is shown within two seconds
const HIDDEN_MS = 15000;
const LONGEST_MS = 30000;

/**
 * Follows the API's changes. `heard` gets { reset, changes } of each poll that has news; `state` is
 * { lost: null or an Error, at: when the API answered last }, and `stateChanged` is called when `lost` changes.
 */
export class Live {
  constructor(heard, stateChanged) {
    this.state = { lost: null, at: null };
    this.heard = heard;
    this.stateChanged = stateChanged;
    this.failures = 0;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.timer) this.soon(0);
    });
  }

  /** Follow from a revision on. */
  start(revision) {
    this.revision = revision;
    this.state.at = new Date();
    this.soon(VISIBLE_MS);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.revision = undefined;
  }

  soon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.poll(), ms);
  }

  async poll() {
    const { revision } = this;
    try {
      const news = await get(`changes?${query({ since: revision })}`);
      if (revision !== this.revision) return; // stopped, or started anew
      this.revision = news.revision;
      const wasLost = this.failures > 0;
      this.failures = 0;
      this.found(null);
      // What was asked for while nobody answered is asked for again.
      if (wasLost || news.reset || news.changes.length) this.heard({ ...news, reset: news.reset || wasLost });
    } catch (error) {
      if (revision !== this.revision) return;
      this.failures += 1;
      this.found(error);
    }
    this.soon(this.pause());
  }

  /** Give how long to wait: longer after each failure, and for everybody a little differently. */
  pause() {
    if (this.failures) return Math.min(LONGEST_MS, VISIBLE_MS * 2 ** this.failures) * (0.75 + Math.random() / 2);
    return document.hidden ? HIDDEN_MS : VISIBLE_MS;
  }

  found(error) {
    const changed = String(error) !== String(this.state.lost);
    this.state.lost = error;
    if (!error) this.state.at = new Date();
    if (changed) this.stateChanged();
  }
}
