/** A journal in memory keeps positions and records over a kill, and drops what was released. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryDisk, type Journal } from '@concordat/runtime';
import { watchDurability } from './durability.ts';

test('records survive their owner, at their positions', async () => {
  const disk = createMemoryDisk();
  const journal = disk.open();
  for (let i = 0; i < 10; i++) assert.equal(journal.append(Uint8Array.of(i)), i);
  journal.commit();
  journal.release(7);
  assert.throws(() => disk.open(), /one owner/);
  await journal.abandon();
  assert.throws(() => journal.append(Uint8Array.of(1)), /only the owner/);
  const { recovered, end } = disk.open();
  assert.deepEqual([recovered.first, end, recovered.whole], [7, 10, true]);
  assert.deepEqual(
    recovered.records.map((record) => record[0]),
    [7, 8, 9],
  );
});

test('what is appended is durable at once', () => {
  const journal = createMemoryDisk().open();
  journal.append(Uint8Array.of(1));
  assert.equal(journal.durable, 1);
});

test('an action waits until what was appended before it is durable', async () => {
  let durable = 0;
  const told = { durable: () => {}, failed: () => {} };
  const inner = createMemoryDisk().open();
  const slow: Journal = {
    ...inner,
    get end() {
      return inner.end;
    },
    get durable() {
      return durable;
    },
    listen: (listener) => Object.assign(told, listener),
    commit: () => {
      durable = inner.end;
      told.durable();
    },
  };
  const { journal, onceDurable } = watchDurability(slow);
  const done: string[] = [];
  journal.listen({ durable: () => void done.push('host'), failed: () => {} });
  onceDurable(() => done.push('nothing to wait for'));
  await Promise.resolve();
  journal.append(Uint8Array.of(1));
  onceDurable(() => done.push('first'));
  await Promise.resolve();
  assert.deepEqual(done, ['nothing to wait for']);
  journal.commit();
  assert.deepEqual(done, ['nothing to wait for', 'host', 'first']);
});
