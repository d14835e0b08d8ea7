/**
 * How well scores separate honest from Sybil: ROC curve, the area under it, precision among the first k. Equal scores count as
 * half right (mid-ranks), so a method that gives everybody the same score has an area of 0.5, whatever the order of nodes.
 */

import { rankNodes } from '@concordat/graph';

/** What an account is, in an evaluation. */
export const HONEST = 0;
export const SYBIL = 1;
/** Left out of the measure: labelled in advance, or of unknown kind. */
export const UNJUDGED = 2;

/** Nodes that are judged, by score ascending: Sybils should come first. */
export function judgedByScore(scores: Float64Array, kinds: Uint8Array): Uint32Array {
  const judged = new Uint32Array(kinds.length)
    .map((_, node) => node)
    .filter((node) => kinds[node] !== UNJUDGED);
  return rankNodes(
    judged,
    Float64Array.from(judged, (node) => scores[node] as number),
  ).reverse();
}

export interface RocPoint {
  /** Share of honest accounts among those scored at or below `score`: suspected though honest. */
  readonly falseAlarms: number;
  /** Share of Sybils among those scored at or below `score`. */
  readonly found: number;
  readonly score: number;
}

/** The curve from (0, 0) to (1, 1), one point for each distinct score. Empty where one of the kinds is missing. */
export function rocCurve(scores: Float64Array, kinds: Uint8Array): RocPoint[] {
  const order = judgedByScore(scores, kinds);
  let sybils = 0;
  for (const node of order) if (kinds[node] === SYBIL) sybils += 1;
  const honest = order.length - sybils;
  if (sybils === 0 || honest === 0) return [];
  const points: RocPoint[] = [{ falseAlarms: 0, found: 0, score: -Infinity }];
  let [foundCount, alarmCount] = [0, 0];
  for (let at = 0; at < order.length; at += 1) {
    const node = order[at] as number;
    if (kinds[node] === SYBIL) foundCount += 1;
    else alarmCount += 1;
    const score = scores[node] as number;
    if (at + 1 < order.length && scores[order[at + 1] as number] === score) continue;
    points.push({ falseAlarms: alarmCount / honest, found: foundCount / sybils, score });
  }
  return points;
}

/** Area under the ROC curve: the chance that a random Sybil scores below a random honest account, equal scores counting a half. NaN without both kinds. */
export function areaUnderRoc(scores: Float64Array, kinds: Uint8Array): number {
  const curve = rocCurve(scores, kinds);
  if (curve.length === 0) return Number.NaN;
  let area = 0;
  for (let at = 1; at < curve.length; at += 1) {
    const [before, after] = [curve[at - 1] as RocPoint, curve[at] as RocPoint];
    area += ((after.falseAlarms - before.falseAlarms) * (after.found + before.found)) / 2;
  }
  return area;
}

export interface Precision {
  readonly k: number;
  /** Share of what was looked for among the first k; ties across the border count by their share. */
  readonly precision: number;
}

/** Counts, by place in `order`, of accounts of `wanted`, where equal scores share their places evenly. */
function evenCounts(
  order: Uint32Array,
  scores: Float64Array,
  kinds: Uint8Array,
  wanted: number,
): Float64Array {
  const counts = new Float64Array(order.length);
  for (let from = 0; from < order.length; ) {
    let [to, hits] = [from, 0];
    do {
      if (kinds[order[to] as number] === wanted) hits += 1;
      to += 1;
    } while (to < order.length && scores[order[to] as number] === scores[order[from] as number]);
    counts.fill(hits / (to - from), from, to);
    from = to;
  }
  return counts;
}

/** Share of Sybils among the `k` most suspect, for each `k` that there are so many judged accounts for. */
export function suspectPrecision(
  scores: Float64Array,
  kinds: Uint8Array,
  ks: readonly number[],
): Precision[] {
  const counts = evenCounts(judgedByScore(scores, kinds), scores, kinds, SYBIL);
  return precisionAt(counts, ks);
}

/** Share of honest accounts among the `k` best, for each `k` that there are so many judged accounts for. */
export function whitelistPrecision(
  scores: Float64Array,
  kinds: Uint8Array,
  ks: readonly number[],
): Precision[] {
  const counts = evenCounts(judgedByScore(scores, kinds).reverse(), scores, kinds, HONEST);
  return precisionAt(counts, ks);
}

function precisionAt(counts: Float64Array, ks: readonly number[]): Precision[] {
  return ks
    .filter((k) => k >= 1 && k <= counts.length)
    .map((k) => ({ k, precision: counts.subarray(0, k).reduce((sum, count) => sum + count, 0) / k }));
}

/** Share of Sybils in each full interval of `width` places, most suspect first (the papers use 10,000). */
export function intervalPrecision(scores: Float64Array, kinds: Uint8Array, width: number): number[] {
  const counts = evenCounts(judgedByScore(scores, kinds), scores, kinds, SYBIL);
  return Array.from(
    { length: Math.floor(counts.length / width) },
    (_, at) => counts.subarray(at * width, (at + 1) * width).reduce((sum, count) => sum + count, 0) / width,
  );
}
