/** Splitting and joining: back and forth, without copies where none are needed, and nothing but what splitting made. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { joinShards, shardBytes, splitIntoShards } from './splitting.ts';

describe('splitting', () => {
  it('comes back from any length and count', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 255 }), (bytes, count) => {
        const shards = splitIntoShards(bytes, count);
        assert.equal(shards.length, count);
        for (const shard of shards) assert.equal(shard.length, shardBytes(bytes.length, count));
        assert.deepEqual(joinShards(shards, bytes.length), bytes);
      }),
    );
  });

  it('copies only shards that need zeros', () => {
    const bytes = Uint8Array.from({ length: 10 }, (_, i) => i + 1);
    const shards = splitIntoShards(bytes, 4);
    assert.equal(shards.map((shard) => shard.join('')).join(' '), '123 456 789 1000');
    assert.deepEqual(
      shards.map((shard) => shard.buffer === bytes.buffer),
      [true, true, true, false],
    );
    assert.deepEqual(
      splitIntoShards(new Uint8Array(0), 2).map((shard) => shard.length),
      [1, 1],
    );
  });

  it('takes back one form only', () => {
    const shards = splitIntoShards(Uint8Array.of(1, 2, 3, 4, 5), 3);
    assert.deepEqual(joinShards(shards, 5), Uint8Array.of(1, 2, 3, 4, 5));
    assert.deepEqual(
      joinShards(shards, 6),
      Uint8Array.of(1, 2, 3, 4, 5, 0),
      'the length is not in the shards',
    );
    for (const length of [4, 3, 0, 7, -1, 4.5, Number.NaN, 2 ** 60]) {
      assert.equal(joinShards(shards, length), null, `${length}`);
    }
    const dirty = [...shards.slice(0, 2), Uint8Array.of(5, 9)];
    assert.equal(joinShards(dirty, 5), null);
    assert.deepEqual(joinShards(dirty, 6), Uint8Array.of(1, 2, 3, 4, 5, 9));
    assert.equal(joinShards([...shards.slice(0, 2), Uint8Array.of(5)], 5), null);
    assert.equal(joinShards([], 0), null);
    assert.equal(joinShards([new Uint8Array(0)], 0), null);
    assert.throws(() => splitIntoShards(Uint8Array.of(1), 0), /there is a shard/);
  });
});
