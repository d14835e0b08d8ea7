/** How often a connection is told the same. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayRepeat, type Repeats } from './repeats.ts';

const request = (seq: number) => ({ domain: 1, client: 1, seq });

test('a reply is repeated at once, then later and later; other requests and connections have their own pace', () => {
  const repeats: Repeats = new Map();
  const at: number[] = [];
  for (let now = 0; now < 3000; now += 10) if (mayRepeat(repeats, request(1), now)) at.push(now);
  assert.deepEqual(at, [0, 50, 150, 350, 750, 1550]);
  assert.ok(mayRepeat(repeats, request(2), 3000));
  assert.ok(mayRepeat(new Map(), request(1), 3000), 'nobody else’s replays cost a client its reply');
});

test('what is remembered is bounded', () => {
  const repeats: Repeats = new Map();
  for (let seq = 1; seq <= 1000; seq++) assert.ok(mayRepeat(repeats, request(seq), 0));
  assert.equal(repeats.size, 256);
  assert.equal(mayRepeat(repeats, request(1000), 1), false);
});
