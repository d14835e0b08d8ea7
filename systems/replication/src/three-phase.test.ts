/** The good case and each way back to it, on a simulated federation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import { type Cluster, createCluster, scheduleLoad } from './compliance/cluster.ts';
import { presets } from './presets/index.ts';

const BFT = { u: 1, r: 1 };

function judged(cluster: Cluster): void {
  for (const [name, judge] of Object.entries(cluster.judges)) assert.equal(judge(), null, name);
}

function settleAll(cluster: Cluster, withinMs = 30_000): void {
  assert.ok(
    cluster.world.runUntil(() => cluster.outstanding() === 0, withinMs),
    `${cluster.outstanding()} operations are outstanding`,
  );
  judged(cluster);
}

test('operations of all members are ordered and executed', () => {
  for (const faults of [{ u: 0, r: 0 }, { u: 1, r: 0 }, BFT, { u: 2, r: 1 }]) {
    const cluster = createCluster({ seed: 1, faults });
    cluster.world.run(100);
    scheduleLoad(cluster, createPrng(2), 200, 1000);
    cluster.world.run(1000);
    settleAll(cluster);
    assert.equal(cluster.completed(), 200);
    assert.equal(cluster.stateOf(0).view, 0);
  }
});

test('a crashed primary is replaced, and catches up after its restart', () => {
  const cluster = createCluster({ seed: 3, faults: BFT });
  scheduleLoad(cluster, createPrng(4), 400, 4000);
  cluster.world.run(1000);
  cluster.world.crash(0);
  cluster.world.run(1500);
  assert.ok(cluster.stateOf(1).view > 0);
  cluster.world.restart(0);
  cluster.world.run(2000);
  settleAll(cluster);
  cluster.world.run(1000);
  const heights = [0, 1, 2, 3].map((id) => cluster.stateOf(id).execution.executed);
  assert.ok(Math.max(...heights) - Math.min(...heights) <= 1, `${heights}`);
  judged(cluster);
});

for (const preset of ['concordat', 'zyzzyva'] as const)
  test(`ids with gaps lead, vote, lag and are replaced like any others: ${preset}`, () => {
    const ids = [1, 4, 6, 9];
    const { settings } = presets[preset];
    const cluster = createCluster({
      seed: 3,
      faults: BFT,
      ids,
      settings: { ...settings, checkpointInterval: 8, window: 16 },
    });
    scheduleLoad(cluster, createPrng(4), 400, 5000);
    for (const [turn, id] of ids.entries()) {
      cluster.world.schedule(500 + 1000 * turn, () => cluster.world.crash(id));
      cluster.world.schedule(1200 + 1000 * turn, () => cluster.world.restart(id));
    }
    cluster.world.run(5000);
    settleAll(cluster);
    assert.ok(cluster.stateOf(9).view >= 1);
    assert.ok(cluster.completed() > 200);
  });

test('a restarted member keeps no more of the log than one that never stopped', () => {
  const settings = { checkpointInterval: 8, window: 16 };
  const cluster = createCluster({ seed: 3, faults: BFT, settings });
  scheduleLoad(cluster, createPrng(4), 400, 4000);
  cluster.world.run(4000);
  settleAll(cluster);
  const kept = (id: number): number[] => [...cluster.stateOf(id).feed.kept.keys()];
  const before = kept(1);
  assert.ok(cluster.stateOf(1).stable.slot > 2 * settings.window, 'most of the log is past');
  cluster.world.crash(1);
  cluster.world.restart(1);
  cluster.world.run(1);
  const { stable } = cluster.stateOf(1);
  assert.deepEqual(
    kept(1),
    before.filter((slot) => slot <= stable.slot),
    'what lies between is not executed again yet',
  );
});

test('a restarted member knows how much its journal holds', () => {
  const cluster = createCluster({ seed: 3, faults: BFT });
  scheduleLoad(cluster, createPrng(4), 200, 2000);
  cluster.world.run(2000);
  settleAll(cluster);
  const { journalBytes } = cluster.stateOf(1);
  assert.ok(journalBytes > 10_000);
  cluster.world.crash(1);
  cluster.world.restart(1);
  cluster.world.run(0);
  assert.equal(cluster.stateOf(1).journalBytes, journalBytes);
});

test('a member that stood still does not take its own pause for the silence of others', () => {
  const cluster = createCluster({ seed: 5, faults: BFT });
  cluster.world.run(2100);
  // To a member that was frozen, or whose clock was set, three seconds pass between two ticks.
  cluster.world.jumpClock(2, 3000);
  cluster.world.run(500);
  assert.deepEqual(
    cluster.world.notes.filter(({ note }) => note.kind === 'suspect'),
    [],
  );
  scheduleLoad(cluster, createPrng(6), 200, 2000);
  cluster.world.run(2000);
  settleAll(cluster);
  assert.equal(cluster.stateOf(2).view, 0);
  assert.ok(cluster.world.notes.some(({ node, note }) => node === 2 && note.kind === 'stood-still'));
});

test('all crash at once: what was exposed stays', () => {
  const cluster = createCluster({ seed: 5, faults: BFT });
  scheduleLoad(cluster, createPrng(6), 300, 6000);
  for (let round = 0; round < 3; round++) {
    cluster.world.run(1500);
    for (let id = 0; id < 4; id++) cluster.world.crash(id);
    cluster.world.run(100);
    for (let id = 0; id < 4; id++) cluster.world.restart(id);
  }
  cluster.world.run(2000);
  settleAll(cluster);
});

test('a member that was away beyond the window is brought back by state transfer', () => {
  const cluster = createCluster({ seed: 7, faults: BFT, settings: { checkpointInterval: 8, window: 16 } });
  cluster.world.run(500);
  cluster.world.crash(3);
  scheduleLoad(cluster, createPrng(8), 500, 5000);
  cluster.world.run(5000);
  cluster.world.restart(3);
  cluster.world.run(2000);
  settleAll(cluster);
  assert.ok(cluster.world.notes.some(({ node, note }) => node === 3 && note.kind === 'state-transferred'));
  assert.ok(cluster.stateOf(3).execution.executed >= cluster.stateOf(0).execution.executed - 1);
  judged(cluster);
});

test('a state transfer ends although the others go on, and although most of what is sent is lost', () => {
  let nextPartAt = 0;
  const cluster = createCluster({
    seed: 11,
    faults: BFT,
    settings: { checkpointInterval: 8, window: 16 },
    variant: (plain) => ({
      ...plain,
      receive: (s, env, from, m) => {
        if (env.self === 3 && m.type === 'part') {
          if (env.now < nextPartAt) return;
          nextPartAt = env.now + 30;
        }
        plain.receive(s, env, from, m);
      },
    }),
  });
  cluster.world.run(500);
  cluster.world.crash(3);
  for (let i = 0; i < 2000; i++)
    cluster.world.schedule(2 * i, () => cluster.add(i % 3, `${i} ${'long '.repeat(40)}`, 1));
  cluster.world.run(4500);
  scheduleLoad(cluster, createPrng(12), 2000, 10_000);
  cluster.world.restart(3);
  cluster.world.run(10_000);
  const behind = (): number => cluster.stateOf(0).execution.executed - cluster.stateOf(3).execution.executed;
  assert.ok(behind() < 300, `${behind()} slots behind`);
  settleAll(cluster);
  cluster.world.run(2000);
  assert.ok(behind() <= 1, `${behind()} slots behind`);
  const [stable, transferred] = ['stable', 'state-transferred'].map(
    (kind) => cluster.world.notes.filter(({ node, note }) => node === 3 && note.kind === kind).length,
  );
  assert.ok(
    (stable ?? 0) > 50 && (transferred ?? 0) < 20,
    `${transferred} transfers in ${stable} checkpoints`,
  );
});

test('a member that waits for the state of others does not think its requests ignored', () => {
  const settings = { checkpointInterval: 8, window: 16 };
  const cluster = createCluster({
    seed: 7,
    faults: BFT,
    settings,
    variant: (plain) => ({
      ...plain,
      // The transfer takes three view timeouts.
      receive: (s, env, from, m) => {
        if (env.self !== 3 || m.type !== 'manifest' || env.now > 8000) plain.receive(s, env, from, m);
      },
    }),
  });
  cluster.world.run(500);
  cluster.world.crash(3);
  scheduleLoad(cluster, createPrng(8), 900, 8500);
  cluster.world.run(4500);
  cluster.world.restart(3);
  cluster.world.run(5000);
  settleAll(cluster);
  const own = cluster.world.notes.filter(({ node }) => node === 3).map(({ note }) => note);
  assert.ok(own.some(({ kind }) => kind === 'state-transferred'));
  assert.ok(!own.some((note) => note['why'] === 'a request is ignored'));
});

test('a wiped member learns, gets a new incarnation and votes again', () => {
  const cluster = createCluster({ seed: 9, faults: BFT, settings: { checkpointInterval: 8, window: 16 } });
  scheduleLoad(cluster, createPrng(10), 300, 3000);
  cluster.world.run(3000);
  cluster.world.crash(2);
  cluster.world.wipe(2);
  cluster.world.restart(2);
  cluster.world.run(8000);
  settleAll(cluster);
  const { incarnation, preparedSent, stable } = cluster.stateOf(2);
  assert.deepEqual([incarnation.mayVote, incarnation.number], [true, 1]);
  assert.ok(preparedSent > stable.slot);
  judged(cluster);
});

test('a restart after amnesia goes on where it was: only a new loss makes it begin again', () => {
  const cluster = createCluster({ seed: 11, faults: BFT, settings: { checkpointInterval: 8, window: 16 } });
  scheduleLoad(cluster, createPrng(12), 300, 3000);
  cluster.world.run(2000);
  cluster.world.crash(2);
  cluster.world.wipe(2);
  cluster.world.restart(2);
  cluster.world.run(8000);
  assert.equal(cluster.stateOf(2).incarnation.mayVote, true);
  cluster.world.crash(2);
  cluster.world.restart(2);
  cluster.world.run(100);
  assert.deepEqual(
    [cluster.stateOf(2).incarnation.mayVote, cluster.stateOf(2).incarnation.number],
    [true, 1],
  );
  assert.ok(cluster.stateOf(2).execution.executed > 0);
  cluster.world.crash(2);
  cluster.world.corrupt(2);
  cluster.world.restart(2);
  cluster.world.run(100);
  assert.equal(cluster.stateOf(2).incarnation.mayVote, false);
  cluster.world.run(8000);
  settleAll(cluster);
  assert.deepEqual(
    [cluster.stateOf(2).incarnation.mayVote, cluster.stateOf(2).incarnation.number],
    [true, 2],
  );
});

test('without commitment by all, every slot goes through COMMITs, and all else is the same', () => {
  for (const fastCommit of [true, false]) {
    const cluster = createCluster({ seed: 13, faults: BFT, settings: { fastCommit } });
    cluster.world.run(100);
    scheduleLoad(cluster, createPrng(14), 100, 1000);
    cluster.world.run(1000);
    settleAll(cluster);
    assert.equal(cluster.completed(), 100);
    // While nobody is away, COMMITs are sent only where they are needed.
    const { committedSent, committed } = cluster.stateOf(1);
    assert.equal(committedSent >= committed - 1, !fastCommit);
  }
});

test('a snapshot leaves the disk time for what others wait for', () => {
  const cluster = createCluster({ seed: 61, faults: BFT, settings: { checkpointInterval: 4, window: 8 } });
  const { world } = cluster;
  scheduleLoad(cluster, createPrng(62), 400, 2000);
  world.run(500);
  const s = cluster.stateOf(2);
  const source = s.own[0];
  assert.ok(
    source !== undefined && s.snapshotting === null,
    'there is a checkpoint and nothing to write yet',
  );
  const [parts, partBytes] = [100, 64 * 1024];
  const service = { ...source.service, parts, read: () => new Uint8Array(partBytes) };
  const job = {
    slot: source.slot,
    source: { ...source, core: { ...source.core, parts: 0 }, service },
    position: 0,
    next: 0,
    restsUntil: 0,
    bytes: 0,
  };
  s.snapshotting = job;
  world.run(100);
  assert.ok(job.bytes > 0 && job.bytes <= parts * partBytes * 0.3, `${job.bytes} bytes in 100 ms of 400`);
  world.run(900);
  assert.equal(job.bytes, parts * partBytes);
  assert.equal(s.snapshotting, null);
});
