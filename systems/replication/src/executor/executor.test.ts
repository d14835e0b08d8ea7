/** Order without execution, execution without order: the counts of UpRight, and the ways back from each failure. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng } from '@concordat/kernel';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import type { FaultModel } from '../fault-model.ts';
import { exposedEnd } from './state.ts';

const MODELS: readonly FaultModel[] = [
  { u: 1, r: 0 },
  { u: 1, r: 1 },
  { u: 2, r: 0 },
  { u: 2, r: 1 },
  { u: 2, r: 2 },
];

const SETTINGS = { checkpointInterval: 8, window: 16 };

function create(options: Partial<ExecutorClusterOptions>): ExecutorCluster {
  return createExecutorCluster({ seed: 1, faults: { u: 1, r: 1 }, settings: SETTINGS, ...options });
}

/** Runs until everything has a result, and judges. */
function finish(cluster: ExecutorCluster, total: number): void {
  cluster.world.runUntil(() => cluster.outstanding() === 0 && cluster.completed() >= total, 30_000);
  for (const [name, judge] of Object.entries(cluster.judges)) assert.equal(judge(), null, name);
  assert.equal(cluster.completed(), total, 'every operation has its result');
}

describe('order and execution apart', () => {
  for (const faults of MODELS) {
    it(`(${faults.u}, ${faults.r}): 2u + r + 1 order, u + max(u, r) + 1 execute`, () => {
      const { u, r } = faults;
      const cluster = create({ faults });
      assert.equal(cluster.members.length, 2 * u + r + 1);
      assert.equal(cluster.executors.length, u + Math.max(u, r) + 1);
      scheduleAdditions(cluster, createPrng(1), 100, 3000);
      cluster.world.run(3000);
      finish(cluster, 100);
      for (const id of cluster.members) {
        const { execution, feed } = cluster.orderOf(id);
        assert.equal(execution.service.query(new Uint8Array(0)).length, 0, 'order has no service');
        assert.equal([...execution.core.replies.entries()].length, 0, 'nor any replies');
        assert.ok(feed.delivered.slot >= 8, 'executors have signed a state');
        assert.ok(
          [...feed.kept.keys()].every((slot) => slot > feed.delivered.slot),
          'what they have is dropped',
        );
      }
      for (const id of cluster.executors) assert.ok(exposedEnd(cluster.executorOf(id).learner) >= 8);
    });
  }
});
