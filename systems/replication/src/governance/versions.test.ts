/** Rolling upgrades: binaries are replaced one by one, then the federation switches, under load and with faults. */

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import { type Cluster, type ClusterOptions, createCluster, scheduleLoad } from '../compliance/cluster.ts';
import { reconfigure } from '../compliance/governed.ts';
import { chainProblem } from '../compliance/governed-sweep.ts';
import { type Binaries, createBinaries, upgrade, versionProblem } from '../compliance/upgrades.ts';
import { GOVERNANCE_CLIENTS } from '../request.ts';
import { decodeAnnouncement, encodeAnnouncement, isChange } from './announcement.ts';

const ALL = [0, 1, 2, 3];
const SWITCH = { settings: { version: 2 } };

interface Federation extends Cluster {
  readonly binaries: Binaries;
}

function federation(upgraded: readonly NodeId[], options: Partial<ClusterOptions> = {}): Federation {
  const binaries = createBinaries(upgraded);
  const cluster = createCluster({
    seed: 1,
    faults: { u: 1, r: 1 },
    settings: { checkpointInterval: 8, window: 16 },
    joiners: [4],
    binaryOf: binaries.of,
    ...options,
  });
  return { ...cluster, binaries };
}

function judged(cluster: Cluster): void {
  for (const [name, judge] of Object.entries(cluster.judges)) assert.equal(judge(), null, name);
  assert.equal(chainProblem(cluster, cluster.ids), null);
  assert.equal(versionProblem(cluster, cluster.ids), null);
}

/** All of these take in an operation, and execute it under this version. */
function goesOn(cluster: Cluster, version: number, members: readonly NodeId[] = ALL): void {
  const { world } = cluster;
  for (const id of members) cluster.add(id, `at ${id}`, 1);
  world.run(100);
  const isDone = (): boolean =>
    cluster.outstanding() === 0 &&
    members.every((id) => world.isUp(id) && versionAt(cluster, id) === version);
  assert.ok(
    world.runUntil(isDone, 30_000),
    `${cluster.outstanding()} operations are outstanding, versions ${members.map((id) => world.isUp(id) && versionAt(cluster, id))}`,
  );
  judged(cluster);
}

const versionAt = (cluster: Cluster, id: NodeId): number => cluster.stateOf(id).execution.service.version();

const notesOf = (cluster: Cluster, kind: string, key: string): unknown[] =>
  cluster.world.notes.filter(({ note }) => note.kind === kind).map(({ note }) => note[key]);

/** What became of commands, as their submitters were told. */
const verdictsIn = (cluster: Cluster): unknown[] =>
  cluster.world.notes
    .filter(({ note }) => note.kind === 'verdict')
    .map(({ note }) => (note['accepted'] === true ? `epoch ${note['epoch']}` : note['reason']));

const isAccepted = (cluster: Cluster, id: NodeId): boolean =>
  cluster.world.isUp(id) && cluster.stateOf(id).execution.core.governance.epochs.get(1) !== undefined;

test('an announcement has one form', () => {
  assert.equal(toHex(encodeAnnouncement([1, 2])), '020000000200000000000000010000000000000002');
  assert.deepEqual(decodeAnnouncement(encodeAnnouncement([3])), [3]);
  for (const versions of [[], [0], [2, 1], [1, 1], [2 ** 32], Array.from({ length: 17 }, (_, i) => i + 1)])
    assert.equal(decodeAnnouncement(encodeAnnouncement(versions)), null, `${versions}`);
  const whole = encodeAnnouncement([1, 2]);
  assert.equal(decodeAnnouncement(whole.subarray(0, -1)), null);
  assert.equal(decodeAnnouncement(Uint8Array.of(...whole, 0)), null);
  assert.equal(decodeAnnouncement(Uint8Array.of(1, ...whole.subarray(1))), null);
});

