/** The outcomes that no honest cluster gives: a channel that is full, and replies that are none of the service's. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeDone } from '../service/frames.ts';
import { counter } from '../testing/counter.ts';
import { createCallQueue } from './call-queue.ts';
import { type Channel, createTypedClient } from './typed-client.ts';

const closed = new AbortController().signal;

const answering = (reply: Uint8Array): Channel => ({
  closed,
  submit: (_body, replied) => {
    queueMicrotask(() => replied(reply));
    return { withdraw: () => false };
  },
});

test('a reply of another form is unknown: the call was sent, and who knows what became of it', async () => {
  const whole = encodeDone((writer) => writer.u53(3));
  const client = createTypedClient(counter, answering(whole));
  assert.deepEqual(await client.call('add', { amount: 3 }), { status: 'ok', value: 3 });
  const replies = [whole.subarray(1), whole.subarray(0, 5), Uint8Array.of(...whole, 0), Uint8Array.of(7)];
  for (const reply of [...replies, new Uint8Array(0)]) {
    const outcome = await createTypedClient(counter, answering(reply)).call('add', { amount: 3 });
    assert.deepEqual(outcome, { status: 'unknown', why: 'unreadable' });
  }
});

test('a call that finds the queue full has failed at once, and the others wait on', async () => {
  const queue = createCallQueue(10);
  const body = new Uint8Array(1);
  let waiting = 0;
  while (queue.add(body, () => {}) !== null) waiting++;
  assert.equal(waiting, 65_536);
  const client = createTypedClient(counter, {
    closed,
    submit: (sent, replied) => {
      const entry = queue.add(sent, replied);
      return entry === null ? null : { withdraw: () => queue.withdraw(entry) };
    },
  });
  const busy = await client.call('add', { amount: 1 });
  assert.deepEqual(busy, { status: 'failed', code: 'busy', detail: '' });
  let sent = 0;
  queue.pump(() => sent++);
  assert.equal(sent, 10);
  const late = await client.call('add', { amount: 1 }, { timeoutMs: 5 });
  assert.deepEqual(late, { status: 'failed', code: 'timeout', detail: '' });
  assert.ok(queue.hasWaiting);
});
