/** The swarm for one preset: random fault model, settings, network and disks, judged by the cluster's judges. */

import type { NodeId, Prng } from '@concordat/kernel';
import {
  corrupt,
  deaf,
  delay,
  flood,
  forgetful,
  mute,
  type NetworkOptions,
  randomClock,
  randomDisk,
  randomNetwork,
  replay,
  type SweepCase,
  type SweepSetting,
  type SweepSystem,
  selectiveSilence,
} from '@concordat/sim';
import { type FaultModel, quorumsOf } from '../fault-model.ts';
import { type PresetName, presets } from '../presets/index.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import {
  type ClusterOptions,
  createCluster,
  type ReplicaProcess,
  type ReplicaStrategy,
  scheduleLoad,
} from './cluster.ts';
import { buildExecutors } from './executor-sweep.ts';

export interface SweepConfig {
  readonly preset: PresetName;
  readonly faults: FaultModel;
  readonly checkpointInterval: number;
  readonly pipeline: number;
  readonly operations: number;
  readonly network: NetworkOptions;
}

const MODELS: readonly FaultModel[] = [
  { u: 1, r: 1 },
  { u: 1, r: 1 },
  { u: 1, r: 0 },
  { u: 2, r: 1 },
  { u: 2, r: 2 },
];

const codec = { encode: encodeMessage, decode: decodeMessage };

/** Adversaries that know nothing of the protocol. */
export const STRATEGIES: Readonly<Record<string, (random: Prng, members: number) => ReplicaStrategy>> = {
  mute: (random) => mute(random.below(5000)),
  delay: (random) => delay(random.below(900)),
  replay: () => replay(),
  flood: () => flood(5, 20),
  corrupt: () => corrupt(codec, 0.2),
  'selective-silence': (random, members) => selectiveSilence(some(random, members)),
  deaf: (random, members) => deaf(some(random, members)),
  forgetful: () => forgetful(0.3),
};

function some(random: Prng, members: number): Set<NodeId> {
  const chosen = new Set<NodeId>();
  for (let id = 0; id < members; id++) if (random.chance(0.5)) chosen.add(id);
  return chosen;
}

/** The sweep of the honest protocol, or of a variant that it must reject. */
export const replicationSweep = (
  preset: PresetName = 'concordat',
  variant?: (honest: ReplicaProcess) => ReplicaProcess,
): SweepSystem<SweepConfig> => ({
  name: 'replication',
  configure: (random) => ({
    preset,
    faults: presets[preset].faults(random.pick(MODELS)),
    checkpointInterval: random.pick([4, 8, 16, 128]),
    pipeline: random.pick([1, 2, 4, 8]),
    operations: 50 + random.below(250),
    network: randomNetwork(random),
  }),
  faults: ({ faults }) => ({
    budget: { u: faults.u, r: faults.r, hasOutages: true },
    members: Array.from({ length: quorumsOf(faults).members }, (_, id) => id),
  }),
  strategies: Object.keys(STRATEGIES),
  build: (setting) => build(setting, variant),
});

function build(
  setting: SweepSetting<SweepConfig>,
  variant?: (honest: ReplicaProcess) => ReplicaProcess,
): SweepCase {
  if (presets[setting.config.preset].settings.executes === false)
    return buildExecutors(setting, clusterOptions(setting).adversaries ?? new Map());
  const cluster = createCluster({ ...clusterOptions(setting), ...(variant && { variant }) });
  scheduleLoad(cluster, setting.random, setting.config.operations, setting.horizonMs);
  return { world: cluster.world, outstanding: cluster.outstanding, judges: cluster.judges };
}

/** The federation that a setting describes. */
export function clusterOptions({
  seed,
  config,
  random,
  byzantine,
}: SweepSetting<SweepConfig>): ClusterOptions {
  const { members } = quorumsOf(config.faults);
  const adversaries = new Map<NodeId, ReplicaStrategy>();
  for (const [id, name] of byzantine) {
    const make = STRATEGIES[name];
    if (make !== undefined) adversaries.set(id, make(random, members));
  }
  return {
    seed,
    faults: config.faults,
    network: config.network,
    surroundings: () => ({ disk: randomDisk(random), clock: randomClock(random) }),
    adversaries,
    settings: {
      ...presets[config.preset].settings,
      checkpointInterval: config.checkpointInterval,
      window: 2 * config.checkpointInterval,
      pipeline: config.pipeline,
      // Proposals are judged by their time on arrival: the tolerance must exceed the network's worst delay.
      timeToleranceMs: 1000 + 5 * (config.network.tailMs ?? 0),
    },
  };
}
