/** A running federation is changed: members join, leave, are replaced and take new keys, under load and with faults. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import { fromHex } from '@concordat/wire';
import { attacking } from '../compliance/attacks.ts';
import { type Cluster, type ClusterOptions, createCluster, scheduleLoad } from '../compliance/cluster.ts';
import { approve, type Change, changed, reconfigure } from '../compliance/governed.ts';
import { chainProblem } from '../compliance/governed-sweep.ts';
import { attackers } from '../replica/adversaries.ts';
import { isAbout } from '../replica/records.ts';
import { suspect } from '../replica/view-change.ts';
import { isAtBoundary, logLimit } from './boundary.ts';
import { configurationOf } from './epochs.ts';
import { submitCommand } from './submitting.ts';

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

/** Runs until the changes are through at these members, and they go on from there. */
function goesOn(cluster: Cluster, epoch: number, members: readonly NodeId[]): void {
  reaches(cluster, epoch, members);
  for (const id of members) cluster.add(id, `after epoch ${epoch} at ${id}`, 1);
  cluster.world.run(100);
  finishes(cluster);
  const honest = cluster.ids.filter((id) => cluster.world.isUp(id));
  assert.equal(chainProblem(cluster, honest), null);
}

const verdictsIn = (cluster: Cluster): string[] =>
  cluster.world.notes
    .filter(({ note }) => note.kind === 'verdict')
    .map(({ note }) => (note['accepted'] === true ? `epoch ${note['epoch']}` : String(note['reason'])));

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

