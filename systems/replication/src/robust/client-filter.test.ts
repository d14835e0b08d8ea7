/** Whose turn it is to have a signature checked, what is repeated to whom, and who is held to account for what. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { utf8 } from '@concordat/wire';
import {
  blame,
  type ClientFilter,
  createClientFilter,
  enqueue,
  forgetGuest,
  isRefused,
  noteChecked,
  takeNext,
  type Unchecked,
} from './client-filter.ts';

const unchecked = (seq: number, sizeBytes = 10, signature = 1): Unchecked => ({
  request: {
    domain: 0,
    client: 7,
    seq,
    acked: 0,
    body: new Uint8Array(sizeBytes),
    signature: new Uint8Array(64).fill(signature),
  },
  digest: modelHash(utf8(`${seq}`)),
});

const takeAll = (f: ClientFilter): string[] => {
  const taken: string[] = [];
  for (let next = takeNext(f); next !== null; next = takeNext(f))
    taken.push(`${next.from}:${next.request.seq}`);
  return taken;
};

test('connections take turns, however much one of them asks for', () => {
  const f = createClientFilter();
  for (let seq = 1; seq <= 5; seq++) assert.ok(enqueue(f, 1, unchecked(seq)));
  assert.ok(enqueue(f, 2, unchecked(100)));
  assert.ok(enqueue(f, 3, unchecked(200)));
  assert.deepEqual(takeAll(f), ['1:1', '2:100', '3:200', '1:2', '1:3', '1:4', '1:5']);
});

test('few checks run at a time, and the next begins when one is done', () => {
  const f = createClientFilter();
  for (let seq = 1; seq <= 100; seq++) enqueue(f, 1, unchecked(seq));
  assert.equal(takeAll(f).length, 64);
  noteChecked(f, unchecked(1));
  assert.deepEqual(takeAll(f), ['1:65']);
});

test('the same request is not checked twice at a time; another signature makes another request', () => {
  const f = createClientFilter();
  enqueue(f, 1, unchecked(1));
  assert.deepEqual(takeAll(f), ['1:1']);
  assert.equal(enqueue(f, 2, unchecked(1)), false);
  assert.equal(enqueue(f, 2, unchecked(1, 10, 2)), true);
  noteChecked(f, unchecked(1));
  assert.equal(enqueue(f, 2, unchecked(1)), true);
});

test('what waits is bounded by number and by size, and a connection that is gone leaves nothing', () => {
  const f = createClientFilter();
  let kept = 0;
  for (let seq = 1; seq <= 1000; seq++) if (enqueue(f, 1, unchecked(seq, 0))) kept++;
  assert.equal(kept, 128);
  assert.ok(enqueue(f, 2, unchecked(1, 3 * 1024 * 1024, 2)));
  assert.equal(enqueue(f, 2, unchecked(2, 2 * 1024 * 1024, 2)), false);
  assert.equal(f.waitingBytes, 3 * 1024 * 1024);
  forgetGuest(f, 1);
  forgetGuest(f, 2);
  assert.deepEqual([f.guests.size, f.rotation.length, f.waitingBytes, takeNext(f)], [0, 0, 0, null]);
});

test('blame lasts longer each time, and is one connection’s or one domain’s', () => {
  const f = createClientFilter();
  assert.equal(blame(f.connections, 1, 0), 1000);
  assert.equal(blame(f.connections, 1, 2000), 2000);
  assert.ok(isRefused(f.connections, 1, 3999) && !isRefused(f.connections, 1, 4000));
  assert.ok(!isRefused(f.connections, 2, 0) && !isRefused(f.domains, 1, 0));
});