test('the log waits for what a command becomes, and not for announcements', () => {
  const client = GOVERNANCE_CLIENTS + 1;
  assert.equal(isChange({ client, body: encodeAnnouncement([1, 2]) }), false);
  assert.equal(isChange({ client, body: Uint8Array.of(1) }), true);
  assert.equal(isChange({ client, body: new Uint8Array(0) }), true);
  assert.equal(isChange({ client: 7, body: Uint8Array.of(1) }), false);
});

describe('what a binary can run', () => {
  it('is told by each upgraded member once, whatever happens afterwards, and kept with the state', () => {
    const cluster = federation([]);
    scheduleLoad(cluster, createPrng(2), 200, 6000);
    cluster.world.run(1000);
    assert.deepEqual(
      notesOf(cluster, 'announced', 'versions'),
      [],
      'nobody need tell what goes without saying',
    );
    for (const id of ALL) {
      upgrade(cluster, cluster.binaries, id);
      cluster.world.run(700);
    }
    for (const id of ALL) {
      cluster.world.crash(id);
      cluster.world.restart(id);
      cluster.world.run(300);
    }
    cluster.world.wipe(2);
    cluster.world.restart(2);
    cluster.world.run(3000);
    goesOn(cluster, 1);
    assert.deepEqual(notesOf(cluster, 'announced', 'versions'), ['1 2', '1 2', '1 2', '1 2']);
    for (const id of ALL)
      for (const member of ALL)
        assert.deepEqual(cluster.stateOf(id).execution.core.governance.announced.get(member), [1, 2]);
  });

  it('is told anew when an older binary is put back', () => {
    const cluster = federation([0, 1, 2, 3]);
    cluster.world.run(1000);
    cluster.binaries.downgrade(3);
    cluster.world.crash(3);
    cluster.world.restart(3);
    cluster.world.run(1000);
    assert.deepEqual(cluster.stateOf(0).execution.core.governance.announced.get(3), [1]);
    assert.equal(notesOf(cluster, 'announced', 'versions').at(-1), '1');
  });
});

