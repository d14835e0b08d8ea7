/**
 * One participant: a replica, client, peer, gateway or adversary. Behaviour over a plain state record, driven by
 * events, acting only through its `Env`. Handlers are synchronous, run to completion and change nothing but the
 * state they are given. The host owns the state: the explorer copies it, the inspector prints it, a crash throws it
 * away and calls `start` with the journal.
 *
 * `from` is authenticated by the host, messages are decoded and therefore well-formed, and links are first-in
 * first-out while they last. A link may break and lose what was under way: `linked` tells.
 *
 * Where there are too many to link all with all, nodes are peers: the first message of either joins two of them, and a
 * link that nobody uses is forgotten without notice. They are told of breaks alone, once each: that a peer cannot be
 * reached, or that what was sent to it, or under way from it, may be lost. Whoever was told joins the two again by its
 * next message. The host knows where to call a peer.
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

/** How far work has come that takes long. In units of its own; `done` never falls, and ends as `total`. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Work in steps: after each it says how far it is, and its last result is what it was for. */
export type Steps<T> = Generator<Progress, T, void>;

/**
 * How a process begins. `inSteps` leads to the same, for a host that has others to answer while a long journal is read. It is
 * one turn all the same: nothing else is called before it has returned. It belongs to the function, so that whoever puts
 * another one in its place has none, and is not passed by.
 */
export interface Start<S, M> {
  (env: Env<M>, recovered: Recovered): S;
  readonly inSteps?: (env: Env<M>, recovered: Recovered) => Steps<S>;
}

export interface Process<S, M> {
  readonly start: Start<S, M>;
  receive(state: S, env: Env<M>, from: NodeId, message: M): void;
  /** The link to `peer` came up or broke. For connections: accepted, or gone for good. Between peers: broke, or failed. */
  linked?(state: S, env: Env<M>, peer: NodeId, isUp: boolean): void;
  timeout(state: S, env: Env<M>, timer: string): void;
  /** The job started with `ticket` is done; `holds` tells if every check did. */
  completed?(state: S, env: Env<M>, ticket: number, holds: boolean): void;
  /** The inbox is drained; batches are cut here. Called once at the end of every turn, also of `start`'s. */
  settle(state: S, env: Env<M>): void;
  /** Throws through `assert` when the state is impossible. Simulators call it after every turn. */
  invariants?(state: S): void;
}

export const startInSteps = <S, M>(steps: (env: Env<M>, recovered: Recovered) => Steps<S>): Start<S, M> =>
  Object.assign((env: Env<M>, recovered: Recovered) => finished(steps(env, recovered)), { inSteps: steps });

/** What starts a process, if need be in a single step. */
export const stepsOf = <S, M>({ start }: Process<S, M>, env: Env<M>, recovered: Recovered): Steps<S> =>
  start.inSteps?.(env, recovered) ?? atOnce(() => start(env, recovered));

function* atOnce<T>(work: () => T): Steps<T> {
  const result = work();
  yield { done: 1, total: 1 };
  return result;
}

/** What steps lead to, without a pause. */
function finished<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** How a process's messages become bytes. Decoding is canonical and bounded, and `null` for anything else. */
export interface MessageCodec<M> {
  encode(message: M): Uint8Array;
  /** `bytes` may be a view of a larger buffer that is reused: copy what outlives the turn. */
  decode(bytes: Uint8Array): M | null;
}

/** An adversary: the honest process behind a twisted `Env`, or with some of its events twisted. */
export type Strategy<S, M> = (honest: Process<S, M>) => Process<S, M>;
