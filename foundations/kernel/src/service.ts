/**
 * What gets replicated: a deterministic state machine. Everything it may depend on arrives as an argument; there is
 * no other clock and no other dice. Services written on `@concordat/state` get all but `execute`, `query` and
 * `advance` for free.
 */

import type { Millis, NodeId } from './env.ts';
import type { Prng } from './prng.ts';

/** 32 bytes, collision-resistant against chosen content. */
export type Digest = Uint8Array;

/** Who submitted an operation, as authenticated by every replica. */
export interface Submitter {
  /** Index of the organisation that vouches for the operation. */
  readonly domain: number;
  /** Client of that domain; fresh for each incarnation of a client, growing over its domain's life. */
  readonly client: number;
}

export interface ExecuteContext extends Submitter {
  /** The client's own sequence number, from 1 without gaps. */
  readonly seq: number;
  /** Ordered time of the batch: the same at every replica, never decreasing. */
  readonly time: Millis;
  /** Seeded with the history: the same at every replica. For tie-breaking, never for secrets. */
  readonly random: Prng;
  /** Tells learners of something beyond the reply (a watch, say), in order, with the batch. */
  emit(event: Uint8Array): void;
}

/** A point in a state's past to which `rollback` returns and from which `snapshot` reads. Grows with each `mark`. */
export type Mark = number;

/**
 * A state at a mark, in parts that can be fetched and checked one by one. `digestOf` lists what the parts must hash
 * to; `digest` of the service commits to that list. Reading is lazy: parts are made when asked for, between turns, as
 * long as the mark is open.
 */
export interface Snapshot {
  readonly digest: Digest;
  readonly parts: number;
  digestOf(part: number): Digest;
  /** Canonical bytes of one part: good until the next call of any snapshot, so that nobody pays for a copy they do not need. */
  read(part: number): Uint8Array;
}

/**
 * Rebuilds a state from parts; a part that is not what was promised is refused and may be offered again. Parts that the
 * present state has already need not be offered: they are not missing. Operations executed meanwhile are lost at the end.
 */
export interface Restore {
  /** Offers the bytes of one part; false if they do not hash to the promised digest or are not canonical. */
  offer(part: number, bytes: Uint8Array): boolean;
  /** Parts not yet accepted, in ascending order, at most `limit` of them. */
  missing(limit: number): readonly number[];
  /** Replaces the whole state and drops all marks. Only when nothing is missing. */
  finish(): void;
}

/** Who runs the service, as the configuration in force has it. */
export interface Federation {
  /** Of the configuration; 0 is the one that it began with. */
  readonly epoch: number;
  /** By ascending id; `contact` is what those who made the configuration say of a member, opaque to replication. */
  readonly members: readonly { readonly id: NodeId; readonly contact: Uint8Array }[];
}

export interface Service {
  /** Version in force: of the state's format, and of what operations do. Ordered like the state, and part of its digest. */
  version(): number;
  /**
   * What this binary can run, ascending: its newest version and the former one, so that binaries are replaced one by one
   * and the state is switched once enough of them can follow.
   */
  readonly versions: readonly number[];
  /**
   * Migrates the state to a later one of `versions`. Depends on the state alone, so that every binary which can do it gets
   * the same state. Goes with marks like execution: a rollback takes it back, an earlier mark's snapshot stays what it was.
   */
  switchTo(version: number): void;
  /** Executes an operation and returns its reply. Malformed operations get an error reply: never a throw. */
  execute(op: Uint8Array, context: ExecuteContext): Uint8Array;
  /** Answers from the current state and changes nothing. */
  query(op: Uint8Array): Uint8Array;
  /** Opens every batch, also an empty one: the service's own timers live here. */
  advance(time: Millis, emit: (event: Uint8Array) => void): void;
  /** Follows `advance` in the first batch of every later configuration. */
  reconfigured?(federation: Federation, emit: (event: Uint8Array) => void): void;
  digest(): Digest;
  mark(): Mark;
  /** Returns to `mark` (which stays usable) and drops later marks. */
  rollback(mark: Mark): void;
  /** Forgets this and all earlier marks. */
  release(mark: Mark): void;
  /** The state at a mark that is not yet released; reading may go on while later operations execute. */
  snapshot(mark: Mark): Snapshot;
  /**
   * Begins to rebuild from a peer's snapshot of any of `versions`, which is in force at its end; null if the list of part
   * digests does not hash to `digest` under one of them.
   */
  restore(digest: Digest, partDigests: readonly Digest[]): Restore | null;
  /** Keys an operation touches, for execution in parallel (Eve's mixer). */
  conflictKeys?(op: Uint8Array): readonly { readonly key: string; readonly isWrite: boolean }[];
  /** The form of a reply in which correct replicas must agree (UpRight's hook). */
  canonicalReply?(reply: Uint8Array): Uint8Array;
}
