/** Rolling upgrades where executors execute: their binaries are replaced one by one, then the federation switches, under load. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import { reconfigure } from '../compliance/governed.ts';
import { firstObjection } from '../compliance/storm.ts';
import { type Binaries, createBinaries, upgrade, versionProblem } from '../compliance/upgrades.ts';
import { configurationOf } from '../governance/epochs.ts';

const SWITCH = { settings: { version: 2 } };
const EXECUTORS: readonly NodeId[] = [31, 32, 33];

interface Federation extends ExecutorCluster {
  readonly binaries: Binaries;
}

function federation(upgraded: readonly NodeId[], options: Partial<ExecutorClusterOptions> = {}): Federation {
  const binaries = createBinaries(upgraded);
  const cluster = createExecutorCluster({
    seed: 2,
    faults: { u: 1, r: 1 },
    settings: { checkpointInterval: 8, window: 16 },
    joiners: [4],
    binaryOf: binaries.of,
    ...options,
  });
  return { ...cluster, binaries };
}

function load(cluster: ExecutorCluster, forMs: number): void {
  scheduleAdditions(cluster, createPrng(forMs), 40, forMs);
  cluster.world.run(forMs);
}

const versionAt = (cluster: ExecutorCluster, id: NodeId): number =>
  cluster.executorOf(id).learner.execution.service.version();

/** Everything is answered, and these executors run this version. */
function goesOn(cluster: ExecutorCluster, version: number, executors = EXECUTORS): void {
  const { world, executorOf } = cluster;
  load(cluster, 500);
  const isDone = (): boolean =>
    cluster.outstanding() === 0 &&
    executors.every((id) => world.isUp(id) && versionAt(cluster, id) === version);
  assert.ok(world.runUntil(isDone, 30_000), `${cluster.outstanding()} operations are outstanding`);
  assert.equal(firstObjection(cluster), null);
  const executing = { world, stateOf: (id: NodeId) => executorOf(id).learner };
  assert.equal(versionProblem(executing, cluster.executors), null);
}

const notesOf = (cluster: ExecutorCluster, kind: string, key: string): unknown[] =>
  cluster.world.notes.filter(({ note }) => note.kind === kind).map(({ note }) => note[key]);

function switchOver(cluster: ExecutorCluster): void {
  reconfigure(cluster, 1, SWITCH);
  const isBegun = (): boolean => configurationOf(cluster.orderOf(1)).version === 2;
  assert.ok(cluster.world.runUntil(isBegun, 10_000), 'the version is switched');
}

describe('another version of the service at executors', () => {
  it('binaries are announced once, and none is needed where all run the first version', () => {
    const cluster = federation([]);
    load(cluster, 2000);
    assert.deepEqual(notesOf(cluster, 'announced', 'versions'), []);
    for (const id of EXECUTORS) {
      upgrade(cluster, cluster.binaries, id);
      load(cluster, 1500);
    }
    goesOn(cluster, 1);
    assert.deepEqual(notesOf(cluster, 'announced', 'versions'), ['1 2', '1 2', '1 2']);
    const { announced } = cluster.orderOf(1).execution.core.governance;
    assert.deepEqual([...announced.entries()].map(([id]) => id).sort(), EXECUTORS);
  });

  for (const speculates of [false, true])
    it(`the federation switches under load${speculates ? ', executing ahead' : ''}, with one that cannot follow before its binary is newer`, () => {
      const cluster = federation([31, 32], { learner: { speculates } });
      load(cluster, 2000);
      scheduleAdditions(cluster, createPrng(1), 40, 2000);
      switchOver(cluster);
      goesOn(cluster, 2, [31, 32]);
      assert.equal(cluster.world.isUp(33), false, 'it has stopped');
      cluster.binaries.upgrade(33);
      cluster.world.restart(33);
      cluster.world.run(1);
      goesOn(cluster, 2);
      for (const id of EXECUTORS) {
        cluster.world.crash(id);
        if (id === 32) cluster.world.wipe(id);
        cluster.world.restart(id);
        load(cluster, 1000);
      }
      goesOn(cluster, 2);
    });

  it('too few that have announced it are named, and announcements of the former binary are taken back', () => {
    const cluster = federation([31, 32]);
    load(cluster, 2000);
    cluster.binaries.downgrade(32);
    cluster.world.crash(32);
    cluster.world.restart(32);
    load(cluster, 2000);
    reconfigure(cluster, 1, SWITCH);
    load(cluster, 2000);
    assert.deepEqual(notesOf(cluster, 'verdict', 'reason'), [
      'version 2 needs 2 executors that have announced it, here are 1: missing executors 32, 33',
    ]);
    goesOn(cluster, 1);
  });
});
