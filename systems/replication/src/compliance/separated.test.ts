/**
 * Every attack on order, where order replicas agree on references, with a filter node and an executor that lie at the same
 * time: each stage uses up its own budget. Also replicas that lie about admission, and a few seeds of the swarm;
 * `concordat sim replication --preset upright-separated` has more.
 */

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import { describeViolation, sweep } from '@concordat/sim';
import { executedOf } from '../execution/core-state.ts';
import { executionAttackers, feedAttackers } from '../executor/adversaries.ts';
import type { ExecutorState } from '../executor/executor.ts';
import { presets } from '../presets/index.ts';
import { attackers } from '../replica/adversaries.ts';
import type { ReplicaState } from '../replica/state.ts';
import { admissionLies, filterLies, nobody } from './admission-attacks.ts';
import { omissions } from './attacks.ts';
import type { ReplicaStrategy } from './cluster.ts';
import { createExecutorCluster, type ExecutorCluster, lying, scheduleAdditions } from './executor-cluster.ts';
import { firstObjection, objectionOf } from './storm.ts';
import { replicationSweep } from './sweep.ts';

const BFT = { u: 1, r: 1 };
const SETTINGS = { ...presets['upright-separated'].settings, checkpointInterval: 8, window: 16 };
const FILTER_LIES = Object.values(filterLies);
const EXECUTION_LIES = Object.values(executionAttackers);

const at = <T>(items: readonly T[], index: number): T => items[index % items.length] as T;

/** Load, and honest nodes of all stages that are away in turn; everything must have a result in the end. */
function storm(index: number, seed: number, liar: NodeId, strategy: ReplicaStrategy): ExecutorCluster {
  const cluster = createExecutorCluster({
    seed,
    faults: BFT,
    settings: SETTINGS,
    orderLiars: new Map([[liar, strategy]]),
    filterLiars: new Map([[index % 4, at(FILTER_LIES, index)()]]),
    executionLiars: new Map([[31, lying<ExecutorState>(at(EXECUTION_LIES, index), 31, seed, BFT)]]),
  });
  const { world } = cluster;
  // Liars are all that may be faulty: what honest nodes miss while they are down does not count as lost.
  const away: readonly (readonly [number, NodeId])[] = [
    [600, 33],
    [1200, cluster.filters[(index + 1) % 4] ?? 0],
    [1800, 3],
  ];
  scheduleAdditions(cluster, createPrng(seed, 'storm'), 40, 3000);
  for (const [from, id] of away) {
    world.schedule(from, () => world.crash(id));
    world.schedule(from + 500, () => world.restart(id));
  }
  const objection = objectionOf(cluster, () => {
    world.run(3000);
    if (world.runUntil(() => cluster.outstanding() === 0, 30_000)) return null;
    return firstObjection(cluster) ?? `liveness: ${cluster.outstanding()} outstanding`;
  });
  assert.equal(objection, null);
  return cluster;
}

describe('attacks on order by reference, beside a filter node and an executor that lie', () => {
  for (const [i, [name, attacker]] of Object.entries({ ...attackers, ...feedAttackers }).entries())
    it(`endures ${name}`, () => {
      // The first primary, and another.
      const liar = i % 2;
      storm(i, 40 + i, liar, lying<ReplicaState>(attacker, liar, 40 + i, BFT));
    });
  for (const [i, [name, make]] of Object.entries(omissions).entries())
    it(`endures ${name}`, () => {
      const liar = i % 2;
      storm(i, 80 + i, liar, make({ id: liar, seed: 80 + i, faults: BFT }));
    });
});

describe('lies about admission, where order replicas agree on references', () => {
  for (const [i, [name, make]] of Object.entries(admissionLies).entries())
    it(`endures replicas that ${name}`, () => {
      const cluster = storm(i, 90 + i, i % 2, make());
      for (const id of cluster.members)
        assert.equal(executedOf(cluster.orderOf(id).execution.core, nobody), 0, 'nothing is made up');
    });
});

test('random faults and lies at three stages do no harm', () => {
  const { violations } = sweep(
    replicationSweep('upright-separated'),
    { from: 0, to: 4 },
    { horizonMs: 4000 },
  );
  assert.deepEqual(violations.map(describeViolation), []);
});
