/**
 * A federation with a request quorum is changed while it runs: rows, columns and keys are of one epoch, and what was vouched
 * for in the one before is vouched for again.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import { askInVain, hasAdmitted } from '../compliance/broken-governance.ts';
import { type Cluster, createCluster, scheduleLoad } from '../compliance/cluster.ts';
import { type Change, reconfigure } from '../compliance/governed.ts';
import { chainProblem } from '../compliance/governed-sweep.ts';
import { presets } from '../presets/index.ts';

const SETTINGS = { ...presets.upright.settings, checkpointInterval: 8, window: 16 };

const federation = (): Cluster =>
  createCluster({ seed: 1, faults: { u: 1, r: 1 }, settings: SETTINGS, joiners: [4, 5] });

function reaches(cluster: Cluster, epoch: number, ids: readonly NodeId[]): void {
  const isThere = (): boolean => ids.every((id) => cluster.stateOf(id).config.epoch >= epoch);
  assert.ok(cluster.world.runUntil(isThere, 30_000), `not all of ${ids} are in epoch ${epoch}`);
}

/** What each of these asks for is done, by the rules of the epoch. */
function goesOn(cluster: Cluster, epoch: number, ids: readonly NodeId[]): void {
  reaches(cluster, epoch, ids);
  for (const id of ids) cluster.add(id, `in epoch ${epoch} at ${id}`, 1);
  cluster.world.run(100);
  assert.ok(
    cluster.world.runUntil(() => cluster.outstanding() === 0, 30_000),
    `epoch ${epoch} is stuck`,
  );
  for (const [name, judge] of Object.entries(cluster.judges)) assert.equal(judge(), null, name);
  assert.equal(chainProblem(cluster, cluster.ids), null);
}

/** Who holds a column, in the order of columns. */
const columns = (cluster: Cluster, ids: readonly NodeId[]): (number | undefined)[] =>
  ids.map((id) => cluster.stateOf(id).vouching?.column);

describe('with a request quorum', () => {
  it('members are replaced, added and rekeyed under load, and nothing that was asked for is lost', () => {
    const cluster = federation();
    scheduleLoad(cluster, createPrng(3), 300, 6000);
    const steps: [number, NodeId, Change][] = [
      [500, 0, { join: [4], leave: [1] }],
      [2000, 4, { rekey: [0, 4] }],
      [3500, 0, { leave: [2], join: [5] }],
    ];
    for (const [at, member, change] of steps)
      cluster.world.schedule(at, () => reconfigure(cluster, member, change));
    cluster.world.run(6000);
    goesOn(cluster, 3, [0, 3, 4, 5]);
    assert.deepEqual(columns(cluster, [0, 1, 2, 3, 4, 5]), [0, undefined, undefined, 1, 2, 3]);
    assert.ok(cluster.completed() > 150, `${cluster.completed()} operations`);
  });

  it('admission changes from filter nodes to signatures and back', () => {
    const cluster = federation();
    scheduleLoad(cluster, createPrng(4), 200, 4000);
    cluster.world.run(500);
    reconfigure(cluster, 0, { settings: { admission: 'signature' } });
    goesOn(cluster, 1, [0, 1, 2, 3]);
    assert.deepEqual(columns(cluster, [0, 1, 2, 3]), [undefined, undefined, undefined, undefined]);
    reconfigure(cluster, 1, { settings: { admission: 'request-quorum' }, join: [4], leave: [0] });
    goesOn(cluster, 2, [1, 2, 3, 4]);
    assert.deepEqual(columns(cluster, [1, 2, 3, 4]), [0, 1, 2, 3]);
  });

  it('all start again in the epoch that they were in, and go on', () => {
    const cluster = federation();
    cluster.world.run(300);
    reconfigure(cluster, 0, { join: [4], leave: [3] });
    goesOn(cluster, 1, [0, 1, 2, 4]);
    for (const id of [0, 1, 2, 4]) cluster.world.crash(id);
    for (const id of [0, 1, 2, 4]) cluster.world.restart(id);
    cluster.world.run(300);
    assert.deepEqual(columns(cluster, [0, 1, 2, 4]), [0, 1, 2, 3]);
    goesOn(cluster, 1, [0, 1, 2, 4]);
  });

  it('what was vouched for is vouched for again, to new members as well, if its client is the same', () => {
    const cluster = federation();
    askInVain(cluster, 3);
    reconfigure(cluster, 0, { join: [4], leave: [2] });
    reaches(cluster, 1, [0, 1, 4]);
    cluster.world.run(1500);
    for (const id of [0, 1, 4]) assert.ok(hasAdmitted(cluster, id, 3), `member ${id} knows of it`);
    const [vouched] = [...(cluster.stateOf(4).vouching?.requests.values() ?? [])].flat();
    assert.deepEqual(
      vouched?.rows.map((row) => row !== null),
      [true, true, false, true],
      'by all filter nodes of this epoch that are up, the new one among them',
    );
  });
});
