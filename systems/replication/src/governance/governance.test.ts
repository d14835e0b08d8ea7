/** A running federation is changed: members join, leave, are replaced and take new keys, under load and with faults. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import { type Cluster, type ClusterOptions, createCluster, scheduleLoad } from '../compliance/cluster.ts';
import { type Change, reconfigure } from '../compliance/governed.ts';

const BFT = { u: 1, r: 1 };
const SETTINGS = { checkpointInterval: 8, window: 16 };

function governed(options: Partial<ClusterOptions> = {}): Cluster {
  return createCluster({ seed: 1, faults: BFT, settings: SETTINGS, joiners: [4, 5, 6], ...options });
}

function judged(cluster: Cluster): void {
  for (const [name, judge] of Object.entries(cluster.judges)) assert.equal(judge(), null, name);
}

function finishes(cluster: Cluster): void {
  const isDone = cluster.world.runUntil(() => cluster.outstanding() === 0, 30_000);
  assert.ok(isDone, `${cluster.outstanding()} operations are outstanding`);
  judged(cluster);
}

const epochOf = (cluster: Cluster, id: NodeId): number => cluster.stateOf(id).config.epoch;

function reaches(cluster: Cluster, epoch: number, ids: readonly NodeId[]): void {
  const isThere = cluster.world.runUntil(() => ids.every((id) => epochOf(cluster, id) >= epoch), 30_000);
  assert.ok(isThere, `epochs ${ids.map((id) => epochOf(cluster, id))}`);
}

function changes(change: Change, after: readonly NodeId[], options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = governed(options);
  scheduleLoad(cluster, createPrng(2), 300, 4000);
  cluster.world.schedule(1000, () => reconfigure(cluster, 0, change));
  cluster.world.run(4000);
  reaches(cluster, 1, after);
  for (const id of after) cluster.add(id, `in the new epoch ${id}`, 1);
  cluster.world.run(100);
  finishes(cluster);
  for (const id of after) assert.ok(cluster.stateOf(id).isSeated, `member ${id} votes`);
  return cluster;
}

describe('a running federation', () => {
  it('replaces a member', () => {
    const cluster = changes({ join: [4], leave: [3] }, [0, 1, 2, 4]);
    assert.equal(cluster.stateOf(3).isSeated, false);
    assert.deepEqual(cluster.stateOf(4).config.members, [0, 1, 2, 4]);
  });

  it('grows and bears more faults', () => {
    changes({ join: [4, 5], faults: { u: 2, r: 1 } }, [0, 1, 2, 3, 4, 5]);
  });

  it('shrinks and bears fewer', () => {
    changes({ leave: [1], faults: { u: 1, r: 0 } }, [0, 2, 3]);
  });

  it('takes new keys', () => {
    const cluster = changes({ rekey: [0, 1, 2, 3] }, [0, 1, 2, 3]);
    assert.equal(
      cluster.world.notes.some(({ note }) => note.kind === 'strike'),
      false,
    );
  });

  it('is replaced whole, and the state goes over', () => {
    changes({ join: [4, 5, 6, 7], leave: [0, 1, 2, 3] }, [4, 5, 6, 7], { joiners: [4, 5, 6, 7] });
  });

  it('changes its order protocol, there and back', () => {
    const cluster = changes({ settings: { order: 'speculative', speculates: true } }, [0, 1, 2, 3]);
    reconfigure(cluster, 2, { settings: { order: 'three-phase', speculates: false } });
    reaches(cluster, 2, [0, 1, 2, 3]);
    cluster.add(1, 'back', 1);
    cluster.world.run(100);
    finishes(cluster);
  });
});
