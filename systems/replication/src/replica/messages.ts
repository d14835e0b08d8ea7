/**
 * The messages of replicas (PBFT, TOCS 2002 section 4, and Zyzzyva, SOSP 2007 section 3, with cumulative votes).
 * PRE-PREPARE, ACKNOWLEDGE, CHECKPOINT, VIEW-CHANGE and NEW-VIEW are signed, because others must be convinced by them;
 * PREPARE and COMMIT are vouched for by the link and prove nothing to third parties (DESIGN section 9, rule 3). A vote
 * for a slot's history is a vote for every slot before it in the same view.
 */

import type { Digest } from '@concordat/kernel';
import type { AdmissionMessage } from '../admission/messages.ts';
import type { Batch, FullBatch } from '../batch.ts';
import type { PartDigests, Roots } from '../execution/roots.ts';
import type { FeedMessage } from '../executor/messages.ts';
import type { ClientMessage } from './client-messages.ts';

/** The primary's proposal for one slot. */
export interface PrePrepare {
  readonly type: 'pre-prepare';
  readonly view: number;
  readonly slot: number;
  /** Digest of the log up to and including this slot. */
  readonly history: Digest;
  readonly incarnation: number;
  readonly batch: Batch;
  readonly signature: Uint8Array;
}

/** "I have durably accepted the log up to this slot in this view." */
export interface Prepare {
  readonly type: 'prepare';
  readonly view: number;
  readonly slot: number;
  readonly history: Digest;
}

/** PREPARE, signed, for what n - u or more of them together prove to anyone; Zyzzyva's SPEC-RESPONSE without the reply. */
export interface Acknowledge {
  readonly type: 'acknowledge';
  readonly view: number;
  readonly slot: number;
  readonly history: Digest;
  readonly incarnation: number;
  readonly signature: Uint8Array;
}

/** One member's ACKNOWLEDGE inside a certificate, which tells the rest. */
export interface Acknowledgement {
  readonly sender: number;
  readonly incarnation: number;
  readonly slot: number;
  readonly signature: Uint8Array;
}

/**
 * Zyzzyva's commit certificate: a quorum that has acknowledged a log. It covers what so many of them have acknowledged,
 * though each may have named another slot of that log.
 */
export interface CommitCertificate {
  readonly view: number;
  /** Of the batches from the stable checkpoint that goes with it to the last slot acknowledged: they hash to the histories. */
  readonly digests: readonly Digest[];
  /** By ascending sender. */
  readonly acknowledgements: readonly Acknowledgement[];
}

/** "What a view change needs to know of the log up to this slot in this view is on my disk." Zyzzyva's LOCAL-COMMIT. */
export interface Commit {
  readonly type: 'commit';
  readonly view: number;
  readonly slot: number;
  readonly history: Digest;
}

/** "After executing up to this slot my state had this digest." */
export interface Checkpoint {
  readonly type: 'checkpoint';
  readonly slot: number;
  readonly history: Digest;
  readonly state: Digest;
  readonly sender: number;
  readonly incarnation: number;
  /** Of the configuration under which the slot was decided: nobody else's checkpoints count there. */
  readonly epoch: number;
  readonly signature: Uint8Array;
}

/** An agreement quorum of matching CHECKPOINTs, by ascending sender; empty for the beginning of the log. */
export type Certificate = readonly Checkpoint[];

/** Shows a peer that a checkpoint is stable. */
export interface Stable {
  readonly type: 'stable';
  readonly certificate: Certificate;
}

export interface Vouch {
  readonly view: number;
  readonly digest: Digest;
}

/** What a replica knows of one slot when it leaves a view: PBFT's P and Q sets (TOCS 2002 section 3.2.4). */
export interface SlotClaim {
  readonly slot: number;
  /** The batch it last prepared, and in which view. */
  readonly prepared: Vouch | null;
  /** Batches it accepted, each with the last view in which it did; by descending view. */
  readonly accepted: readonly Vouch[];
}

export interface ViewChange {
  readonly type: 'view-change';
  readonly view: number;
  readonly sender: number;
  readonly incarnation: number;
  readonly stable: Certificate;
  /** By ascending slot, all above the stable checkpoint. */
  readonly claims: readonly SlotClaim[];
  /** Speculative ordering's evidence; null where there is none, and in three-phase agreement. */
  readonly certificate: CommitCertificate | null;
  readonly signature: Uint8Array;
}

/** The VIEW-CHANGEs from which everyone computes the same selection; by ascending sender. */
export interface NewView {
  readonly type: 'new-view';
  readonly view: number;
  readonly incarnation: number;
  readonly changes: readonly ViewChange[];
  readonly signature: Uint8Array;
}

/** Where a replica stands, so that peers can send what it lacks. */
export interface Status {
  readonly type: 'status';
  readonly view: number;
  /** The view it has asked for, or `view` if it has not. */
  readonly changingTo: number;
  readonly stable: number;
  readonly accepted: number;
  readonly prepared: number;
  readonly committed: number;
  /** It would rather have another primary than that of `view`. */
  readonly wishes: boolean;
}

export interface FetchBatch {
  readonly type: 'fetch-batch';
  readonly slot: number;
  readonly digest: Digest;
}

/** A batch and the requests it refers to, in its order; checked against the digest that was asked for. */
export interface BatchContent extends FullBatch {
  readonly type: 'batch';
  readonly slot: number;
}

export interface FetchManifest {
  readonly type: 'fetch-manifest';
  readonly slot: number;
}

/** The part digests of a checkpoint: of replication's own state, then of the service's, each after its root. */
export interface Manifest {
  readonly type: 'manifest';
  readonly slot: number;
  readonly roots: Roots;
  readonly parts: PartDigests;
}

export interface FetchPart {
  readonly type: 'fetch-part';
  readonly slot: number;
  /** Index into the manifest's core digests followed by its service digests. */
  readonly part: number;
}

export interface Part {
  readonly type: 'part';
  readonly slot: number;
  readonly part: number;
  readonly bytes: Uint8Array;
}

export type Message =
  | PrePrepare
  | Prepare
  | Acknowledge
  | Commit
  | Checkpoint
  | Stable
  | ViewChange
  | NewView
  | Status
  | FetchBatch
  | BatchContent
  | FetchManifest
  | Manifest
  | FetchPart
  | Part
  | ClientMessage
  | FeedMessage
  | AdmissionMessage;
