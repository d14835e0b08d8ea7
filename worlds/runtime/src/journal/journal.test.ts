import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { utf8 } from '@concordat/wire';
import { type Disk, realDisk } from './disk.ts';
import type { Journal } from './journal.ts';
import { createJournal, openJournal } from './open.ts';

const temporary = (): string => fs.mkdtempSync(`${tmpdir()}/concordat-journal-`);
const texts = (journal: Journal): string[] =>
  journal.recovered.records.map((record) => Buffer.from(record).toString());

test('records come back in order, with their positions, after a clean close', async () => {
  const directory = temporary();
  await createJournal(directory, { segmentBytes: 64 * 1024 });
  const first = await openJournal(directory);
  assert.equal(first.append(utf8('a')), 0);
  assert.equal(first.append(utf8('bc')), 1);
  first.commit();
  assert.equal(first.end, 2);
  await first.close();
  const second = await openJournal(directory);
  assert.deepEqual(texts(second), ['a', 'bc']);
  assert.equal(second.recovered.whole, true);
  assert.equal(second.append(utf8('d')), 2);
  second.commit();
  await second.close();
  const third = await openJournal(directory);
  assert.deepEqual(texts(third), ['a', 'bc', 'd']);
  await third.close();
});

test('recovered records are let go of once somebody has read them', async () => {
  const directory = temporary();
  await createJournal(directory, { segmentBytes: 64 * 1024 });
  const first = await openJournal(directory);
  first.append(utf8('a'));
  first.commit();
  await first.close();
  const second = await openJournal(directory);
  const found = ((): WeakRef<object> => {
    const { records } = second.recovered;
    second.forgetRecovered();
    assert.equal(records.length, 1, 'whoever was given them may keep them');
    return new WeakRef(records);
  })();
  assert.deepEqual([second.recovered.records, second.recovered.whole, second.end], [[], true, 1]);
  // A reference is held until the turn of the loop is over.
  await new Promise((resolve) => setImmediate(resolve));
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  assert.equal(found.deref(), undefined, 'the journal keeps nothing');
  await second.close();
});

test('segments roll over, and released ones are forgotten', async () => {
  const directory = temporary();
  await createJournal(directory, { segmentBytes: 8 * 1024 });
  const journal = await openJournal(directory);
  const record = new Uint8Array(1000);
  for (let i = 0; i < 100; i++) {
    journal.append(record);
    journal.commit();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(journal.end, 100);
  while (journal.durable < 100) await new Promise((resolve) => setTimeout(resolve, 1));
  journal.release(90);
  await journal.close();
  const again = await openJournal(directory);
  assert.equal(again.recovered.whole, true, again.reason);
  const { first, records } = again.recovered;
  assert.ok(first > 80 && first <= 90, `first is ${first}`);
  assert.equal(first + records.length, 100);
  await again.close();
});

test('released segments are used again, and nothing of their former life comes back', async () => {
  const directory = temporary();
  const segmentBytes = 4096;
  await createJournal(directory, { segmentBytes });
  let fresh = 0;
  const disk: Disk = {
    ...realDisk,
    open: (path, isFresh) => {
      if (isFresh && path.includes('segment')) fresh++;
      return realDisk.open(path, isFresh);
    },
  };
  const recordOf = (index: number): Uint8Array => utf8(`${index}`.padEnd(100, '.'));
  for (let life = 0; life < 3; life++) {
    const journal = await openJournal(directory, { disk, sync: 'blocking', sealAfterMs: 60_000 });
    assert.equal(journal.recovered.whole, true, journal.reason);
    for (const [i, found] of journal.recovered.records.entries()) {
      assert.deepEqual(found, recordOf(journal.recovered.first + i));
    }
    fresh = 0;
    for (const end = journal.end + 800; journal.end < end; ) {
      journal.append(recordOf(journal.end));
      journal.commit();
      while (journal.durable < journal.end) await new Promise((resolve) => setTimeout(resolve, 1));
      if (journal.end % 50 === 0) journal.release(journal.end - 10);
    }
    assert.ok(fresh < 8, `${fresh} segments were filled with zeros for what takes 30`);
    const { end } = journal;
    const before = filesIn(directory);
    journal.append(recordOf(end));
    journal.commit();
    await journal.abandon();
    tearCommit(directory, before);
    const again = await openJournal(directory, { disk, sync: 'blocking' });
    assert.equal(again.recovered.whole, true, again.reason);
    assert.equal(again.end, end);
    await again.abandon();
  }
});

function filesIn(directory: string): Map<string, Buffer> {
  const names = fs.readdirSync(directory).filter((name) => name !== 'lock');
  return new Map(names.map((name) => [name, fs.readFileSync(`${directory}/${name}`)]));
}

/** Of a commit since, only the first bytes reached the disk: behind them lies what the file held in its former life. */
function tearCommit(directory: string, before: Map<string, Buffer>): void {
  for (const [name, after] of filesIn(directory)) {
    const former = before.get(name);
    const changed = former === undefined ? -1 : after.findIndex((byte, at) => byte !== former[at]);
    if (former === undefined || changed < 0) continue;
    if (name.startsWith('segment')) former.copy(after, changed + 16, changed + 16);
    fs.writeFileSync(`${directory}/${name}`, name.startsWith('segment') ? after : former);
  }
}

test('a second process is refused, by name', async () => {
  const directory = temporary();
  await createJournal(directory);
  const journal = await openJournal(directory);
  await assert.rejects(openJournal(directory), {
    code: 'journal-locked',
    message: new RegExp(`${process.pid}`),
  });
  await journal.close();
  await (await openJournal(directory)).close();
});

test('reading tells of every segment, and begins when the directory is locked and what follows on that is done', async () => {
  const directory = temporary();
  await createJournal(directory, { segmentBytes: 4096 });
  const first = await openJournal(directory, { sync: 'blocking' });
  for (let i = 0; i < 30; i++) {
    first.append(new Uint8Array(1000));
    first.commit();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await first.close();
  const { length } = fs.readdirSync(directory).filter((name) => name.startsWith('segment-'));
  assert.ok(length > 3);
  const told: string[] = [];
  const second = await openJournal(directory, {
    onLocked: async () => {
      await assert.rejects(openJournal(directory), { code: 'journal-locked' });
      told.push('locked');
    },
    onReading: ({ done, total }) => told.push(`${done / 4096} of ${total / 4096}`),
  });
  const steps = Array.from({ length: length + 1 }, (_, i) => `${i} of ${length}`);
  assert.deepEqual(told, ['locked', ...steps]);
  await second.close();
});

test('what fails when the directory is locked is told as it is, and unlocks it', async () => {
  const directory = temporary();
  await createJournal(directory, { segmentBytes: 4096 });
  const failing = async (): Promise<void> => {
    throw new RangeError('not now');
  };
  await assert.rejects(openJournal(directory, { onLocked: failing }), RangeError);
  await (await openJournal(directory)).close();
});
