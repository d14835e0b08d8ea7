/**
 * What order replicas, learners, executors and their clients tell each other (UpRight, SOSP'09 section 4). NEXT-BATCH is
 * cumulative like the replicas' votes: one message says how far its sender has accepted, made sure of and committed one log.
 * Nothing here is signed but ATTACH: links vouch, and nobody passes on what another said.
 */

import type { Digest } from '@concordat/kernel';

/**
 * "After slot `after`, where its history is `before`, my log has these batches, and no more." In UpRight three messages per
 * batch: speculative (`accepted`), tentative and committed. Marks are slots, none beyond the last batch named.
 */
export interface NextBatch {
  readonly type: 'next-batch';
  readonly view: number;
  readonly after: number;
  readonly before: Digest;
  readonly digests: readonly Digest[];
  /** Durably accepted in `view`. */
  readonly accepted: number;
  /** Made sure of in `view`: what a COMMIT says. */
  readonly tentative: number;
  /** Committed: exposed at the sender. */
  readonly committed: number;
}

/** Where a learner stands, so that an order replica feeds it, and sends what it lacks. */
export interface LastExecuted {
  readonly type: 'last-executed';
  /** Whose members it listens to: who knows later ones proves them (`chain`). */
  readonly epoch: number;
  /** Slots up to here are executed and exposed. */
  readonly executed: number;
  /** Slots up to here of the receiver's log are known. */
  readonly known: number;
  /** The receiver shall send the contents of new slots, too. */
  readonly isSupplier: boolean;
}

/** "This connection is that client": signed by its domain, for one executor. Replies and reads go to and come from it. */
export interface Attach {
  readonly type: 'attach';
  readonly domain: number;
  readonly client: number;
  readonly executor: number;
  readonly signature: Uint8Array;
}

/** In place of a large reply, from all but one executor. */
export interface ReplyDigest {
  readonly type: 'reply-digest';
  readonly domain: number;
  readonly client: number;
  readonly seq: number;
  readonly slot: number;
  readonly digest: Digest;
}

export type FeedMessage = NextBatch | LastExecuted | Attach | ReplyDigest;
