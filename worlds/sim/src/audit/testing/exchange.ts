/**
 * Peers of a simulated world that trade sealed packets and then their keys, as the smallest protocol worth an audit. A
 * key earns its sender nothing any more: whoever withholds it saves its bytes. With memory nobody is served who owes
 * a key, and withholding costs all that is not served; without it the protocol is broken.
 */

import type { Env, NodeId, Process } from '@concordat/kernel';
import { createWorld } from '../../world.ts';
import type { Deviation, Experiment } from '../deviation.ts';

type Message = { readonly kind: 'packet' | 'answer' | 'key' };

const SIZES: Readonly<Record<Message['kind'], number>> = { packet: 100, answer: 100, key: 30 };

interface Trader {
  keys: number;
  /** Who owes this peer a key. */
  readonly debtors: Set<NodeId>;
}

/** How a trader decides: whether to give a key that is due. */
export interface Conduct {
  givesKey(env: Env<Message>): boolean;
}

const obedient: Conduct = { givesKey: () => true };

export const withholdKeys: Deviation<Conduct> = {
  name: 'withhold keys',
  parameters: [{ kind: 'range', name: 'chance', min: 0, max: 1 }],
  build: ({ chance }) => ({ givesKey: (env) => !env.random.chance(Number(chance)) }),
};

const PEERS = 8;
const ROUNDS = 30;
const ROUND_MS = 1000;

const trader = (hasMemory: boolean, conduct: Conduct): Process<Trader, Message> => ({
  start: (env) => {
    for (let round = 0; round < ROUNDS; round++)
      env.setTimer(`round ${round}`, ROUND_MS * (round + env.random.unit() / 2));
    return { keys: 0, debtors: new Set() };
  },
  receive: (state, env, from, { kind }) => {
    if (kind === 'key') {
      state.keys++;
      state.debtors.delete(from);
      return;
    }
    if (hasMemory && state.debtors.has(from)) return;
    state.debtors.add(from);
    if (kind === 'packet') env.send(from, { kind: 'answer' });
    if (conduct.givesKey(env)) env.send(from, { kind: 'key' });
  },
  timeout: (state, env) => {
    const drawn = env.random.below(PEERS - 1);
    const partner = drawn < env.self ? drawn : drawn + 1;
    if (!hasMemory || !state.debtors.has(partner)) env.send(partner, { kind: 'packet' });
  },
  settle: () => {},
});

/** Meters of each peer: keys received (each opens a packet) and bytes sent. */
export const exchange = (hasMemory: boolean): Experiment<Conduct> => ({
  meters: ['keys', 'bytes sent'],
  run: (seed, twists, deviators) => {
    const world = createWorld({ seed, keepNotes: false });
    for (let id = 0; id < PEERS; id++) {
      const conduct = deviators.includes(id) ? (twists[0] ?? obedient) : obedient;
      world.add({
        id,
        process: trader(hasMemory, conduct),
        link: 'peer',
        sizeOf: ({ kind }: Message) => SIZES[kind],
      });
    }
    world.run(ROUND_MS * (ROUNDS + 1));
    return world.ids.map((id) => [world.stateOf<Trader>(id).keys, world.trafficOf(id).sentBytes]);
  },
});