describe('a switch', () => {
  it('happens under load, at one point of the log', () => {
    const cluster = federation([4]);
    scheduleLoad(cluster, createPrng(3), 400, 6000);
    for (const id of ALL) {
      cluster.world.run(500);
      upgrade(cluster, cluster.binaries, id);
    }
    cluster.world.schedule(1500, () => reconfigure(cluster, 1, SWITCH));
    cluster.world.run(4000);
    goesOn(cluster, 2);
    assert.deepEqual(verdictsIn(cluster), ['epoch 1']);
    assert.deepEqual(notesOf(cluster, 'halted', 'reason'), []);
  });

  it('happens while the log is speculated on, and members change with it', () => {
    const cluster = federation([0, 1, 2, 3, 4], {
      settings: { checkpointInterval: 8, window: 16, order: 'speculative', speculates: true },
    });
    scheduleLoad(cluster, createPrng(4), 300, 4000);
    cluster.world.schedule(1000, () => reconfigure(cluster, 0, { ...SWITCH, join: [4], leave: [3] }));
    cluster.world.run(4000);
    goesOn(cluster, 2, [0, 1, 2, 4]);
  });

  it('is refused until n - u members have announced that they can follow', () => {
    const cluster = federation([1]);
    cluster.world.run(1000);
    reconfigure(cluster, 1, SWITCH);
    cluster.world.run(1000);
    upgrade(cluster, cluster.binaries, 2);
    cluster.world.run(1000);
    reconfigure(cluster, 1, SWITCH);
    cluster.world.run(1000);
    goesOn(cluster, 1);
    upgrade(cluster, cluster.binaries, 0);
    cluster.world.run(1000);
    reconfigure(cluster, 1, SWITCH);
    cluster.world.run(1000);
    goesOn(cluster, 2, [0, 1, 2]);
    assert.deepEqual(verdictsIn(cluster), [
      'version 2 needs 3 members that have announced it, here are 1: missing members 0, 2, 3',
      'version 2 needs 3 members that have announced it, here are 2: missing members 0, 3',
      'epoch 1',
    ]);
  });

  it('counts the members of the next configuration, not those that leave', () => {
    const cluster = federation([0, 1, 3, 4]);
    cluster.world.run(1000);
    reconfigure(cluster, 0, { ...SWITCH, join: [4], leave: [3] });
    cluster.world.run(1000);
    assert.deepEqual(verdictsIn(cluster), [
      'version 2 needs 3 members that have announced it, here are 2: missing members 2, 4',
    ]);
    goesOn(cluster, 1);
  });

  it('is not taken back', () => {
    const cluster = federation(ALL);
    cluster.world.run(1000);
    reconfigure(cluster, 0, SWITCH);
    cluster.world.run(1000);
    reconfigure(cluster, 0, { settings: { version: 1 } });
    cluster.world.run(1000);
    assert.match(String(verdictsIn(cluster)[1]), /version 2 .* cannot be taken back to version 1/);
    goesOn(cluster, 2);
  });

  it('is caught up with by who was away, with the state of before or of long after', () => {
    const versions: boolean[] = [];
    const baseOf = (cluster: Cluster): number =>
      cluster.stateOf(0).execution.core.governance.epochs.get(1)?.base ?? 0;
    for (const awayMs of [0, 6000]) {
      const cluster = federation(ALL);
      // An idle federation takes two seconds to its next checkpoint.
      if (awayMs > 0) scheduleLoad(cluster, createPrng(5), 400, 6000);
      cluster.world.run(800);
      cluster.world.partition([[3]]);
      reconfigure(cluster, 0, SWITCH);
      assert.ok(cluster.world.runUntil(() => versionAt(cluster, 0) === 2, 10_000));
      assert.equal(versionAt(cluster, 3), 1);
      cluster.world.run(awayMs);
      cluster.world.heal();
      goesOn(cluster, 2);
      const fetched = cluster.world.notes.filter(
        ({ node, note }) => node === 3 && note.kind === 'state-transferred',
      );
      assert.ok(fetched.length > 0, 'it fetched a state');
      versions.push(fetched.map(({ note }) => Number(note['slot']) > baseOf(cluster)).includes(true));
    }
    assert.deepEqual(versions, [false, true], 'once of the former version, once of the newer one');
  });

  it('is caught up with by who has lost everything', () => {
    const cluster = federation(ALL);
    scheduleLoad(cluster, createPrng(6), 300, 5000);
    cluster.world.run(800);
    reconfigure(cluster, 0, SWITCH);
    cluster.world.run(60);
    cluster.world.wipe(2);
    cluster.world.restart(2);
    cluster.world.run(10);
    assert.ok(cluster.world.runUntil(() => cluster.stateOf(2).incarnation.mayVote, 30_000));
    assert.equal(cluster.stateOf(2).incarnation.number, 1);
    goesOn(cluster, 2);
  });

  it('survives the loss of power everywhere at each moment around it', () => {
    // Where members stood when power failed: before the switch, some beyond it, all beyond it.
    const seen = new Set<string>();
    for (let moment = 0; moment < 48; moment++) {
      const cluster = federation(ALL, { seed: 1 + moment, network: { latencyMs: 2, jitterMs: 8 } });
      const { world } = cluster;
      scheduleLoad(cluster, createPrng(moment), 150, 1500);
      world.run(600);
      reconfigure(cluster, 0, SWITCH);
      assert.ok(world.runUntil(() => isAccepted(cluster, 0), 5000));
      const base = cluster.stateOf(0).execution.core.governance.epochs.get(1)?.base ?? 0;
      const isNear = (id: NodeId): boolean => cluster.stateOf(id).execution.executed >= base - 1;
      assert.ok(world.runUntil(() => ALL.some(isNear), 5000));
      world.run(moment);
      seen.add(ALL.map((id) => versionAt(cluster, id)).join(''));
      if (moment % 2 === 0) {
        for (const id of ALL) world.crashDuringTurn(id);
        world.run(20);
      }
      for (const id of ALL) world.crash(id);
      for (const id of ALL) world.restart(id);
      world.run(2000);
      goesOn(cluster, 2);
    }
    assert.ok(seen.has('1111') && seen.has('2222') && seen.size > 2, `members were at ${[...seen]}`);
  });
});

