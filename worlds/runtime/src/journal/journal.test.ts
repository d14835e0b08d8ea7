import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { utf8 } from '@concordat/wire';
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

test('segments roll over, and released ones are deleted', async () => {
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
