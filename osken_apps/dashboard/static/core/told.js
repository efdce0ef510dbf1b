// Something that the API tells and that no change announces: read when it is shown, and again every so often.

import { get } from "./api.js";

const LONGEST_MS = 30000; // after some failures

export class Told {
  /**
   * `path` gives what is asked for, "" for nothing; it is asked again every `everyMs` (0: when it is told to), and
   * after each failure later. While it is paused, or nobody looks, only what is not shown yet is asked for.
   */
  constructor(path, draw, everyMs = 0) {
    Object.assign(this, { path, draw, everyMs, value: null, of: "", before: null, at: null, error: null, isPaused: false, failures: 0 });
  }

  /** Ask again, after a while. */
  later() {
    if (this.everyMs) this.timer = setTimeout(() => this.load(), Math.min(LONGEST_MS, this.everyMs * 2 ** this.failures));
  }

  async load() {
    clearTimeout(this.timer);
    if (this.isClosed) return;
    const asking = {};
    this.asking = asking;
    const path = this.path();
    const rests = this.everyMs && path === this.of && (document.hidden || this.isPaused);
    if (path && !rests) await this.read(path, asking);
    if (asking !== this.asking) return; // whoever asked later goes on, or nobody
    this.later();
  }

  async read(path, asking) {
    try {
      const value = await get(path);
      if (asking !== this.asking || path !== this.path()) return; // something else is asked for by now
      this.before = this.value && { value: this.value, at: this.at };
      Object.assign(this, { value, of: path, at: new Date(), error: null, failures: 0 });
    } catch (error) {
      if (asking !== this.asking) return;
      this.error = error;
      this.failures += 1;
    }
    this.draw();
  }

  /** Take what was told in another way. */
  take(value) {
    Object.assign(this, { value, of: this.path(), at: new Date(), error: null, failures: 0, asking: null });
    clearTimeout(this.timer);
    this.later();
  }

  pause(isPaused) {
    this.isPaused = isPaused;
    if (!isPaused) this.load();
    this.draw();
  }

  close() {
    this.isClosed = true;
    this.asking = null;
    clearTimeout(this.timer);
  }
}
