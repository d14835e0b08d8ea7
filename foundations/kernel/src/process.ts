/**
 * One participant: a replica, client, peer, gateway or adversary. Behaviour over a plain state record, driven by
 * events, acting only through its `Env`. Handlers are synchronous, run to completion and change nothing but the
 * state they are given. The host owns the state: the explorer copies it, the inspector prints it, a crash throws it
 * away and calls `start` with the journal.
 *
 * `from` is authenticated by the host, messages are decoded and therefore well-formed, and links are first-in
 * first-out while they last. A link may break and lose what was under way: `linked` tells.
 */

import type { Env, NodeId, Position } from './env.ts';

/** What the journal held when the process was started. */
export interface Recovered {
  /** Records in the order in which they were appended, the first at `first`; a torn tail is cut off. */
  readonly records: readonly Uint8Array[];
  readonly first: Position;
  /**
   * True if the journal is provably whole: created by this node's initialisation and unbroken since. False for good
   * after a wipe, a restored image or a corruption: promises were lost, and the process must not act as if they were
   * not.
   */
  readonly whole: boolean;
  /** How often a loss was detected, 0 if whole: a process that recorded the number can tell a new one from an old. */
  readonly losses: number;
}

export interface Process<S, M> {
  start(env: Env<M>, recovered: Recovered): S;
  receive(state: S, env: Env<M>, from: NodeId, message: M): void;
  /** The link to `peer` came up or broke. For connections: accepted, or gone for good. */
  linked?(state: S, env: Env<M>, peer: NodeId, isUp: boolean): void;
  timeout(state: S, env: Env<M>, timer: string): void;
  /** The job started with `ticket` is done; `holds` tells if every check did. */
  completed?(state: S, env: Env<M>, ticket: number, holds: boolean): void;
  /** The inbox is drained; batches are cut here. Called once at the end of every turn, also of `start`'s. */
  settle(state: S, env: Env<M>): void;
  /** Throws through `assert` when the state is impossible. Simulators call it after every turn. */
  invariants?(state: S): void;
}

/** How a process's messages become bytes. Decoding is canonical and bounded, and `null` for anything else. */
export interface MessageCodec<M> {
  encode(message: M): Uint8Array;
  /** `bytes` may be a view of a larger buffer that is reused: copy what outlives the turn. */
  decode(bytes: Uint8Array): M | null;
}

/** An adversary: the honest process behind a twisted `Env`, or with some of its events twisted. */
export type Strategy<S, M> = (honest: Process<S, M>) => Process<S, M>;
