/** Calls become requests: as many together as wait, in order, within bounds, each ended once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_OPERATION_BYTES, MAX_REQUEST_BYTES } from '@concordat/kernel';
import { encodeBundle, MAX_BUNDLE_OPERATIONS } from '../service/bundles.ts';
import { encodeFailure } from '../service/frames.ts';
import { createCallQueue } from './call-queue.ts';

/** A queue whose requests are numbered from 1, with what was sent and replied. */
function setUp(window: number) {
  const abandoned: number[] = [];
  const queue = createCallQueue(window, (seq) => abandoned.push(seq));
  const sent: Uint8Array[] = [];
  const replies = new Map<string, Uint8Array[]>();
  const add = (name: string, body = new TextEncoder().encode(name)) => {
    replies.set(name, []);
    const entry = queue.add(body, (reply) => replies.get(name)?.push(reply));
    assert.ok(entry !== null);
    return entry;
  };
  return { queue, sent, replies, abandoned, add, pump: () => queue.pump((body) => sent.push(body)) };
}

const bodies = (...names: string[]): Uint8Array =>
  encodeBundle(names.map((name) => new TextEncoder().encode(name)));

test('what waits while the window is full travels together, in order', () => {
  const { queue, sent, replies, add, pump } = setUp(1);
  add('a');
  pump();
  for (const name of ['b', 'c', 'd']) add(name);
  pump();
  assert.deepEqual(sent, [bodies('a')]);
  queue.reply(1, Uint8Array.of(0))();
  pump();
  assert.deepEqual(sent.slice(1), [bodies('b', 'c', 'd')]);
  queue.reply(2, encodeBundle([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]))();
  queue.reply(2, encodeBundle([Uint8Array.of(7), Uint8Array.of(7), Uint8Array.of(7)]))();
  assert.deepEqual(
    [...replies.values()],
    [0, 1, 2, 3].map((reply) => [Uint8Array.of(reply)]),
  );
});

test('a request that is answered makes room before its callers hear of it', () => {
  const { queue, sent, replies, add, pump } = setUp(1);
  for (const name of ['a', 'b']) {
    add(name);
    pump();
  }
  const tell = queue.reply(1, Uint8Array.of(0));
  pump();
  assert.deepEqual(sent, [bodies('a'), bodies('b')]);
  assert.deepEqual(replies.get('a'), []);
  tell();
  assert.deepEqual(replies.get('a'), [Uint8Array.of(0)]);
});

test('a withdrawn call does not travel; one that travels cannot be withdrawn', () => {
  const { queue, sent, add, pump } = setUp(1);
  const [a, b] = [add('a'), add('b')];
  add('c');
  assert.equal(queue.withdraw(b), true);
  pump();
  assert.deepEqual(sent, [bodies('a', 'c')]);
  assert.equal(queue.withdraw(a), false);
});

test('a request has bounds in operations and bytes', () => {
  const { sent, add, pump } = setUp(8);
  for (let i = 0; i <= MAX_BUNDLE_OPERATIONS; i++) add(`${i}`, new Uint8Array(1));
  for (const name of ['x', 'y', 'z']) add(name, new Uint8Array(MAX_OPERATION_BYTES));
  pump();
  assert.equal(sent[0]?.length, 5 + 5 * MAX_BUNDLE_OPERATIONS);
  // The last small one and a large one; two large ones and their frame are too much.
  assert.deepEqual(
    sent.slice(1).map(({ length }) => length),
    [5 + 5 + 4 + MAX_OPERATION_BYTES, MAX_OPERATION_BYTES, MAX_OPERATION_BYTES],
  );
  assert.ok(sent.every(({ length }) => length <= MAX_REQUEST_BYTES));
});

test('what was not executed for want of room travels again, before later calls, if it is still wanted', () => {
  const { queue, sent, replies, add, pump } = setUp(1);
  const [, b] = ['a', 'b', 'c', 'd'].map((name) => add(name));
  pump();
  add('e');
  assert.ok(b !== undefined && !queue.withdraw(b));
  const oneResult = Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 1, 9);
  queue.reply(1, oneResult)();
  pump();
  assert.deepEqual([...replies.values()], [[Uint8Array.of(9)], [], [], [], []]);
  assert.deepEqual(sent.slice(1), [bodies('c', 'd', 'e')]);
});

test('what is no list of results answers every call of the request', () => {
  const { queue, replies, add, pump } = setUp(1);
  for (const name of ['a', 'b']) add(name);
  pump();
  const failure = encodeFailure('malformed', '');
  queue.reply(1, failure)();
  assert.deepEqual([...replies.values()], [[failure], [failure]]);
});

test('a request is abandoned once none of its calls is awaited, and keeps its place until it is lost', () => {
  const { queue, sent, abandoned, add, pump } = setUp(1);
  const [a, b, c] = [add('a'), add('b'), add('c')];
  assert.equal(queue.withdraw(c), true, 'it was not sent');
  pump();
  assert.equal(queue.withdraw(a), false);
  assert.equal(queue.withdraw(a), false);
  assert.deepEqual(abandoned, []);
  assert.equal(queue.withdraw(b), false);
  assert.deepEqual(abandoned, [1]);
  add('d');
  pump();
  assert.deepEqual(sent, [bodies('a', 'b')]);
  queue.lose(1);
  pump();
  assert.deepEqual(sent.slice(1), [bodies('d')]);
  queue.reply(2, Uint8Array.of(0))();
  assert.deepEqual(abandoned, [1]);
});
