/**
 * How an adversary is made: the honest process behind a twisted `Env`, with some of its events twisted. Adversaries
 * wrap, never fork, so they keep up with the protocol they attack. A wrapped process keeps its own dice and memory
 * beside the honest state, so one wrapped process serves one node.
 */

import { type Env, type NodeId, type Process, type Strategy, startInSteps, stepsOf } from '@concordat/kernel';

/** An `Env` that stays the same object while the host's may differ from event to event, and how to follow it. */
export function createLiveEnv<M>(first: Env<M>): { readonly env: Env<M>; follow(env: Env<M>): void } {
  let current = first;
  const env: Env<M> = {
    self: first.self,
    get now() {
      return current.now;
    },
    get random() {
      return current.random;
    },
    secret: (sizeBytes) => current.secret(sizeBytes),
    send: (to, message) => current.send(to, message),
    sendEarly: (to, message) => current.sendEarly(to, message),
    close: (to) => current.close(to),
    mute: (from, forMs) => current.mute(from, forMs),
    append: (record) => current.append(record),
    release: (position) => current.release(position),
    setTimer: (name, after) => current.setTimer(name, after),
    cancelTimer: (name) => current.cancelTimer(name),
    offload: (job, ticket) => current.offload(job, ticket),
    note: (note) => current.note(note),
  };
  const follow = (next: Env<M>): void => {
    current = next;
  };
  return { env, follow };
}

/** An `Env` that forwards everything but what `twist` replaces. */
export const twistEnv = <M>(env: Env<M>, twist: Partial<Omit<Env<M>, 'self' | 'now' | 'random'>>): Env<M> =>
  // `now` and `random` are getters and must stay so: only the replaced functions are copied.
  Object.assign(createLiveEnv(env).env, twist);

/** What an adversary does in one life of its node. */
export interface Twist<M> {
  /** What the honest process sees. */
  readonly env: Env<M>;
  /** Called for a timer; true if it was the adversary's own. */
  timeout?(timer: string): boolean;
  /** Called for a message before the honest process; false hides it. */
  receive?(from: NodeId, message: M): boolean;
  /** Called at the end of each turn, after the honest `settle`. */
  settle?(): void;
}

/**
 * The strategy that makes a new `Twist` whenever its node starts. It has no `invariants`: what a liar believes need
 * not be possible.
 */
export const strategyOf =
  <S, M>(begin: (env: Env<M>) => Twist<M>): Strategy<S, M> =>
  (honest) => {
    let live: { env: Env<M>; follow(env: Env<M>): void };
    let twist: Twist<M>;
    const at = (env: Env<M>): Twist<M> => {
      live.follow(env);
      return twist;
    };
    const process: Process<S, M> = {
      start: startInSteps((env, recovered) => {
        live = createLiveEnv(env);
        twist = begin(live.env);
        return stepsOf(honest, twist.env, recovered);
      }),
      receive: (state, env, from, message) => {
        if (at(env).receive?.(from, message) !== false) honest.receive(state, twist.env, from, message);
      },
      linked: (state, env, peer, isUp) => honest.linked?.(state, at(env).env, peer, isUp),
      timeout: (state, env, timer) => {
        if (at(env).timeout?.(timer) !== true) honest.timeout(state, twist.env, timer);
      },
      completed: (state, env, ticket, holds) => honest.completed?.(state, at(env).env, ticket, holds),
      settle: (state, env) => {
        honest.settle(state, at(env).env);
        twist.settle?.();
      },
    };
    return process;
  };

/** The simplest twist: every message an honest process sends passes through `emit`. */
export const onSend = <S, M>(
  emit: (env: Env<M>, to: NodeId, message: M, post: (to: NodeId, message: M) => void) => void,
): Strategy<S, M> =>
  strategyOf((env) => ({
    env: twistEnv(env, {
      send: (to, message) => emit(env, to, message, (peer, what) => env.send(peer, what)),
      sendEarly: (to, message) => emit(env, to, message, (peer, what) => env.sendEarly(peer, what)),
    }),
  }));
