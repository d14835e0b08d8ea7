/** One slot of the log, from its first proposal until a later checkpoint replaces it. */

import type { Digest, Millis } from '@concordat/kernel';
import type { FullBatch } from '../batch.ts';
import type { Acknowledge, PrePrepare, Vouch } from './messages.ts';

/** A batch with everything it refers to, and its digest. */
export interface Content extends FullBatch {
  readonly digest: Digest;
}

export interface Slot {
  slot: number;
  /** The current view's signed proposal, kept to be shown to peers that lack it. */
  proposal: PrePrepare | null;
  /** What this replica accepted last, in view `acceptedView` (-1: nothing). */
  content: Content | null;
  acceptedView: number;
  history: Digest | null;
  /** PBFT's Q: accepted digests, each with the last view, by descending view. */
  accepted: readonly Vouch[];
  /** PBFT's P. */
  prepared: Vouch | null;
  /** Contents of everything in P and Q, and of what a new view selected. */
  contents: Content[];
  /** Those that the journal has: what a vote vouches for must be among them. */
  stored: Content[];
  /** Votes of peers in the current view for this slot, by member, not yet comparable or already counted. */
  prepares: (Digest | null)[];
  commits: (Digest | null)[];
  /** Signed votes of the current view, by member: what a certificate is made of. */
  acknowledgements: (Acknowledge | null)[];
  /** What is accepted may change the federation: nothing beyond its checkpoint follows before that is known. */
  hasCommand: boolean;
  /** When it was accepted, and when a quorum had vouched for it, in the current view. */
  acceptedAt: Millis;
  preparedAt: Millis;
  /** First journal record about this slot, or Infinity. */
  position: number;
}

export const emptySlot = (slot: number, ids: number): Slot => ({
  slot,
  proposal: null,
  content: null,
  acceptedView: -1,
  history: null,
  accepted: [],
  prepared: null,
  contents: [],
  stored: [],
  prepares: new Array<Digest | null>(ids).fill(null),
  commits: new Array<Digest | null>(ids).fill(null),
  acknowledgements: new Array<Acknowledge | null>(ids).fill(null),
  hasCommand: false,
  acceptedAt: 0,
  preparedAt: 0,
  position: Number.POSITIVE_INFINITY,
});

export const findContent = (slot: Slot, matches: (digest: Digest) => boolean): Content | null =>
  slot.contents.find((content) => matches(content.digest)) ?? null;
