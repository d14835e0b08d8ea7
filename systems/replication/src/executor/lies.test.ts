/** Lying executors and order replicas: whatever they say, honest ones and clients go on; and who breaks a rule is caught. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  type ExecutorStrategy,
  lying,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import { firstObjection } from '../compliance/storm.ts';
import { type FaultModel, quorumsOf } from '../fault-model.ts';
import type { ReplicaState } from '../replica/state.ts';
import { executionAttackers, feedAttackers } from './adversaries.ts';
import type { ExecutorState } from './executor.ts';
import { exposedEnd } from './state.ts';

const SEED = 3;
const MODELS: readonly FaultModel[] = [
  { u: 1, r: 1 },
  { u: 2, r: 2 },
];

type LyingExecutor = keyof typeof executionAttackers;
type LyingFeed = keyof typeof feedAttackers;

const lyingExecutors = (name: LyingExecutor, { r, u }: FaultModel): Map<NodeId, ExecutorStrategy> =>
  new Map(
    Array.from({ length: r }, (_, i) => [
      31 + i,
      lying<ExecutorState>(executionAttackers[name], 31 + i, SEED, { u, r }),
    ]),
  );

const lyingFeeds = (name: LyingFeed, { r, u }: FaultModel) =>
  new Map(
    Array.from({ length: r }, (_, i) => [
      1 + i,
      lying<ReplicaState>(feedAttackers[name], 1 + i, SEED, { u, r }),
    ]),
  );

/** Load, an honest executor that is away so long that it needs a state, a view change; the objection, if there is one. */
function objection(options: Partial<ExecutorClusterOptions>): string | null {
  const cluster = createExecutorCluster({
    seed: SEED,
    faults: { u: 1, r: 1 },
    settings: { checkpointInterval: 4, window: 8 },
    ...options,
  });
  const { world } = cluster;
  const last = cluster.executors.at(-1) ?? 0;
  scheduleAdditions(cluster, createPrng(SEED), 60, 5000);
  world.schedule(800, () => world.crash(last));
  world.schedule(2800, () => world.restart(last));
  world.schedule(3200, () => world.crash(0));
  world.schedule(4000, () => world.restart(0));
  world.run(5000);
  world.runUntil(() => cluster.outstanding() === 0, 20_000);
  return firstObjection(cluster) ?? (cluster.outstanding() > 0 ? 'liveness' : lateness(cluster, last));
}

/** What the executor that was away lacks in the end. */
function lateness(cluster: ExecutorCluster, id: NodeId): string | null {
  const heightOf = (executor: NodeId): number => exposedEnd(cluster.executorOf(executor).learner);
  const height = heightOf(cluster.executors.at(-2) ?? 0);
  return cluster.world.runUntil(() => heightOf(id) >= height, 20_000) ? null : `executor ${id} stays behind`;
}

for (const faults of MODELS) {
  describe(`lies at (${faults.u}, ${faults.r})`, () => {
    for (const name of Object.keys(executionAttackers) as LyingExecutor[])
      it(`of executors: ${name}`, () =>
        assert.equal(objection({ faults, executionLiars: lyingExecutors(name, faults) }), null));
    for (const name of Object.keys(feedAttackers) as LyingFeed[])
      for (const speculates of [false, true])
        it(`of order replicas: ${name}, to those who ${speculates ? 'do' : 'do not'} execute ahead`, () =>
          assert.equal(
            objection({ faults, orderLiars: lyingFeeds(name, faults), learner: { speculates } }),
            null,
          ));
  });
}

describe('who breaks a rule is caught', () => {
  const faults = { u: 1, r: 1 };
  const vouching = 1;
  const quorums = quorumsOf(faults);

  it('a learner that believes one order replica', () => {
    const learner = { quorums: { ...quorums, vouching } };
    assert.equal(objection({ faults, learner }), null, 'as long as nobody lies');
    assert.match(
      objection({ faults, learner, orderLiars: lyingFeeds('false-feed', faults) }) ?? 'nothing',
      /liveness|agreement|convergence|stays behind|blame/,
    );
  });

  it('a client that believes one executor', () => {
    const clientQuorums = { vouching };
    const executionLiars = lyingExecutors('false-replies', faults);
    assert.match(objection({ faults, clientQuorums, executionLiars }) ?? 'nothing', /^results/);
  });

  it('an order replica that drops the log for one signature', () => {
    // One executor is far ahead, signs, and is gone for good.
    const outcome = (orderQuorums: { execution?: number }): string | null => {
      const cluster = createExecutorCluster({
        seed: SEED,
        faults: { u: 1, r: 0 },
        settings: { checkpointInterval: 4, window: 8 },
        orderQuorums,
      });
      const { world } = cluster;
      for (const id of [32, 33]) world.crash(id);
      scheduleAdditions(cluster, createPrng(SEED), 60, 8000);
      world.run(8000);
      world.crash(31);
      for (const id of [32, 33]) world.restart(id);
      scheduleAdditions(cluster, createPrng(SEED), 20, 1000);
      world.run(1000);
      world.runUntil(() => cluster.outstanding() === 0, 20_000);
      return firstObjection(cluster) ?? (cluster.outstanding() > 0 ? 'liveness' : null);
    };
    assert.equal(outcome({}), null);
    assert.equal(outcome({ execution: 1 }), 'liveness');
  });
});
