/** Keys for MACs: the same for both of a pair, and another for each use, direction, pair and federation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelPairSecrets, MAC_KEY_BYTES, modelHash } from '@concordat/crypto';
import { toHex, utf8 } from '@concordat/wire';
import { type PairUse, pairKey } from './pair-keys.ts';

const USES: readonly PairUse[] = ['client to filter', 'filter to replica', 'client to replica'];
const secretsOf = createModelPairSecrets(4, 1);
const clusters = [modelHash(utf8('one')), modelHash(utf8('other'))];

test('both of a pair derive the same key, and no two of anything else', () => {
  const seen = new Set<string>();
  let count = 0;
  for (const cluster of clusters)
    for (const use of USES)
      for (let from = 0; from < 4; from++)
        for (let to = 0; to < 4; to++) {
          const ofWriter = pairKey(modelHash, cluster, secretsOf(from), use, from, to, from);
          const ofReader = pairKey(modelHash, cluster, secretsOf(to), use, from, to, to);
          assert.equal(ofWriter.length, MAC_KEY_BYTES);
          assert.deepEqual(ofReader, ofWriter);
          seen.add(toHex(ofWriter));
          count++;
        }
  assert.equal(seen.size, count);
});

test('a third party derives another', () => {
  const [cluster] = clusters;
  assert.ok(cluster);
  const key = pairKey(modelHash, cluster, secretsOf(0), 'client to filter', 0, 1, 0);
  for (const other of [2, 3])
    for (const peer of [0, 1])
      assert.notDeepEqual(pairKey(modelHash, cluster, secretsOf(other), 'client to filter', 0, 1, peer), key);
});

test('another epoch has other keys', () => {
  const keyIn = (epoch?: number) =>
    pairKey(modelHash, utf8('cluster'), secretsOf(0), 'client to filter', 0, 1, 0, epoch);
  assert.deepEqual(keyIn(0), keyIn());
  assert.notDeepEqual(keyIn(1), keyIn(0));
  assert.notDeepEqual(keyIn(2), keyIn(1));
});
