/** The counter on four members, one of them killed in the middle. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDeterminism, createCluster, unwrap } from '@concordat/replication/edge';
import { counter } from './counter.ts';

test('a counter counts on while a member is down', { timeout: 30_000 }, async () => {
  await using cluster = await createCluster(counter, { u: 1, r: 1 });
  const [first, second] = cluster.members;
  assert.equal(unwrap(await first!.call('add', { amount: 3 })), 3);
  await cluster.kill(0);
  assert.equal(unwrap(await second!.call('add', { amount: 4 })), 7);
});

test('the counter is deterministic', () => {
  const operation = (random: { below(bound: number): number }) =>
    ['add', { amount: random.below(10) }] as const;
  assert.deepEqual(checkDeterminism(counter, { operation }), []);
});
