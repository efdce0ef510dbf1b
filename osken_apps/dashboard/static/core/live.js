// What changed: the API answers when something has, while somebody looks, so that nothing need be read again and again.

import { get, query } from "./api.js";

const WAIT_S = 15;
const NOT_READY_WAIT_S = 5;
const LEAST_MS = 1500; // from one question to the next: what anybody changes is shown within two seconds
const SILENT_MS = 5000; // after its wait an answer comes no more
const HIDDEN_MS = 15000;
const LONGEST_MS = 30000;

/**
 * Follows the API's changes. `heard` gets { reset, changes, not_ready } of each answer, also of one without news; `state` is
 * { lost: null or an Error, at: when the API answered last }, and `stateChanged` is called when `lost` changes.
 */
export class Live {
  constructor(heard, stateChanged) {
    this.state = { lost: null, at: null };
    this.heard = heard;
    this.stateChanged = stateChanged;
    this.failures = 0;
    document.addEventListener("visibilitychange", () => this.looked());
  }

  /** Follow from a revision on. */
  start(revision) {
    this.stop();
    this.revision = revision;
    this.state.at = new Date();
    this.soon(0);
  }

  stop() {
    this.giveUp();
    clearTimeout(this.timer);
    this.revision = undefined;
    this.notReady = false;
    this.failures = 0;
    this.state.lost = null; // nobody is asked, so nobody is silent
  }

  /** Somebody begins to look, or nobody looks any more: a browser has few connections, and a hidden tab holds none. */
  looked() {
    if (this.revision === undefined) return;
    if (document.hidden) this.giveUp();
    if (!this.asking) this.soon(document.hidden ? HIDDEN_MS : 0);
  }

  giveUp() {
    this.asking?.abort();
    this.asking = null;
  }

  soon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), ms);
  }

  async ask() {
    const asking = new AbortController();
    this.asking = asking;
    const began = performance.now();
    // Whether the API answers again is to be known at once.
    const wait = document.hidden || this.state.lost ? 0 : this.notReady ? NOT_READY_WAIT_S : WAIT_S;
    const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(1000 * wait + SILENT_MS)]);
    const told = await get(`changes?${query({ since: this.revision, wait })}`, { signal }).catch((error) => error);
    if (asking !== this.asking) return; // given up
    this.asking = null;
    this.soon(this.pause(told instanceof Error, performance.now() - began));
    if (told instanceof Error) this.found(told);
    else this.take(told);
  }

  take(news) {
    const wasLost = Boolean(this.state.lost);
    this.revision = news.revision;
    this.notReady = news.not_ready.length > 0;
    this.found(null);
    // What was asked for while nobody answered is asked for again.
    this.heard({ ...news, reset: news.reset || wasLost });
  }

  /** Give how long to wait: longer after each failure, and for everybody a little differently. */
  pause(hasFailed, tookMs) {
    this.failures = hasFailed ? this.failures + 1 : 0;
    if (hasFailed) return Math.min(LONGEST_MS, LEAST_MS * 2 ** this.failures) * (0.75 + Math.random() / 2);
    return document.hidden ? HIDDEN_MS : Math.max(0, LEAST_MS - tookMs);
  }

  found(error) {
    const changed = String(error) !== String(this.state.lost);
    this.state.lost = error;
    if (!error) this.state.at = new Date();
    if (changed) this.stateChanged();
  }
}
