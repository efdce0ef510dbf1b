// How many a second there are of what is only counted: from one reading of the counters to the next.

const LEAST_MS = 5000;
const MOST_SAMPLES = 61;

export class Rates {
  constructor() {
    this.samples = [];
  }

  /** Take what the counters show at a time, in milliseconds; what comes too soon after the last one is left out. */
  take(counts, at) {
    const last = this.samples.at(-1);
    if (last && at - last.at < LEAST_MS) return;
    if (last && Object.entries(last.counts).some(([name, count]) => (counts[name] ?? 0) < count)) this.samples = []; // counted anew
    this.samples = [...this.samples, { counts, at }].slice(-MOST_SAMPLES);
  }

  /** Give how many a second there were of something of late; null: that is not known yet. */
  of(name) {
    const [before, now] = this.samples.slice(-2);
    return now ? ((now.counts[name] ?? 0) - (before.counts[name] ?? 0)) / ((now.at - before.at) / 1000) : null;
  }

  /** Give how many a second there were in all, from one reading to the next, the oldest first. */
  line() {
    const sums = this.samples.map(({ counts, at }) => ({ at, sum: Object.values(counts).reduce((sum, count) => sum + count, 0) }));
    return sums.slice(1).map(({ at, sum }, index) => (sum - sums[index].sum) / ((at - sums[index].at) / 1000));
  }
}
