/**
 * Thousands of peers that do nothing but talk: each second each of them begins an exchange of six frames, of two messages
 * each, with a peer drawn at random. Messages are shared objects without a codec and nothing is computed, so what a run
 * costs is what the simulator costs: queue, links, frames and turns.
 */

import type { Env, Millis, NodeId, Process } from '@concordat/kernel';
import { createWorld, type World } from '@concordat/sim';

/** One message of an exchange: its frame, counted from 1, and whether the frame's last. */
interface Talk {
  readonly step: number;
  readonly isLast: boolean;
}

const STEPS = 6;
export const MESSAGES_PER_EXCHANGE = 2 * STEPS;
const ROUND_MS: Millis = 1000;
const MESSAGE_BYTES = 500;

interface Peer {
  begun: number;
  finished: number;
  received: number;
}

const firsts: readonly Talk[] = Array.from({ length: STEPS + 1 }, (_, step) => ({ step, isLast: false }));
const lasts: readonly Talk[] = Array.from({ length: STEPS + 1 }, (_, step) => ({ step, isLast: true }));

function say(env: Env<Talk>, to: NodeId, step: number): void {
  env.send(to, firsts[step] as Talk);
  env.send(to, lasts[step] as Talk);
}

/** One of `peers`, which begins exchanges until `untilMs` on its clock. */
const talker = (peers: number, untilMs: Millis): Process<Peer, Talk> => ({
  start: (env) => {
    env.setTimer('round', env.random.unit() * ROUND_MS);
    return { begun: 0, finished: 0, received: 0 };
  },
  receive: (state, env, from, { step, isLast }) => {
    state.received++;
    if (!isLast) return;
    if (step === STEPS) state.finished++;
    else say(env, from, step + 1);
  },
  timeout: (state, env) => {
    if (env.now >= untilMs) return;
    env.setTimer('round', ROUND_MS);
    const partner = env.random.below(peers - 1);
    state.begun++;
    say(env, partner < env.self ? partner : partner + 1, 1);
  },
  settle: () => {},
});

export interface Population {
  readonly world: World;
  /** Exchanges, of all peers together. */
  count(): { readonly begun: number; readonly finished: number; readonly received: number };
}

/** A world of `peers` that begin exchanges for `seconds` of its time; nothing has run yet. */
export function createPopulation(seed: number, peers: number, seconds: number): Population {
  const world = createWorld({
    seed,
    keepNotes: false,
    network: { latencyMs: 10, jitterMs: 10 },
  });
  const process = talker(peers, seconds * ROUND_MS);
  for (let id = 0; id < peers; id++) world.add({ id, process, link: 'peer', sizeOf: () => MESSAGE_BYTES });
  const count = () => {
    const sum = { begun: 0, finished: 0, received: 0 };
    for (const id of world.ids) {
      const { begun, finished, received } = world.stateOf<Peer>(id);
      sum.begun += begun;
      sum.finished += finished;
      sum.received += received;
    }
    return sum;
  };
  return { world, count };
}
