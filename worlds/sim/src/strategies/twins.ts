/**
 * Twins: two copies of the honest process under one identity, each in touch with its own part of the peers (Bano et
 * al., Twins: BFT systems made robust, 2020). Between them they equivocate, forget and vote twice in every way that a
 * protocol's own messages allow, without knowing the protocol.
 *
 * Deviation: only the first copy has the journal; after a restart the second begins with an empty one.
 */

import type { Env, NodeId, Process, Recovered, Strategy } from '@concordat/kernel';
import { createLiveEnv, twistEnv } from './twist.ts';

const OTHER = 'twin: ';

/** Speaks for one copy: only to its own peers, with timers and tickets that tell the copies apart. */
function envOfFirst<M>(env: Env<M>, isOthers: (peer: NodeId) => boolean): Env<M> {
  return twistEnv(env, {
    send: (to, message) => void (isOthers(to) || env.send(to, message)),
    sendEarly: (to, message) => void (isOthers(to) || env.sendEarly(to, message)),
    offload: (job, ticket) => env.offload(job, 2 * ticket),
  });
}

function envOfSecond<M>(env: Env<M>, isOthers: (peer: NodeId) => boolean): Env<M> {
  let end = 0;
  return twistEnv(env, {
    send: (to, message) => void (isOthers(to) && env.send(to, message)),
    sendEarly: (to, message) => void (isOthers(to) && env.sendEarly(to, message)),
    append: () => end++,
    release: () => {},
    setTimer: (name, after) => env.setTimer(OTHER + name, after),
    cancelTimer: (name) => env.cancelTimer(OTHER + name),
    offload: (job, ticket) => env.offload(job, 2 * ticket + 1),
  });
}

const EMPTY: Recovered = { records: [], first: 0, whole: true, losses: 0 };

/** The peers in `others` meet the second copy, all others the first. */
export const twins =
  <S, M>(others: ReadonlySet<NodeId>): Strategy<S, M> =>
  (honest) => {
    const isOthers = (peer: NodeId): boolean => others.has(peer);
    let live: { env: Env<M>; follow(env: Env<M>): void };
    let first: Env<M>;
    let second: Env<M>;
    let twin: S;
    const process: Process<S, M> = {
      start: (env, recovered) => {
        live = createLiveEnv(env);
        first = envOfFirst(live.env, isOthers);
        second = envOfSecond(live.env, isOthers);
        twin = honest.start(second, EMPTY);
        return honest.start(first, recovered);
      },
      receive: (state, env, from, message) => {
        live.follow(env);
        if (isOthers(from)) honest.receive(twin, second, from, message);
        else honest.receive(state, first, from, message);
      },
      linked: (state, env, peer, isUp) => {
        live.follow(env);
        if (isOthers(peer)) honest.linked?.(twin, second, peer, isUp);
        else honest.linked?.(state, first, peer, isUp);
      },
      timeout: (state, env, timer) => {
        live.follow(env);
        if (timer.startsWith(OTHER)) honest.timeout(twin, second, timer.slice(OTHER.length));
        else honest.timeout(state, first, timer);
      },
      completed: (state, env, ticket, holds) => {
        live.follow(env);
        if (ticket % 2 === 1) honest.completed?.(twin, second, (ticket - 1) / 2, holds);
        else honest.completed?.(state, first, ticket / 2, holds);
      },
      settle: (state, env) => {
        live.follow(env);
        honest.settle(twin, second);
        honest.settle(state, first);
      },
    };
    return process;
  };
