/** Groups against games whose answers are known. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Experiment } from './deviation.ts';
import { auditGroups, spreadOver } from './groups.ts';
import { isNear, PLAIN, planOf } from './testing/auditing.ts';
import { club, type Move, pool, publicGoods, withhold } from './testing/games.ts';

const OPTIONS = { seeds: 20, seedAt: (index: number) => index, prices: PLAIN.prices };

test('members are spread over all peers, each once', () => {
  assert.deepEqual(spreadOver(10, 1), [5]);
  assert.deepEqual(spreadOver(10, 2), [2, 7]);
  assert.deepEqual(spreadOver(4, 4), [0, 1, 2, 3]);
  assert.equal(new Set(spreadOver(100, 20)).size, 20);
});

test('one who pools alone loses, two gain, and the third pays for it', () => {
  const [one, two] = auditGroups(club, [pool], [planOf(pool)], { ...OPTIONS, peers: 3, sizes: [1, 2] });
  assert.deepEqual([one?.size, two?.size], [1, 2]);
  // Everybody has about 10: one loses 1 of it, or gains as much, while the third loses 2.
  isNear(one?.gain.estimate, -0.1, 0.01);
  isNear(one?.others.estimate, 0, 1e-9);
  isNear(two?.gain.estimate, 0.1, 0.01);
  isNear(two?.others.estimate, -0.2, 0.02);
  assert.ok((two?.gain.lower ?? 0) > 0.08 && (two?.others.upper ?? 0) < -0.15);
});

test('the more withhold, the less each gains, as algebra says', () => {
  const [peers, r] = [10, 4];
  const findings = auditGroups(publicGoods(peers), [withhold], [planOf(withhold, { share: 1 })], {
    ...OPTIONS,
    peers,
    sizes: [1, 2, 3],
    prices: [r, -1],
  });
  for (const { size, gain, others } of findings) {
    isNear(gain.estimate, (1 - (size * r) / peers) / (r - 1));
    isNear(others.estimate, (-size * r) / peers / (r - 1));
  }
});

test('obedient worlds are run once for each seed, whatever the sizes and plans', () => {
  let obedient = 0;
  let others = 0;
  const counted: Experiment<Move> = {
    ...club,
    run: (seed, twists, deviators) => {
      if (twists.length === 0) obedient++;
      else others++;
      return club.run(seed, twists, deviators);
    },
  };
  auditGroups(counted, [pool], [planOf(pool), planOf(pool)], { ...OPTIONS, peers: 3, sizes: [1, 2] });
  assert.deepEqual([obedient, others], [20, 80]);
});
