/**
 * The swarm for order and execution apart: each stage has its own budget of faults, as in UpRight, and both use it up at
 * the same time. Judged by the results that outside clients get, and by the states of honest nodes.
 */

import type { NodeId, Prng } from '@concordat/kernel';
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
import { executorIds } from '../config.ts';
import { executionAttackers, feedAttackers } from '../executor/adversaries.ts';
import { quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import type { Attacker } from '../replica/adversaries.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { ReplicaStrategy } from './cluster.ts';
import {
  createExecutorCluster,
  type ExecutorStrategy,
  lying,
  scheduleAdditions,
} from './executor-cluster.ts';
import type { SweepConfig } from './sweep.ts';

/** Faults of executors that need no knowledge of what they do. */
const GENERIC: Readonly<Record<string, (random: Prng) => ExecutorStrategy>> = {
  mute: (random) => mute(random.below(5000)),
  delay: (random) => delay(random.below(900)),
  replay: () => replay(),
  flood: () => flood(5, 20),
  corrupt: () => corrupt({ encode: encodeMessage, decode: decodeMessage }, 0.2),
  deaf: () => deaf(new Set([0, 1])),
  forgetful: () => forgetful(0.3),
};

const LIES: Readonly<Record<string, Attacker>> = executionAttackers;

export function buildExecutors(
  { seed, config, random, horizonMs }: SweepSetting<SweepConfig>,
  orderLiars: ReadonlyMap<NodeId, ReplicaStrategy>,
): SweepCase {
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
  const cluster = createExecutorCluster({
    seed,
    faults,
    network: config.network,
    surroundings: () => ({ disk: randomDisk(random), clock: randomClock(random) }),
    orderLiars: orderFaults,
    executionLiars,
    settings: {
      ...presets[config.preset].settings,
      checkpointInterval: config.checkpointInterval,
      window: 2 * config.checkpointInterval,
      pipeline: config.pipeline,
      timeToleranceMs: 1000 + 5 * (config.network.tailMs ?? 0),
    },
    learner: { speculates: random.chance(0.5), minJournalBytes: random.pick([1000, 100_000]) },
  });
  scheduleFaults(cluster.world, plan);
  scheduleAdditions(cluster, random, config.operations, horizonMs);
  return { world: cluster.world, outstanding: cluster.outstanding, judges: cluster.judges };
}
