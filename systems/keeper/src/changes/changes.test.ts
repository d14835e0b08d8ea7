/** What is recorded of transactions leads from a backup to the tree as of any later one, whatever was taken back meanwhile. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng, type Prng } from '@concordat/kernel';
import { isFlaw } from '../migration/flaw.ts';
import { createGatherer, type Gatherer, gathered } from '../migration/gathering.ts';
import { decodeGenesis, encodeGenesis } from '../migration/state-file.ts';
import type { KeeperService } from '../service.ts';
import { createTestService } from '../testing/raw-client.ts';
import { restoreFrom } from '../testing/state-checks.ts';
import { type Batch, drawBatches, executeBatch } from '../testing/varied-batches.ts';
import { quotaNode } from '../tree/paths.ts';
import { createFollower } from './follower.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { decodeStretch, encodeStretch, type Point, restAfter, type Stretch } from './stretch.ts';

/** A keeper that is recorded, and what a backup would be after each of its transactions. */
interface Recorded {
  readonly service: KeeperService;
  readonly recorder: Recorder;
  readonly trees: Map<number, Uint8Array>;
  execute(batch: Batch): void;
}

function backupOf(gatherer: Gatherer): Uint8Array {
  const gathering = gatherer.begin();
  const found = gathered(gathering.next(2 ** 30) ?? new Uint8Array(0), gathering.moment, 0);
  gatherer.end();
  assert.ok(!isFlaw(found));
  return encodeGenesis(found.genesis);
}

function record(known: Point | null): Recorded {
  const inner = createTestService();
  const recorder = createRecorder(inner, known);
  const { service } = recorder;
  const gatherer = createGatherer(service.keeper);
  const trees = new Map<number, Uint8Array>();
  const look = (): void => {
    trees.set(service.keeper.meta.get().zxid, backupOf(gatherer));
  };
  return {
    service,
    recorder,
    trees,
    execute: (batch) => {
      executeBatch(service, batch, look);
      look();
    },
  };
}

/** What a file would give again. */
function copyOf(stretch: Stretch): Stretch {
  const bytes = encodeStretch(stretch);
  const copy = decodeStretch(bytes);
  assert.ok(copy !== null);
  assert.deepEqual(encodeStretch(copy), bytes);
  return copy;
}

/** Follows from the tree at the first stretch's beginning; counts the transactions. */
function requireTrees(stretches: readonly Stretch[], trees: ReadonlyMap<number, Uint8Array>): number {
  const [first] = stretches;
  assert.ok(first !== undefined);
  const genesis = decodeGenesis(trees.get(first.from.zxid) ?? new Uint8Array(0));
  assert.ok(genesis !== null);
  const follower = createFollower(genesis);
  let [count, { from: last }] = [0, first];
  for (const stretch of stretches.map(copyOf)) {
    assert.equal(stretch.from.zxid, last.zxid);
    for (const transaction of stretch.transactions) {
      assert.equal(follower.follow(transaction), null);
      assert.deepEqual(encodeGenesis(follower.state().genesis), trees.get(transaction.zxid));
      count++;
    }
    last = stretch.end;
  }
  return count;
}

const takeAll = ({ recorder }: Recorded): Stretch[] => {
  const found: Stretch[] = [];
  for (let next = recorder.take(null); next !== null; next = recorder.take(null)) {
    found.push(next);
    if (next.isAll) break;
  }
  return found;
};

const total = (stretches: readonly Stretch[]): number =>
  stretches.reduce((sum, { transactions }) => sum + transactions.length, 0);

/** Batches that are executed ahead, some of which are taken back and others executed instead. */
function speculate(recorded: Recorded, batches: Batch[], random: Prng, stretches: Stretch[]): number {
  const { service, recorder } = recorded;
  const marks: number[] = [];
  let retracted = 0;
  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
    marks.push(service.mark());
    recorded.execute(batch);
    if (random.chance(0.2)) {
      const index = random.below(marks.length);
      service.rollback(marks[index] ?? 0);
      marks.length = index;
      retracted++;
    }
    if (random.chance(0.3)) {
      const final = random.below(marks.length + 1);
      const stretch = recorder.take(marks[final] ?? null);
      if (stretch !== null) stretches.push(stretch);
      if (final > 0) service.release(marks[final - 1] ?? 0);
      marks.splice(0, final);
    }
  }
  return retracted;
}

