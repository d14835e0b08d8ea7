/**
 * What a gateway counts. Statistics begin anew with `srst`, those of connections with `crst`; the tally never does,
 * because counters of monitors must not go back. Milliseconds are those of the env's clock, from the turn in which a
 * request arrived to the turn of its answer: 0 for a read that waits for nothing.
 */

import type { Millis } from '@concordat/kernel';

export interface Latency {
  min: Millis;
  max: Millis;
  sum: Millis;
  count: number;
  last: Millis;
}

/** A latency with quantiles. */
export interface Summary extends Latency {
  /** How many were in each bucket; see `bucketOf`. */
  readonly buckets: Float64Array;
}

export interface Statistics {
  received: number;
  sent: number;
  latency: Latency;
}

/** Since the gateway began. */
export interface Tally {
  bytesReceived: number;
  bytesAnswered: number;
  /** Sizes of answers, -1 before the first. */
  lastAnswer: number;
  minAnswer: number;
  maxAnswer: number;
  /** Handshakes, and those of them that named a session. */
  handshakes: number;
  returns: number;
  /** Connections beyond the limit, ended by the client without closing its session, and that never shook hands. */
  refused: number;
  dropped: number;
  silent: number;
  /** Claims of identities that were refused. */
  authRefused: number;
  /** Sessions opened in this domain that expired. */
  expired: number;
  /** Writes refused because of a quota, those within multis apart. */
  quotaExceeded: number;
  /** Turns in which requests had to wait for those that were being ordered. */
  throttleWaits: number;
  /** Requests that waited too long or lost their connection, those of them told so, and those simply dropped. */
  stale: number;
  throttled: number;
  staleDropped: number;
  /** Connections closed for a large request too many, and for not taking what they had asked for. */
  largeRefused: number;
  slowReaders: number;
  /** Replies that would have been too large. */
  repliesRefused: number;
  /** Times that a connection was left unread. */
  holds: number;
  readonly reads: Summary;
  readonly updates: Summary;
}

/** Eight buckets for each doubling: a quantile is at most an eighth too high. */
const PER_DOUBLING_BITS = 3;
const PER_DOUBLING = 1 << PER_DOUBLING_BITS;
/** Longer ones count as this long, twelve days. */
const MAX_EXPONENT = 30;
const MAX_MS = 2 ** MAX_EXPONENT;
const BUCKETS = (MAX_EXPONENT - PER_DOUBLING_BITS + 2) * PER_DOUBLING;

/** Whole milliseconds up to 15 have buckets of their own. */
function bucketOf(latencyMs: Millis): number {
  const ms = Math.min(MAX_MS, Math.round(latencyMs));
  if (ms < PER_DOUBLING) return ms;
  const exponent = 31 - Math.clz32(ms);
  const within = (ms >> (exponent - PER_DOUBLING_BITS)) & (PER_DOUBLING - 1);
  return (exponent - PER_DOUBLING_BITS + 1) * PER_DOUBLING + within;
}

/** The highest millisecond of a bucket. */
function topOf(bucket: number): Millis {
  if (bucket < PER_DOUBLING) return bucket;
  const shift = Math.floor(bucket / PER_DOUBLING) - 1;
  return (PER_DOUBLING + (bucket % PER_DOUBLING) + 1) * 2 ** shift - 1;
}

export const createLatency = (): Latency => ({ min: 0, max: 0, sum: 0, count: 0, last: 0 });

export const createSummary = (): Summary => ({ ...createLatency(), buckets: new Float64Array(BUCKETS) });

export const freshStatistics = (): Statistics => ({ received: 0, sent: 0, latency: createLatency() });

export const createTally = (): Tally => ({
  bytesReceived: 0,
  bytesAnswered: 0,
  lastAnswer: -1,
  minAnswer: -1,
  maxAnswer: -1,
  handshakes: 0,
  returns: 0,
  refused: 0,
  dropped: 0,
  silent: 0,
  authRefused: 0,
  expired: 0,
  quotaExceeded: 0,
  throttleWaits: 0,
  stale: 0,
  throttled: 0,
  staleDropped: 0,
  largeRefused: 0,
  slowReaders: 0,
  repliesRefused: 0,
  holds: 0,
  reads: createSummary(),
  updates: createSummary(),
});

/** Takes one more into account; a clock that went back counts as none gone by. */
export function countLatency(latency: Latency, took: Millis): void {
  const ms = Math.max(0, took);
  latency.min = latency.count === 0 ? ms : Math.min(latency.min, ms);
  latency.max = Math.max(latency.max, ms);
  latency.sum += ms;
  latency.count++;
  latency.last = ms;
}

export function countSummary(summary: Summary, took: Millis): void {
  countLatency(summary, took);
  const bucket = bucketOf(summary.last);
  summary.buckets[bucket] = (summary.buckets[bucket] as number) + 1;
}

export const averageOf = ({ sum, count }: Latency): number => (count === 0 ? 0 : sum / count);

/** An upper bound of the quantile `part` (in [0, 1]), never above the maximum; 0 when nothing was counted. */
export function quantileOf(summary: Summary, part: number): Millis {
  let below = 0;
  for (const [bucket, count] of summary.buckets.entries()) {
    below += count;
    if (count > 0 && below >= part * summary.count) return Math.min(topOf(bucket), Math.round(summary.max));
  }
  return 0;
}

export function countAnswer(tally: Tally, sizeBytes: number): void {
  tally.lastAnswer = sizeBytes;
  tally.minAnswer = tally.minAnswer < 0 ? sizeBytes : Math.min(tally.minAnswer, sizeBytes);
  tally.maxAnswer = Math.max(tally.maxAnswer, sizeBytes);
}
