/** The swarm for one preset: random fault model, settings, network and disks, judged by the cluster's judges. */

import type { NodeId, Prng, Strategy } from '@concordat/kernel';
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
import { allFilters, filterId, filterOf } from '../admission/request-quorum/filters.ts';
import { type FaultModel, type Quorums, quorumsOf } from '../fault-model.ts';
import { type Preset, type PresetName, presets } from '../presets/index.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import {
  type ClusterOptions,
  createCluster,
  type FilterStrategy,
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

type MakeStrategy = <S>(random: Prng, members: number) => Strategy<S, Message>;

/** Adversaries that know nothing of the protocol. */
export const STRATEGIES: Readonly<Record<string, MakeStrategy>> = {
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
  faults: ({ faults, preset }) => ({
    budget: { u: faults.u, r: faults.r, hasOutages: true },
    members: participants(quorumsOf(faults), presets[preset]),
  }),
  strategies: Object.keys(STRATEGIES),
  build: (setting) => build(setting, variant),
});

/** Whom faults may strike: replicas, and the filter nodes before them unless stages are apart: then each has its own budget. */
function participants(quorums: Quorums, { settings }: Preset): NodeId[] {
  const replicas = Array.from({ length: quorums.members }, (_, id) => id);
  if (settings.admission !== 'request-quorum' || settings.executes === false) return replicas;
  return [...replicas, ...allFilters(quorums).map((filter) => filterId(filter))];
}

function build(
  setting: SweepSetting<SweepConfig>,
  variant?: (honest: ReplicaProcess) => ReplicaProcess,
): SweepCase {
  if (presets[setting.config.preset].settings.executes === false)
    return buildExecutors(setting, clusterOptions(setting).adversaries ?? new Map()).swept;
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
  const quorums = quorumsOf(config.faults);
  const { members } = quorums;
  const adversaries = new Map<NodeId, ReplicaStrategy>();
  const filterAdversaries = new Map<number, FilterStrategy>();
  for (const [id, name] of byzantine) {
    const make = STRATEGIES[name];
    if (make === undefined) continue;
    const filter = filterOf(quorums, id);
    if (filter === null) adversaries.set(id, make(random, members));
    else filterAdversaries.set(filter, make(random, members));
  }
  return {
    seed,
    faults: config.faults,
    network: config.network,
    surroundings: () => ({ disk: randomDisk(random), clock: randomClock(random) }),
    adversaries,
    filterAdversaries,
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