describe('recorded transactions', () => {
  it('lead to the tree as of each of them, Stats included', () => {
    const kinds = new Set<string>();
    let all = 0;
    for (let seed = 1; seed <= 25; seed++) {
      const random = createPrng(seed);
      const recorded = record(null);
      const [before, after] = [drawBatches(random, 120), 20 + random.below(20)];
      for (const batch of before.splice(0, after)) recorded.execute(batch);
      recorded.recorder.begin();
      const start = recorded.service.keeper.meta.get().zxid;
      const stretches: Stretch[] = [];
      for (const batch of before) {
        recorded.execute(batch);
        if (random.chance(0.1)) stretches.push(...takeAll(recorded));
      }
      stretches.push(...takeAll(recorded));
      const { zxid } = recorded.service.keeper.meta.get();
      for (const { changes } of stretches.flatMap(({ transactions }) => transactions))
        for (const { kind, path } of changes) kinds.add(`${kind} ${quotaNode(path)?.kind ?? 'node'}`);
      all += zxid - start;
      // Every transaction, also those that failed, opened a session or ended a node.
      assert.equal(requireTrees(stretches, recorded.trees), zxid - start);
      // From any backup: it counts the use below quotas without what sessions own.
      for (const stretch of stretches) requireTrees([stretch], recorded.trees);
    }
    assert.ok(all > 4000, `${all}`);
    for (const kind of ['gone', 'node'])
      for (const what of ['node', 'limits', 'stats'])
        assert.ok(kinds.has(`${kind} ${what}`), `${kind} ${what}`);
    assert.ok(kinds.has('counters node'));
  });

  it('are those that are final: what is taken back has not happened', () => {
    let retracted = 0;
    for (let seed = 1; seed <= 25; seed++) {
      const random = createPrng(seed);
      const recorded = record(null);
      const batches = drawBatches(random, 120);
      for (const batch of batches.splice(0, 10)) recorded.execute(batch);
      recorded.recorder.begin();
      const stretches: Stretch[] = [];
      retracted += speculate(recorded, batches, random, stretches);
      stretches.push(...takeAll(recorded));
      requireTrees(stretches, recorded.trees);
      assert.equal(stretches.at(-1)?.end.zxid, recorded.service.keeper.meta.get().zxid);
    }
    assert.ok(retracted > 100);
  });

  it('begin with what is executed ahead only if that becomes final', () => {
    const recorded = record(null);
    const batches = drawBatches(createPrng(1), 12);
    for (const batch of batches.splice(0, 4)) recorded.execute(batch);
    const { zxid: start } = recorded.service.keeper.meta.get();
    const mark = recorded.service.mark();
    for (const batch of batches.splice(0, 4)) recorded.execute(batch);
    recorded.recorder.begin();
    const { zxid: ahead } = recorded.service.keeper.meta.get();
    assert.ok(ahead > start);
    assert.equal(recorded.recorder.take(mark), null);
    recorded.service.rollback(mark);
    for (const batch of batches) recorded.execute(batch);
    const stretches = takeAll(recorded);
    assert.equal(stretches[0]?.from.zxid, start);
    assert.ok(requireTrees(stretches, recorded.trees) > 0);
  });

  it('go on after a restart where they had come to, and tell by where they begin if they cannot', () => {
    const batches = drawBatches(createPrng(7), 60);
    const first = record({ zxid: 0, time: 0 });
    for (const batch of batches.slice(0, 40)) first.execute(batch);
    const kept = takeAll(first);
    const known = kept.at(-1)?.end;
    assert.ok(known !== undefined && known.zxid > 0);
    // Everything is executed again.
    const again = record(known);
    for (const batch of batches.slice(0, 30)) again.execute(batch);
    assert.deepEqual(total(takeAll(again)), 0);
    for (const batch of batches.slice(30)) again.execute(batch);
    const more = takeAll(again);
    assert.ok(requireTrees([...kept, ...more], again.trees) > kept.length);
    // A state of another's takes the place of what was there.
    const late = record(known);
    restoreFrom(again.service, late.service);
    const [gap] = takeAll(late);
    assert.equal(gap?.from.zxid, again.service.keeper.meta.get().zxid);
    assert.notEqual(gap?.from.zxid, known.zxid);
  });

  it('are not remembered unless somebody asked', () => {
    const recorded = record(null);
    for (const batch of drawBatches(createPrng(3), 30)) recorded.execute(batch);
    assert.deepEqual([recorded.recorder.isOn, recorded.recorder.take(null)], [false, null]);
    recorded.recorder.begin();
    assert.equal(total(takeAll(recorded)), 0);
    recorded.recorder.end();
    assert.equal(recorded.recorder.take(null), null);
  });

  it('that follow on others are refused, and so are those of another tree', () => {
    const recorded = record({ zxid: 0, time: 0 });
    const before = backupOf(createGatherer(createTestService().keeper));
    for (const batch of drawBatches(createPrng(5), 30)) recorded.execute(batch);
    const transactions = takeAll(recorded).flatMap((stretch) => stretch.transactions);
    const genesis = decodeGenesis(before);
    assert.ok(genesis !== null);
    const [one, two] = transactions;
    assert.ok(one !== undefined && two !== undefined);
    assert.match(createFollower(genesis).follow(two)?.flaw ?? '', /after 0x0 comes 0x2/);
    const wrong = { ...one, changes: [{ path: '/nowhere', kind: 'gone' as const }] };
    assert.match(createFollower(genesis).follow(wrong)?.flaw ?? '', /0x1 changes \/nowhere/);
  });
});

describe('a stretch', () => {
  const recorded = record({ zxid: 0, time: 0 });
  for (const batch of drawBatches(createPrng(11), 25)) recorded.execute(batch);
  const [stretch] = takeAll(recorded);
  assert.ok(stretch !== undefined && stretch.transactions.length > 20);

  it('is read only as it was written', () => {
    const bytes = encodeStretch(stretch);
    for (let length = 0; length < bytes.length; length++)
      assert.equal(decodeStretch(bytes.subarray(0, length)), null);
    let accepted = 0;
    for (let at = 0; at < bytes.length; at++) {
      const bent = bytes.slice();
      bent[at] = (bent[at] ?? 0) ^ 1;
      const found = decodeStretch(bent);
      if (found === null) continue;
      accepted++;
      assert.deepEqual(encodeStretch(found), bent);
    }
    // Counters, times and data may have any value: seals around it are for that.
    assert.ok(accepted < bytes.length);
  });

  it('can be cut at any of its transactions', () => {
    for (const { zxid } of stretch.transactions.slice(0, -1)) {
      const rest = restAfter(stretch, { zxid, time: 0 });
      assert.equal(rest?.from.zxid, zxid);
      assert.equal(copyOf(rest).end.zxid, stretch.end.zxid);
    }
    assert.equal(restAfter(stretch, stretch.end), null);
    assert.deepEqual(restAfter(stretch, stretch.from)?.transactions, stretch.transactions);
  });
});
