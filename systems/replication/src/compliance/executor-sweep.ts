/**
 * The swarm for order and execution apart, and for filter nodes before them: each stage has its own budget of faults, as in
 * UpRight, and all use it up at the same time. Judged by the results that outside clients get, and by the states of honest nodes.
 */

import type { NodeId, Prng, Strategy } from '@concordat/kernel';
import {
  corrupt,
  deaf,
  delay,
  flood,
  forgetful,
  mute,
  randomClock,
  randomDisk,
  randomFaults,
  replay,
  type SweepCase,
  type SweepSetting,
  scheduleFaults,
} from '@concordat/sim';
import { allFilters, filterId, filterOf } from '../admission/request-quorum/filters.ts';
import { executorIds } from '../config.ts';
import { executionAttackers, feedAttackers } from '../executor/adversaries.ts';
import { type Quorums, quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import type { Attacker } from '../replica/adversaries.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { filterLies } from './admission-attacks.ts';
import type { FilterStrategy, ReplicaStrategy } from './cluster.ts';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  type ExecutorStrategy,
  lying,
  scheduleAdditions,
} from './executor-cluster.ts';
import type { SweepConfig } from './sweep.ts';

/** Faults that need no knowledge of what a node does. */
const GENERIC: Readonly<Record<string, <S>(random: Prng) => Strategy<S, Message>>> = {
  mute: (random) => mute(random.below(5000)),
  delay: (random) => delay(random.below(900)),
  replay: () => replay(),
  flood: () => flood(5, 20),
  corrupt: () => corrupt({ encode: encodeMessage, decode: decodeMessage }, 0.2),
  deaf: () => deaf(new Set([0, 1])),
  forgetful: () => forgetful(0.3),
};

export interface StruckExecutors {
  readonly cluster: ExecutorCluster;
  readonly executionLiars: ReadonlyMap<NodeId, ExecutorStrategy>;
  readonly swept: SweepCase;
}

const LIES: Readonly<Record<string, Attacker>> = executionAttackers;

/** Makes a cluster that is struck, and asked for additions, and its case. */
export function buildExecutors(
  { seed, config, random, horizonMs }: SweepSetting<SweepConfig>,
  orderLiars: ReadonlyMap<NodeId, ReplicaStrategy>,
  more: Pick<ExecutorClusterOptions, 'joiners' | 'binaryOf'> = {},
): StruckExecutors {
  const { faults } = config;
  const quorums = quorumsOf(faults);
  const plan = randomFaults(random.fork('execution faults'), {
    budget: { u: faults.u, r: faults.r, hasOutages: true },
    members: executorIds(quorums),
    horizonMs,
    strategies: [...Object.keys(GENERIC), ...Object.keys(LIES)],
  });
  const executionLiars = new Map<NodeId, ExecutorStrategy>();
  for (const [id, name] of plan.byzantine) {
    const lie = LIES[name];
    const make = GENERIC[name];
    if (lie !== undefined) executionLiars.set(id, lying(lie, id, seed, faults));
    else if (make !== undefined) executionLiars.set(id, make(random));
  }
  // Some lying order replicas turn on those who learn from them instead.
  const orderFaults = new Map<NodeId, ReplicaStrategy>();
  for (const [id, strategy] of orderLiars)
    orderFaults.set(
      id,
      random.chance(0.5) ? lying(random.pick(Object.values(feedAttackers)), id, seed, faults) : strategy,
    );
  const filters = presets[config.preset].settings.admission === 'request-quorum' ? allFilters(quorums) : [];
  const filterPlan = randomFaults(random.fork('filter faults'), {
    budget: { u: faults.u, r: faults.r, hasOutages: true },
    members: filters.map(filterId),
    horizonMs,
    strategies: [...Object.keys(GENERIC), ...Object.keys(filterLies)],
  });
  const cluster = createExecutorCluster({
    seed,
    faults,
    network: config.network,
    surroundings: () => ({ disk: randomDisk(random), clock: randomClock(random) }),
    orderLiars: orderFaults,
    executionLiars,
    filterLiars: filterFaults(random, quorums, filterPlan.byzantine),
    settings: {
      ...presets[config.preset].settings,
      checkpointInterval: config.checkpointInterval,
      window: 2 * config.checkpointInterval,
      pipeline: config.pipeline,
      timeToleranceMs: 1000 + 5 * (config.network.tailMs ?? 0),
    },
    ...more,
    learner: { speculates: random.chance(0.5), minJournalBytes: random.pick([1000, 100_000]) },
  });
  scheduleFaults(cluster.world, plan);
  if (filters.length > 0) scheduleFaults(cluster.world, filterPlan);
  scheduleAdditions(cluster, random, config.operations, horizonMs);
  const stopped = new Set([...plan.stopped, ...(filters.length > 0 ? filterPlan.stopped : [])]);
  const { world, outstanding, judges } = cluster;
  return { cluster, executionLiars, swept: { world, outstanding, judges, stopped } };
}

function filterFaults(
  random: Prng,
  quorums: Quorums,
  byzantine: ReadonlyMap<NodeId, string>,
): Map<number, FilterStrategy> {
  const liars = new Map<number, FilterStrategy>();
  for (const [id, name] of byzantine) {
    const filter = filterOf(quorums, id);
    const make = GENERIC[name];
    const lie = filterLies[name];
    if (filter === null) continue;
    if (lie !== undefined) liars.set(filter, lie());
    else if (make !== undefined) liars.set(filter, make(random));
  }
  return liars;
}