describe('a binary that is too old', () => {
  it('halts and says so, counts against u, and goes on from its journal once it is upgraded', () => {
    const cluster = federation([0, 1, 2, 4]);
    const { world } = cluster;
    scheduleLoad(cluster, createPrng(7), 300, 5000);
    world.run(800);
    reconfigure(cluster, 0, SWITCH);
    assert.ok(
      world.runUntil(() => !world.isUp(3), 10_000),
      'it halts',
    );
    goesOn(cluster, 2, [0, 1, 2]);
    const reason =
      'version 2 of the service is in force, and this binary can run 1: upgrade this binary and start it again, nothing is lost';
    assert.deepEqual(notesOf(cluster, 'halted', 'reason'), [reason]);
    // It signed the last checkpoint of the former epoch like everybody, so its journal leads to the new one.
    world.restart(3);
    world.run(100);
    assert.deepEqual(notesOf(cluster, 'halted', 'reason'), [reason, reason], 'it does not go on by itself');
    upgrade(cluster, cluster.binaries, 3);
    world.run(1000);
    goesOn(cluster, 2);
    assert.equal(cluster.stateOf(3).incarnation.number, 0, 'nothing was lost');
    const strikes = world.notes.filter(({ note }) => note.kind === 'strike');
    assert.deepEqual(strikes, []);
  });

  it('halts also where it learns of the switch from others', () => {
    const cluster = federation([0, 1, 2]);
    const { world } = cluster;
    scheduleLoad(cluster, createPrng(8), 300, 5000);
    world.run(800);
    world.crash(3);
    reconfigure(cluster, 0, SWITCH);
    assert.ok(world.runUntil(() => versionAt(cluster, 0) === 2, 10_000));
    world.run(2000);
    world.restart(3);
    assert.ok(
      world.runUntil(() => !world.isUp(3), 10_000),
      'it halts',
    );
    upgrade(cluster, cluster.binaries, 3);
    world.run(100);
    goesOn(cluster, 2);
  });

  it('halts also on a journal that holds a state of the newer version, and leaves it as it is', () => {
    const cluster = federation([...ALL, 4]);
    const { world } = cluster;
    scheduleLoad(cluster, createPrng(9), 300, 5000);
    world.run(800);
    reconfigure(cluster, 0, SWITCH);
    assert.ok(world.runUntil(() => ALL.every((id) => versionAt(cluster, id) === 2), 10_000));
    // Who has lost everything keeps the state that it fetches.
    world.wipe(3);
    world.restart(3);
    world.run(100);
    assert.ok(world.runUntil(() => cluster.stateOf(3).incarnation.mayVote, 30_000));
    goesOn(cluster, 2);
    const { number } = cluster.stateOf(3).incarnation;
    cluster.binaries.downgrade(3);
    for (let starts = 1; starts <= 2; starts++) {
      world.crash(3);
      world.restart(3);
      world.run(1000);
      assert.equal(world.isUp(3), false);
      assert.equal(notesOf(cluster, 'halted', 'reason').length, starts);
      goesOn(cluster, 2, [0, 1, 2]);
    }
    upgrade(cluster, cluster.binaries, 3);
    goesOn(cluster, 2);
    assert.equal(cluster.stateOf(3).incarnation.number, number, 'nothing was lost');
  });

  it('does not keep the former epoch from ending while u others are down', () => {
    const cluster = federation([0, 1, 2]);
    const { world } = cluster;
    world.run(1000);
    reconfigure(cluster, 0, SWITCH);
    world.runUntil(() => isAccepted(cluster, 0) && isAccepted(cluster, 3), 5000);
    world.crash(2);
    assert.ok(
      world.runUntil(() => cluster.stateOf(0).config.epoch === 1, 10_000),
      'the epoch ends',
    );
    world.runUntil(() => !world.isUp(3), 10_000);
    world.restart(2);
    goesOn(cluster, 2, [0, 1, 2]);
  });
});
