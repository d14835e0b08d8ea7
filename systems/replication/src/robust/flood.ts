/**
 * Which peer floods (Aardvark, NSDI 2009, section 4.2.2: a replica that sends twenty times as much as the second busiest is
 * not heard for a while, longer each time). Requests that were admitted do not count: a busy gateway is no flood. Nor does what comes
 * slowly: it costs little, and a member that catches up hears much from few.
 * Invariant kept: only those who sent most of what was heard within a second are found.
 */

import type { Millis, NodeId } from '@concordat/kernel';

interface Muting {
  until: Millis;
  spanMs: Millis;
}

export interface Flood {
  /** Messages of this sample, by sender. */
  readonly counts: number[];
  total: number;
  since: Millis;
  readonly muted: Map<NodeId, Muting>;
}

/** Messages after which counts are compared, if they came within `SAMPLE_MS`. */
const SAMPLE = 2000;
const SAMPLE_MS = 1000;
const FACTOR = 20;
const FIRST_MUTE_MS = 1000;
const LONGEST_MUTE_MS = 64_000;
/** Whoever keeps quiet for so many times its last muting begins anew. */
const FORGIVEN_AFTER = 8;

export const createFlood = (ids: number, now: Millis): Flood => ({
  counts: new Array<number>(ids).fill(0),
  total: 0,
  since: now,
  muted: new Map(),
});

/** Notes a message; returns its sender if it floods. */
export function noteMessage(f: Flood, from: NodeId, now: Millis): NodeId | null {
  const count = f.counts[from];
  if (count === undefined) return null;
  f.counts[from] = count + 1;
  f.total += 1;
  if (f.total < SAMPLE) return null;
  const flooder = now - f.since <= SAMPLE_MS ? busiest(f.counts) : null;
  f.counts.fill(0);
  f.total = 0;
  f.since = now;
  return flooder;
}

/** Takes back what was counted for a message that was of use. */
export function noteUse(f: Flood, from: NodeId): void {
  const count = f.counts[from] ?? 0;
  if (count === 0) return;
  f.counts[from] = count - 1;
  f.total -= 1;
}

function busiest(counts: readonly number[]): NodeId | null {
  let first = 0;
  let second = 0;
  let peer: NodeId | null = null;
  for (const [id, count] of counts.entries()) {
    if (count > first) {
      second = first;
      first = count;
      peer = id;
    } else second = Math.max(second, count);
  }
  return first >= FACTOR * second ? peer : null;
}

export const isMuted = (f: Flood, peer: NodeId, now: Millis): boolean =>
  (f.muted.get(peer)?.until ?? 0) > now;

/** Members that are not heard at present. */
export const countMuted = (f: Flood, now: Millis): number =>
  [...f.muted.values()].filter(({ until }) => until > now).length;

/** Mutes a peer; returns for how long. */
export function muteFor(f: Flood, peer: NodeId, now: Millis): Millis {
  const last = f.muted.get(peer);
  const isOld = last === undefined || now - last.until > FORGIVEN_AFTER * last.spanMs;
  const spanMs = isOld ? FIRST_MUTE_MS : Math.min(LONGEST_MUTE_MS, 2 * last.spanMs);
  f.muted.set(peer, { until: now + spanMs, spanMs });
  return spanMs;
}