describe('a change', () => {
  it('is refused with a reason, and changes nothing', () => {
    const cluster = governed();
    cluster.world.run(500);
    cluster.call(1, (s, env) => {
      const next = changed(1, configurationOf(s), { join: [4], leave: [3] });
      submitCommand(s, env, { next, approvals: approve(1, next, [0, 1]), proof: new Uint8Array(0) });
    });
    cluster.world.run(3000);
    assert.deepEqual(verdictsIn(cluster), ['3 approvals are needed, here are 2']);
    assert.equal(epochOf(cluster, 0), 0);
    goesOn(cluster, 0, [0, 1, 2, 3]);
  });

  it('comes first or not at all: the second of an interval must name the new epoch', () => {
    const cluster = governed({ settings: { checkpointInterval: 64, window: 128 } });
    cluster.world.run(500);
    reconfigure(cluster, 0, { join: [4], leave: [3] });
    cluster.world.schedule(200, () => reconfigure(cluster, 1, { join: [5], leave: [2] }));
    goesOn(cluster, 1, [0, 1, 2, 4]);
    const [first, second] = verdictsIn(cluster);
    assert.equal(first, 'epoch 1');
    assert.match(second ?? '', /epoch 1 is decided already, and begins after slot 64/);
    assert.deepEqual(cluster.stateOf(0).config.members, [0, 1, 2, 4]);
  });

  it('goes through while u members are down, who learn of it afterwards', () => {
    const cluster = governed();
    scheduleLoad(cluster, createPrng(3), 200, 3000);
    cluster.world.run(500);
    cluster.world.crash(2);
    reconfigure(cluster, 0, { join: [4], leave: [3] });
    reaches(cluster, 1, [0, 1, 4]);
    cluster.world.restart(2);
    cluster.world.run(10);
    goesOn(cluster, 1, [0, 1, 2, 4]);
  });

  it('is learned by who was away for several epochs, newcomers included', () => {
    const cluster = governed();
    scheduleLoad(cluster, createPrng(4), 400, 6000);
    cluster.world.run(300);
    cluster.world.partition([[3], [5]]);
    for (let epoch = 1; epoch <= 4; epoch++) {
      reconfigure(cluster, 0, epoch === 2 ? { join: [4], leave: [2] } : { rekey: [0, 3] });
      reaches(cluster, epoch, [0, 1]);
    }
    cluster.world.heal();
    goesOn(cluster, 4, [0, 1, 3, 4]);
    reconfigure(cluster, 4, { join: [5], leave: [0] });
    goesOn(cluster, 5, [1, 3, 4, 5]);
  });

  it('leaves nothing to those that left', () => {
    const cluster = changes({ join: [4], leave: [3] }, [0, 1, 2, 4]);
    const before = cluster.completed();
    cluster.add(3, 'from outside', 1);
    cluster.world.run(2000);
    assert.equal(cluster.completed(), before);
    assert.equal(cluster.stateOf(3).isSeated, false);
  });

  it('survives the loss of power everywhere, whatever was on disk', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const cluster = governed({ seed });
      const { world } = cluster;
      scheduleLoad(cluster, createPrng(seed), 200, 3000);
      world.run(300);
      reconfigure(cluster, 0, seed % 2 === 0 ? { join: [4], leave: [3] } : { rekey: [0, 1, 2, 3] });
      world.run(10 * seed);
      const ids = [0, 1, 2, 3, 4];
      for (const id of ids) world.crashDuringTurn(id);
      world.run(100);
      for (const id of ids) world.crash(id);
      for (const id of ids) world.restart(id);
      world.run(1000);
      // The command may have been lost with its submitter.
      if (epochOf(cluster, 1) === 0) reconfigure(cluster, 1, { join: [4], leave: [3] });
      const members = (): readonly NodeId[] => cluster.stateOf(1).config.members;
      reaches(cluster, 1, [1]);
      goesOn(cluster, 1, members());
    }
  });

  /** Restarted between any two checkpoints they find what they have accepted, and all that leads to the last one. */
  const rememberAll = (cluster: Cluster, newcomers: readonly NodeId[]): void => {
    const { world } = cluster;
    for (let turn = 0; turn < 4; turn++) {
      world.run(700);
      const isOnDisk = (id: NodeId): boolean => world.diskOf(id).durableTo === world.diskOf(id).writtenTo;
      assert.ok(world.runUntil(() => newcomers.every(isOnDisk), 1000));
      const before = newcomers.map((id) => cluster.stateOf(id).accepted);
      for (const id of newcomers) world.crash(id);
      for (const id of newcomers) world.restart(id);
      world.run(1);
      for (const [i, id] of newcomers.entries()) {
        const { execution, stable, accepted } = cluster.stateOf(id);
        assert.equal(execution.executed, stable.slot, `member ${id} executes to its checkpoint`);
        assert.equal(accepted, before[i], `member ${id} knows what it has accepted`);
      }
    }
  };

  it('is whole in the journals of newcomers, who accept in their epoch before they have written its first state', () => {
    const cluster = governed({ joiners: [4, 5, 6, 7], network: { latencyMs: 50 } });
    scheduleLoad(cluster, createPrng(2), 200, 4000);
    cluster.world.run(1000);
    reconfigure(cluster, 0, { join: [4, 5, 6, 7], leave: [0, 1, 2, 3] });
    const newcomers = [4, 5, 6, 7];
    reaches(cluster, 1, newcomers);
    rememberAll(cluster, newcomers);
    goesOn(cluster, 1, newcomers);
  });

  it('is whole in the journals of newcomers also after another change, whose link their first state repeats as well', () => {
    const cluster = governed({ joiners: [4, 5, 6, 7], network: { latencyMs: 50 } });
    scheduleLoad(cluster, createPrng(2), 400, 8000);
    cluster.world.run(1000);
    reconfigure(cluster, 0, { join: [4], leave: [3] });
    reaches(cluster, 1, [0, 1, 2, 4]);
    reconfigure(cluster, 0, { join: [5, 6, 7], leave: [0, 1, 2] });
    const members = [4, 5, 6, 7];
    reaches(cluster, 2, members);
    rememberAll(cluster, members);
    goesOn(cluster, 2, members);
  });

  it('is learned again by who finds it in its journal no more, as after a disk that lied', () => {
    const cluster = governed();
    const { world } = cluster;
    scheduleLoad(cluster, createPrng(2), 400, 6000);
    world.run(1000);
    reconfigure(cluster, 0, { join: [4], leave: [3] });
    reaches(cluster, 1, [0, 1, 2, 4]);
    world.run(1500);
    world.crash(2);
    const disk = world.diskOf(2);
    const records = disk.records.filter((bytes) => !isAbout(bytes, 'epoch'));
    assert.ok(records.length < disk.records.length, 'there was a link');
    const end = disk.base + records.length;
    Object.assign(disk, { records, durableTo: end, ackedTo: end, writtenTo: end });
    world.restart(2);
    world.run(1);
    assert.ok(world.runUntil(() => epochOf(cluster, 2) === 1, 5000));
    goesOn(cluster, 1, [0, 1, 2, 4]);
  });

  it('is waited for by who accepted its command before a restart', () => {
    const cluster = governed();
    const { world } = cluster;
    world.run(500);
    reconfigure(cluster, 0, { join: [4], leave: [3] });
    const holder = (): number | undefined =>
      [1, 2].find((id) => logLimit(cluster.stateOf(id)) < Number.POSITIVE_INFINITY);
    assert.ok(world.runUntil(() => holder() !== undefined, 5000));
    const id = holder() ?? 1;
    const before = cluster.stateOf(id);
    assert.ok(before.execution.executed < before.accepted, 'it is accepted and not executed');
    const limit = logLimit(before);
    // Nobody tells it that the command is committed, and its disk has what it accepted.
    world.partition([[id]]);
    world.run(20);
    world.crash(id);
    world.restart(id);
    world.run(5);
    const after = cluster.stateOf(id);
    assert.equal(after.accepted, before.accepted);
    assert.ok(after.execution.executed < after.accepted, 'it is not executed yet');
    assert.equal(logLimit(after), limit);
    world.heal();
    goesOn(cluster, 1, [0, 1, 2, 4]);
  });

  it('is not given up by who has executed it, while another needs a view in which to get so far', () => {
    const cluster = governed({ network: { latencyMs: 50 } });
    const { world } = cluster;
    scheduleLoad(cluster, createPrng(2), 200, 4000);
    world.run(1000);
    // One member falls behind, and the one that could vouch for the checkpoint fails as two others have got there.
    world.partition([[3]]);
    reconfigure(cluster, 0, { join: [4], leave: [3] });
    const areThere = (): boolean => [0, 2].every((id) => isAtBoundary(cluster.stateOf(id)));
    assert.ok(world.runUntil(areThere, 5000));
    assert.deepEqual(
      [0, 1, 2].map((id) => epochOf(cluster, id)),
      [0, 0, 0],
    );
    world.crash(1);
    world.heal();
    cluster.call(0, (s, env) => suspect(s, env, 'it is led by this replica itself, which gives up'));
    reaches(cluster, 1, [0, 2, 4]);
  });

  it('does not give back what a wiped member forgot', () => {
    const cluster = governed();
    const { world } = cluster;
    world.run(500);
    world.wipe(2);
    world.restart(2);
    reconfigure(cluster, 0, { join: [4], leave: [3] });
    const isBack = (): boolean => cluster.stateOf(2).incarnation.mayVote;
    reaches(cluster, 1, [0, 1, 4]);
    assert.ok(world.runUntil(isBack, 30_000));
    assert.equal(cluster.stateOf(2).incarnation.number, 1);
    goesOn(cluster, 1, [0, 1, 2, 4]);
  });

  it('evicts a liar by the proof of its lie, without its consent', () => {
    const faults = { u: 1, r: 1 };
    const liar = attacking(attackers['propose-twice'], { id: 0, seed: 1, faults });
    const cluster = governed({ adversaries: new Map([[0, liar]]) });
    scheduleLoad(cluster, createPrng(5), 100, 2000);
    cluster.world.run(4000);
    const evidence = cluster.world.notes.find(({ note }) => note.kind === 'evidence');
    const proof = fromHex(String(evidence?.note['proof']));
    assert.ok(proof !== null, 'the liar is caught');
    cluster.call(1, (s, env) => {
      const next = changed(1, configurationOf(s), { join: [4], leave: [0] });
      submitCommand(s, env, { next, approvals: approve(1, next, [1, 2, 3]), proof });
    });
    goesOn(cluster, 1, [1, 2, 3, 4]);
  });
});
