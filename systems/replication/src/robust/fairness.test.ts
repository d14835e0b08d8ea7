/** What overtakes a request, and what does not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pooled } from '../pool.ts';
import { createFairness, isOvertaken, noteOrdered, watch } from './fairness.ts';

const MARGIN_MS = 100;

const pooled = (client: number, seq: number, arrivedAt: number): Pooled => ({
  request: {
    domain: 0,
    client,
    seq,
    acked: 0,
    body: new Uint8Array(),
    signature: new Uint8Array(64),
  },
  digest: new Uint8Array(32),
  arrivedAt,
  replyTo: null,
  isVerified: true,
  isBusy: false,
  isShown: false,
});

function watching(shownAt: number | null) {
  const fairness = createFairness();
  const waiting = pooled(1, 1, 0);
  watch(fairness, waiting);
  fairness.shownAt = shownAt;
  const order = (...requests: Pooled[]): boolean => {
    for (const request of requests) noteOrdered(fairness, request, MARGIN_MS);
    return isOvertaken(fairness);
  };
  return { fairness, waiting, order };
}

test('two later requests of one client are one too many', () => {
  const { order } = watching(200);
  assert.equal(order(pooled(2, 1, 301)), false);
  assert.equal(order(pooled(2, 2, 302)), true);
});

test('one later request of each client is not', () => {
  const { order } = watching(200);
  assert.equal(order(...Array.from({ length: 50 }, (_, i) => pooled(2 + i, 1, 400))), false);
});

test('requests that came before the margin are not later', () => {
  const { order } = watching(200);
  assert.equal(order(...Array.from({ length: 50 }, (_, i) => pooled(2, 1 + i, 300))), false);
});

test('before the primary was shown the request, nothing counts', () => {
  const { order } = watching(null);
  assert.equal(order(...Array.from({ length: 50 }, (_, i) => pooled(2, 1 + i, 400))), false);
});

test('a client does not overtake itself', () => {
  const { order } = watching(200);
  assert.equal(order(pooled(1, 2, 400), pooled(1, 3, 400)), false);
});

test('once it is ordered, all is forgiven', () => {
  const { fairness, waiting, order } = watching(200);
  order(pooled(2, 1, 400));
  assert.equal(order(waiting, pooled(2, 2, 400)), false);
  assert.equal(fairness.watched, null);
});
