/**
 * Everything a process may do. There is no other way out: no clock, dice, disk or socket exists beside this.
 *
 * The turn: a host drains the inbox, calls `receive` for each message, then `settle` once, makes the turn's appends
 * durable, and only then lets the turn's sends leave, as one frame per peer. Turns pipeline: a later turn may run
 * while an earlier one's appends are being synced, but frames leave in turn order.
 */

import type { Note } from './note.ts';
import type { Prng } from './prng.ts';

/**
 * A participant. Members of a configuration are dense from 0; peers have any ids below `FIRST_CONNECTION`; ids from `FIRST_CONNECTION` on name connections
 * that a host accepted from outside (a ZooKeeper client, say) and are never reused within a host's life.
 */
export type NodeId = number;
export const FIRST_CONNECTION: NodeId = 2 ** 32;

/** Milliseconds: of a node's clock, or a span. Integer or fractional, always finite, below 2^53. */
export type Millis = number;

/** The index of a journal record, counted from 0 over the journal's whole life; survives truncation. */
export type Position = number;

/** One signature to be checked: `signer` made `signature` over `bytes`. */
export interface SignatureCheck {
  readonly signer: NodeId;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** The public key that must have made it; the one registered for `signer` if there is none. */
  readonly key?: Uint8Array;
}

/** Work that may leave the thread. A job holds when every one of its checks does. */
export interface Job {
  readonly kind: 'verify';
  readonly checks: readonly SignatureCheck[];
}

export interface Env<M> {
  readonly self: NodeId;
  /** This node's clock; constant during a turn, never steps backwards within a run. */
  readonly now: Millis;
  /** Dice for jitter and choice. Seeded in the simulator; a branch in the explorer. */
  readonly random: Prng;
  /** `sizeBytes` unpredictable bytes (drawn from the seed in the simulator). */
  secret(sizeBytes: number): Uint8Array;
  /**
   * Leaves at the end of the turn, once the turn's appends, and all earlier turns', are durable. To a peer it makes the
   * link, if there is none that this node believes in.
   */
  send(to: NodeId, message: M): void;
  /** Leaves at the end of the turn whatever the disk says, and may overtake. Say why it may at the call. */
  sendEarly(to: NodeId, message: M): void;
  /** Drops the link to a connection (ids from `FIRST_CONNECTION`) once what was sent to it has left. */
  close(to: NodeId): void;
  /**
   * Stops hearing a peer or a connection for a while, as cheaply as the host can: what arrives meanwhile, and what waits
   * to be received, is lost or comes late, in order in either case. The link stays up, and what is sent to it leaves. A
   * later call replaces an earlier one; 0 hears it again.
   */
  mute(from: NodeId, forMs: Millis): void;
  /** Adds a copy of `record` to the journal, durable before this turn's sends leave. */
  append(record: Uint8Array): Position;
  /** Declares that records before `position` are no longer needed. Takes effect once this turn is durable. */
  release(position: Position): void;
  /** (Re)arms the timer `name`; fires once, as `timeout`, never in the same turn. */
  setTimer(name: string, after: Millis): void;
  cancelTimer(name: string): void;
  /** Starts a job; its result arrives as `completed` in a later turn, with the same `ticket`. */
  offload(job: Job, ticket: number): void;
  note(note: Note): void;
}
