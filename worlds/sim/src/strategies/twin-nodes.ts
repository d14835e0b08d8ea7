/**
 * Twins as two nodes: two copies of the honest process that share an identity and its keys, each with links, a disk and a
 * clock of its own (Bano et al., Twins: BFT systems made robust, OPODIS 2021). Partitions then decide which peers meet which
 * copy, and may change while the world runs. What peers send to the identity goes to both copies, and what either says
 * comes from it; the copies do not meet each other, as nobody writes to himself.
 */

import type { Env, NodeId, Process, Strategy } from '@concordat/kernel';
import { createLiveEnv, twistEnv } from './twist.ts';

export interface TwinNames {
  /** What peers call both: the first copy's node. */
  readonly identity: NodeId;
  /** The second copy's node. */
  readonly second: NodeId;
}

/** The `Env` of a peer to whom the twins are one. */
export const envAmongTwins = <M>(env: Env<M>, { identity, second }: TwinNames): Env<M> =>
  twistEnv(env, {
    send: (to, message) => {
      env.send(to, message);
      if (to === identity) env.send(second, message);
    },
    sendEarly: (to, message) => {
      env.sendEarly(to, message);
      if (to === identity) env.sendEarly(second, message);
    },
  });

/** A process that runs behind another `Env`, with some of its events under other names. */
function behind<S, M>(
  honest: Process<S, M>,
  envOf: (env: Env<M>) => Env<M>,
  events: Pick<Process<S, M>, 'receive' | 'linked'>,
): Process<S, M> {
  let live: { env: Env<M>; follow(env: Env<M>): void };
  let seen: Env<M>;
  const at = (env: Env<M>): Env<M> => {
    live.follow(env);
    return seen;
  };
  return {
    start: (env, recovered) => {
      live = createLiveEnv(env);
      seen = envOf(live.env);
      return honest.start(seen, recovered);
    },
    receive: (state, env, from, message) => events.receive(state, at(env), from, message),
    linked: (state, env, peer, isUp) => events.linked?.(state, at(env), peer, isUp),
    timeout: (state, env, timer) => honest.timeout(state, at(env), timer),
    completed: (state, env, ticket, holds) => honest.completed?.(state, at(env), ticket, holds),
    settle: (state, env) => honest.settle(state, at(env)),
  };
}

/** A peer of twins: it does not know that there are two. */
export const amongTwins =
  <S, M>(names: TwinNames): Strategy<S, M> =>
  (honest) => {
    const { identity, second } = names;
    const up = new Set<NodeId>();
    const process = behind<S, M>(honest, (env) => envAmongTwins(env, names), {
      receive: (state, env, from, message) =>
        honest.receive(state, env, from === second ? identity : from, message),
      linked: (state, env, peer, isUp) => {
        if (peer !== identity && peer !== second) return honest.linked?.(state, env, peer, isUp);
        if (isUp) up.add(peer);
        else up.delete(peer);
        // Whichever copy comes is news: it may have missed anything. The identity is away when both are.
        if (isUp || up.size === 0) honest.linked?.(state, env, identity, isUp);
      },
    });
    return {
      ...process,
      start: (env, recovered) => {
        up.clear();
        return process.start(env, recovered);
      },
      invariants: (state) => honest.invariants?.(state),
    };
  };

/** One of the twins; the other's node is `other`. It has no `invariants`, like all adversaries. */
export const twinOf =
  <S, M>(identity: NodeId, other: NodeId): Strategy<S, M> =>
  (honest) =>
    behind<S, M>(honest, (env) => Object.assign(twistEnv(env, {}), { self: identity }), {
      receive: (state, env, from, message) => {
        if (from !== other && from !== identity) honest.receive(state, env, from, message);
      },
      linked: (state, env, peer, isUp) => {
        if (peer !== other && peer !== identity) honest.linked?.(state, env, peer, isUp);
      },
    });
