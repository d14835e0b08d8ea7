/** Each packet goes to the asked-for number of different peers, and no peer can count on any. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { planSeeds } from './seeding.ts';

const secret = (n: number): Uint8Array => new Uint8Array(32).fill(n);

test('each packet goes to C different peers', () => {
  for (const [members, packets, copies] of [
    [250, 10, 12],
    [20, 50, 20],
    [3, 10, 12],
    [1, 4, 1],
  ] as const) {
    const plan = planSeeds(modelHash, secret(1), members, packets, copies);
    const counts = new Array<number>(packets).fill(0);
    for (const [place, indices] of plan) {
      assert.ok(place >= 0 && place < members);
      assert.equal(new Set(indices).size, indices.length);
      for (const index of indices) counts[index] = (counts[index] ?? 0) + 1;
    }
    assert.deepEqual(counts, new Array(packets).fill(Math.min(copies, members)));
  }
  assert.equal(planSeeds(modelHash, secret(1), 0, 10, 12).size, 0);
});

test('over many rounds everybody gets about the same, and another secret makes another plan', () => {
  const got = new Map<number, number>();
  for (let round = 0; round < 100; round++)
    for (const [place, indices] of planSeeds(modelHash, secret(round), 100, 10, 5))
      got.set(place, (got.get(place) ?? 0) + indices.length);
  // 5000 copies among 100 peers: 50 expected, standard deviation 7.
  assert.equal(got.size, 100);
  for (const count of got.values()) assert.ok(count > 20 && count < 85);
  assert.notDeepEqual(
    planSeeds(modelHash, secret(1), 100, 10, 5),
    planSeeds(modelHash, secret(2), 100, 10, 5),
  );
});
