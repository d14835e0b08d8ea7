/**
 * How far off an estimate may be. What is estimated is a ratio of two means, E[gain] / E[base], over seeds: a relative
 * gain, and with bases of 1 a mean. Each bound has its own error probability `tail`, and is the wider of two:
 *
 * - Student's, for a ratio in the form of Fieller's theorem: exact for normal differences, however few. A ratio r is
 *   excluded where the mean of gain - r base is too far from 0 for its own standard error.
 * - the studentised bootstrap (Efron; Hall 1988): seeds are drawn again with replacement, with dice of a fixed seed. Its
 *   error falls one order faster in the number of seeds when differences are skewed, as when a rare event pays; but it
 *   knows only what it saw, and needs about as many draws as 10 / tail.
 *
 * Neither knows of events that no seed has shown; `withUnseen` does, for gains that are bounded.
 */

import { createPrng } from '@concordat/kernel';
import { studentQuantile } from './student.ts';

export interface Sample {
  readonly gain: number;
  readonly base: number;
}

export interface Interval {
  readonly estimate: number;
  /** One-sided bounds: each is missed with probability `tail` at most. Infinite if nothing can be said. */
  readonly lower: number;
  readonly upper: number;
  readonly tail: number;
  readonly seeds: number;
}

/** Means and covariances of a sample: what ratios and their errors need. */
interface Moments {
  readonly n: number;
  readonly gain: number;
  readonly base: number;
  readonly gg: number;
  readonly gb: number;
  readonly bb: number;
}

const meanOf = (samples: readonly Sample[], of: (sample: Sample) => number): number =>
  samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;

/** A sample as offsets from its means, so that sums of squares lose no digits. */
interface Offsets {
  readonly gain: number;
  readonly base: number;
  readonly gains: Float64Array;
  readonly bases: Float64Array;
}

function offsetsOf(samples: readonly Sample[]): Offsets {
  const gain = meanOf(samples, (sample) => sample.gain);
  const base = meanOf(samples, (sample) => sample.base);
  return {
    gain,
    base,
    gains: Float64Array.from(samples, (sample) => sample.gain - gain),
    bases: Float64Array.from(samples, (sample) => sample.base - base),
  };
}

/** Moments of the items that `pick` draws, as many as the sample has. */
function momentsOf({ gain, base, gains, bases }: Offsets, pick: (i: number) => number): Moments {
  const n = gains.length;
  let [sumG, sumB, gg, gb, bb] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const index = pick(i);
    const g = gains[index] as number;
    const b = bases[index] as number;
    sumG += g;
    sumB += b;
    gg += g * g;
    gb += g * b;
    bb += b * b;
  }
  return {
    n,
    gain: gain + sumG / n,
    base: base + sumB / n,
    gg: Math.max(0, gg - (sumG * sumG) / n) / (n - 1),
    gb: (gb - (sumG * sumB) / n) / (n - 1),
    bb: Math.max(0, bb - (sumB * sumB) / n) / (n - 1),
  };
}

/** The standard error of a ratio near `ratio`, by linearisation. */
const errorOf = ({ n, base, gg, gb, bb }: Moments, ratio: number): number =>
  Math.sqrt(Math.max(0, gg - 2 * ratio * gb + ratio * ratio * bb) / n) / Math.abs(base);

/** The roots of the quadratic in which Fieller's bounds meet; null where the base may be 0. */
function fieller({ n, gain, base, gg, gb, bb }: Moments, t: number): readonly [number, number] | null {
  const s = (t * t) / n;
  const a = base * base - s * bb;
  if (base <= 0 || a <= 0) return null;
  const b = gain * base - s * gb;
  const c = gain * gain - s * gg;
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  return [(b - root) / a, (b + root) / a];
}

const BOOTSTRAP_SEED = 20_060_426;

/** The least error of a draw, in that of the sample: a draw without the few seeds that differ shows none at all. */
const ERROR_FLOOR = 0.25;

/** The quantiles of the studentised ratio at `tail` and 1 - `tail`, over samples drawn again. */
function resample(offsets: Offsets, ratio: number, error: number, tail: number): readonly [number, number] {
  const random = createPrng(BOOTSTRAP_SEED, 'bootstrap');
  const draws = Math.min(20_000, Math.max(1000, Math.ceil(10 / tail)));
  const values = new Float64Array(draws);
  const pick = (): number => random.below(offsets.gains.length);
  for (let draw = 0; draw < draws; draw++) {
    const moments = momentsOf(offsets, pick);
    const drawn = moments.gain / moments.base;
    values[draw] = (drawn - ratio) / Math.max(ERROR_FLOOR * error, errorOf(moments, drawn));
  }
  values.sort();
  const rank = Math.floor(tail * draws);
  return [values[rank]!, values[draws - 1 - rank]!];
}

/** Below so many seeds drawing again only repeats the few that there are. */
const BOOTSTRAP_FROM = 12;

/** E[gain] / E[base] with bounds; null where the base is not clearly above 0, for then the ratio means nothing. */
export function ratioInterval(samples: readonly Sample[], tail: number): Interval | null {
  const seeds = samples.length;
  if (seeds < 2) return null;
  const offsets = offsetsOf(samples);
  const moments = momentsOf(offsets, (i) => i);
  const roots = fieller(moments, studentQuantile(tail, seeds - 1));
  if (roots === null) return null;
  const estimate = moments.gain / moments.base;
  const error = errorOf(moments, estimate);
  let [lower, upper] = roots;
  // Rounding alone is no variation.
  if (error < 1e-12 * (1 + Math.abs(estimate))) return { estimate, lower, upper, tail, seeds };
  if (seeds >= BOOTSTRAP_FROM) {
    const [low, high] = resample(offsets, estimate, error, tail);
    lower = Math.min(lower, estimate - high * error);
    upper = Math.max(upper, estimate - low * error);
  }
  return { estimate, lower, upper, tail, seeds };
}

/**
 * The same, for gains that are at most `most` in one world, in units of what is estimated. Gains above the largest seen have
 * a probability of at most ln(1/tail)/n, or one of n seeds would have shown it; as if they all were `most`, they are added.
 * Both parts may be wrong, so each has half of the tail.
 */
export function withUnseen(samples: readonly Sample[], tail: number, most: number): Interval | null {
  const interval = ratioInterval(samples, tail / 2);
  if (interval === null) return null;
  const base = meanOf(samples, (sample) => sample.base);
  const seen = samples.reduce(
    (largest, { gain }) => Math.max(largest, gain / base),
    Number.NEGATIVE_INFINITY,
  );
  const unseen = (Math.log(2 / tail) / samples.length) * Math.max(0, most - seen);
  return { ...interval, upper: interval.upper + unseen, tail };
}

/** A mean with bounds. At least two values. */
export function meanInterval(values: readonly number[], tail: number): Interval {
  const interval = ratioInterval(
    values.map((gain) => ({ gain, base: 1 })),
    tail,
  );
  return (
    interval ?? {
      estimate: values[0] ?? 0,
      lower: Number.NEGATIVE_INFINITY,
      upper: Number.POSITIVE_INFINITY,
      tail,
      seeds: values.length,
    }
  );
}
