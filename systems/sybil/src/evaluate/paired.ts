/**
 * Means and paired differences over draws, with confidence intervals by Student's t. Methods are compared on the same draws of labels and
 * attack edges, so what differs between draws, which is most of the spread, cancels out.
 */

import { assert } from '@concordat/kernel';

export interface Estimate {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation of one draw; 0 for a single one. */
  readonly deviation: number;
  /** Bounds of the mean at the asked confidence; infinite for a single draw. */
  readonly low: number;
  readonly high: number;
}

/** That Student's t with `freedom` degrees, a whole number, is at most `t` (>= 0): Abramowitz and Stegun 26.7.3 and 26.7.4. */
export function studentBelow(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(angle);
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = isOdd && freedom === 1 ? 0 : term;
  for (let at = isOdd ? 3 : 2; at < freedom; at += 2) {
    term *= (cosine * cosine * (at - 1)) / at;
    sum += term;
  }
  const between = isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 + between) / 2;
}

/** The t that both tails beyond it hold `1 - confidence` of. */
export function studentBound(confidence: number, freedom: number): number {
  const wanted = (1 + confidence) / 2;
  let [low, high] = [0, 1];
  while (studentBelow(high, freedom) < wanted && high < 1e12) high *= 2;
  for (let round = 0; round < 80; round += 1) {
    const middle = (low + high) / 2;
    if (studentBelow(middle, freedom) < wanted) low = middle;
    else high = middle;
  }
  return high;
}

/** Mean of draws, at least one, with its interval. */
export function estimate(draws: readonly number[], confidence = 0.95): Estimate {
  assert(draws.length > 0, 'there is a draw');
  const count = draws.length;
  const mean = draws.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { count, mean, deviation: 0, low: -Infinity, high: Infinity };
  const squares = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (count - 1));
  const reach = (studentBound(confidence, count - 1) * deviation) / Math.sqrt(count);
  return { count, mean, deviation, low: mean - reach, high: mean + reach };
}

/** How much more `ours` has than `theirs`, draw by draw: it is more than chance where the interval excludes 0. */
export function pairedDifference(
  ours: readonly number[],
  theirs: readonly number[],
  confidence = 0.95,
): Estimate {
  assert(ours.length === theirs.length, 'draws are paired');
  return estimate(
    ours.map((value, draw) => value - (theirs[draw] as number)),
    confidence,
  );
}
