/** Which silence of a primary is one too long, and how patience grows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeartbeat, type Heartbeat, missesBeats } from './heartbeat.ts';

const BEAT_MS = 250;
const TICK_MS = 25;

/** Ticks through `forMs` with a proposal every `everyMs`; returns when beats were missed. */
function listen(h: Heartbeat, forMs: number, everyMs: number, isFree = true): number[] {
  const missed: number[] = [];
  const from = h.lookedAt;
  for (let t = TICK_MS; t <= forMs; t += TICK_MS) {
    if (t % everyMs === 0) h.proposals += 1;
    if (missesBeats(h, BEAT_MS, isFree, from + t)) missed.push(t);
  }
  return missed;
}

test('a primary that proposes at its pace, or up to half as often, is not suspected', () => {
  assert.deepEqual(listen(createHeartbeat(0), 60_000, 250), []);
  assert.deepEqual(listen(createHeartbeat(0), 60_000, 500), []);
});

test('one that proposes just often enough for the timeout is suspected after a window', () => {
  assert.deepEqual(listen(createHeartbeat(0), 2000, 900), [2000]);
});

test('the window doubles with each view change that it caused, and a pass resets it', () => {
  const h = createHeartbeat(0);
  assert.deepEqual(listen(h, 14_000, 900), [2000, 8000, 14_000], 'four in the longer window are enough');
  assert.deepEqual(listen(createHeartbeat(0), 30_000, 30_000), [2000, 6000, 14_000, 30_000]);
  assert.deepEqual(listen(h, 8000, 250), []);
  assert.equal(h.doublings, 0);
});

test('a primary that could not have proposed is not suspected', () => {
  assert.deepEqual(listen(createHeartbeat(0), 60_000, 60_000, false), []);
});

test('a pause of this replica is not the silence of the primary', () => {
  const h = createHeartbeat(0);
  assert.equal(missesBeats(h, BEAT_MS, true, 60_000), false);
});
