/**
 * Strikes: what a peer did that is bad but proves nothing to others - silence, slowness, a message that does not
 * decode. They fade, stay local and never convict; what they lead to (muting, a view change) can be undone.
 */

import type { Millis, NodeId } from '@concordat/kernel';

interface PeerRecord {
  /** Strikes not yet forgiven at `at`. */
  score: number;
  at: Millis;
  /** How often for which reason, over the record's life. */
  readonly reasons: Map<string, number>;
}

export interface Strikes {
  /** A peer that behaves is forgiven one strike per this time. */
  readonly forgiveMs: Millis;
  readonly peers: Map<NodeId, PeerRecord>;
}

export const createStrikes = (forgiveMs: Millis): Strikes => ({ forgiveMs, peers: new Map() });

const faded = (strikes: Strikes, { score, at }: PeerRecord, now: Millis): number =>
  Math.max(0, score - (now - at) / strikes.forgiveMs);

/** Adds a strike for `reason` (a word of the caller's code, never of a peer's) and returns the peer's score. */
export function addStrike(strikes: Strikes, peer: NodeId, reason: string, now: Millis): number {
  const record: PeerRecord = strikes.peers.get(peer) ?? { score: 0, at: now, reasons: new Map() };
  strikes.peers.set(peer, record);
  record.score = faded(strikes, record, now) + 1;
  record.at = now;
  record.reasons.set(reason, (record.reasons.get(reason) ?? 0) + 1);
  return record.score;
}

/** Strikes of `peer` that are not yet forgiven, fractions included. */
export function scoreOf(strikes: Strikes, peer: NodeId, now: Millis): number {
  const record = strikes.peers.get(peer);
  return record === undefined ? 0 : faded(strikes, record, now);
}

/** How often `peer` was struck for which reason. */
export const reasonsOf = (strikes: Strikes, peer: NodeId): ReadonlyMap<string, number> =>
  strikes.peers.get(peer)?.reasons ?? new Map();

/** Drops the record of a peer that is gone for good, a closed connection say. */
export function forgetPeer(strikes: Strikes, peer: NodeId): void {
  strikes.peers.delete(peer);
}
