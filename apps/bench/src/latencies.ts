/** Samples of a run: percentiles, and the longest time in which nothing completed. Milliseconds throughout. */

export interface Latencies {
  /** Something that took `ms` completed at `now`. */
  add(ms: number, now: number): void;
  readonly count: number;
  /** The value that a share `q` in [0, 1] of the samples does not exceed; 0 without samples. */
  percentile(q: number): number;
  /** The longest interval between two completions, and from the start to the first. */
  readonly longestStallMs: number;
}

export function createLatencies(startedAt: number): Latencies {
  let samples = new Float64Array(65_536);
  let count = 0;
  let last = startedAt;
  let longestStallMs = 0;
  let isSorted = false;
  return {
    add: (ms, now) => {
      if (count === samples.length) {
        const grown = new Float64Array(samples.length * 2);
        grown.set(samples);
        samples = grown;
      }
      samples[count++] = ms;
      isSorted = false;
      if (now - last > longestStallMs) longestStallMs = now - last;
      last = now;
    },
    get count() {
      return count;
    },
    percentile: (q) => {
      if (!isSorted) samples.subarray(0, count).sort();
      isSorted = true;
      return samples[Math.min(count - 1, Math.floor(q * count))] ?? 0;
    },
    get longestStallMs() {
      return longestStallMs;
    },
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[middle - 1] ?? 0, sorted[middle] ?? 0];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
