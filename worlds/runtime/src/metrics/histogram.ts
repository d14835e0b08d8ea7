/**
 * A histogram with buckets that double: recording is a shift and two additions, and one size serves microseconds and
 * minutes alike.
 */

export interface Histogram {
  /** `value` >= 0, in the unit the histogram was made for. */
  record(value: number): void;
  readonly count: number;
  readonly sum: number;
  /** The largest value recorded. */
  readonly max: number;
  /** Upper bounds and how many values were at most that, cumulative; up to the last bucket in use. */
  buckets(): readonly { readonly upTo: number; readonly count: number }[];
  /** An upper bound of the given quantile (in [0, 1]); 0 when nothing was recorded. */
  quantile(part: number): number;
}

const BUCKETS = 40;

/** `smallest` is the upper bound of the first bucket: what is not worth telling apart. */
export function createHistogram(smallest: number): Histogram {
  const counts = new Float64Array(BUCKETS);
  let count = 0;
  let sum = 0;
  let max = 0;
  const bucketOf = (value: number): number =>
    Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log2(value / smallest))));

  const buckets = (): { upTo: number; count: number }[] => {
    const rows: { upTo: number; count: number }[] = [];
    let cumulative = 0;
    for (let i = 0; i < BUCKETS && cumulative < count; i++) {
      cumulative += counts[i] ?? 0;
      rows.push({ upTo: smallest * 2 ** i, count: cumulative });
    }
    return rows;
  };
  return {
    record: (value) => {
      const bucket = value <= smallest ? 0 : bucketOf(value);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      count++;
      sum += value;
      if (value > max) max = value;
    },
    get count() {
      return count;
    },
    get sum() {
      return sum;
    },
    get max() {
      return max;
    },
    buckets,
    quantile: (part) => Math.min(max, buckets().find((row) => row.count >= part * count)?.upTo ?? 0),
  };
}
