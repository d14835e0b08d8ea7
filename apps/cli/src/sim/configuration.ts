/** What differs from seed to seed in the keeper's swarm, beside the faults: federation, settings, surroundings, load. */

import { KEEPER_DEFAULTS, type KeeperConfig } from '@concordat/keeper';
import type { Millis, Prng } from '@concordat/kernel';
import { type FaultModel, quorumsOf, type ReplicaOptions } from '@concordat/replication';
import { type NetworkOptions, randomNetwork } from '@concordat/sim';

export interface KeeperSetting {
  readonly faults: FaultModel;
  readonly members: number;
  readonly replica: Partial<Omit<ReplicaOptions, 'self' | 'cluster' | 'faults'>>;
  readonly keeper: KeeperConfig;
  readonly network: NetworkOptions;
  readonly load: LoadSetting;
}

export interface LoadSetting {
  readonly clients: number;
  /** Operations of each client before the finale. */
  readonly operations: number;
  readonly pipeline: number;
  readonly paceMs: Millis;
  readonly sessionMs: Millis;
  /** A restless client changes its endpoint this often; 0 for never. */
  readonly moveEveryMs: Millis;
  readonly paths: readonly string[];
}

/** Four organisations more often than others: it is what people run. */
const MODELS: readonly FaultModel[] = [
  { u: 1, r: 1 },
  { u: 1, r: 1 },
  { u: 1, r: 1 },
  { u: 1, r: 0 },
  { u: 2, r: 1 },
  { u: 2, r: 2 },
];

const NAMES = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel'];

/** Draws a setting; `faults` fixes the fault model. */
export function drawSetting(random: Prng, fixed: FaultModel | null): KeeperSetting {
  const drawn = random.pick(MODELS);
  const faults = fixed ?? drawn;
  const { members } = quorumsOf(faults);
  const checkpointInterval = random.pick([4, 8, 16, 32]);
  const heartbeatMs = random.pick([100, 200, 250]);
  return {
    faults,
    members,
    replica: {
      checkpointInterval,
      window: 2 * checkpointInterval,
      pipeline: random.pick([1, 2, 4, 8]),
      heartbeatMs,
      viewTimeoutMs: random.pick([600, 1000, 2000]),
      retransmitMs: random.pick([100, 200]),
      batchRequests: random.pick([1, 10, 500]),
    },
    keeper: {
      ...KEEPER_DEFAULTS,
      heartbeatMs: 2 * heartbeatMs,
      names: Array.from({ length: members }, (_, i) => NAMES[i] ?? `member-${i}`),
    },
    network: randomNetwork(random),
    load: drawLoad(random),
  };
}

function drawLoad(random: Prng): LoadSetting {
  const paths = Array.from({ length: random.pick([2, 5, 12]) }, (_, i) => `/node-${i}`);
  return {
    clients: 2 + random.below(3),
    operations: 20 + random.below(60),
    pipeline: random.pick([1, 2, 4]),
    paceMs: random.pick([30, 100, 200]),
    // Longer ones would make a client wait longer for a dead endpoint than a run may take to settle.
    sessionMs: random.pick([4000, 6000, 9000]),
    moveEveryMs: random.pick([0, 0, 700, 2500]),
    paths,
  };
}
