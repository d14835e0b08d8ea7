/** Who a domain may turn into: adversaries that know nothing of the protocol, those that do, and demonstrated ones. */

import type { NodeId, Prng, Strategy } from '@concordat/kernel';
import { corrupt, deaf, delay, mute, selectiveSilence, strategyOf, twins } from '@concordat/sim';
import { ATTACKS, underAttack } from '../attack/attacks.ts';
import type { DomainMessage, DomainState } from '../domain/domain.ts';
import { swarmCodec } from './codec.ts';

export type DomainStrategy = Strategy<DomainState, DomainMessage>;

function someOf(random: Prng, members: number): Set<NodeId> {
  const chosen = new Set<NodeId>();
  for (let id = 0; id < members; id++) if (random.chance(0.5)) chosen.add(id);
  return chosen;
}

type Recruit = (random: Prng, members: number) => DomainStrategy;

const GENERIC: Readonly<Record<string, Recruit>> = {
  'mute-later': (random) => mute(1_000_000 + random.below(5000)),
  delay: (random) => delay(random.below(900)),
  corrupt: () => corrupt(swarmCodec, 0.2),
  'selective-silence': (random, members) => selectiveSilence(someOf(random, members)),
  deaf: (random, members) => deaf(someOf(random, members)),
  'forge-batches': (_random, members) => forgeBatches(members),
  twins: (random, members) => twins(someOf(random, members)),
};

/** Passes every proposal on at once with another batch under it: the leader's signature stays valid for the history. */
const forgeBatches = (members: number): DomainStrategy =>
  strategyOf((env) => ({
    env,
    receive: (_from, message) => {
      if (message.type !== 'pre-prepare') return true;
      const forged = { ...message, batch: { ...message.batch, time: message.batch.time + 1 } };
      for (let id = 0; id < members; id++) if (id !== env.self) env.sendEarly(id, forged);
      return true;
    },
  }));

/** Those of `concordat attack`. */
const demonstrated: Readonly<Record<string, Recruit>> = Object.fromEntries(
  Object.entries(ATTACKS).map(([name, attack]) => [name, () => underAttack(() => attack)]),
);

export const ADVERSARIES: Readonly<Record<string, Recruit>> = { ...GENERIC, ...demonstrated };
