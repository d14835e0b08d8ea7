import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createModelKeys } from '@concordat/crypto';
import { createReader, createWriter } from '@concordat/wire';
import fc from 'fast-check';
import {
  applyUpdate,
  type EvictionUpdate,
  evictionUpdateBytes,
  readEvictionUpdate,
  updateSince,
  writeEvictionUpdate,
} from './eviction-updates.ts';
import { type EvictionList, isEvictionList, NO_EVICTIONS, signEvictions } from './evictions.ts';

const cluster = new Uint8Array(32).fill(7);
const authority = createModelKeys(2, 1)(0);

/** Versions with 0, 1, 2 ... evictions; `proof` tells histories apart. */
function history(length: number, proof: number): EvictionList[] {
  const lists = [signEvictions(authority, cluster, NO_EVICTIONS, [])];
  for (let member = 1; member <= length; member++) {
    const entry = { member, epoch: 0, round: member, rule: 'two', proof: new Uint8Array(32).fill(proof) };
    lists.push(signEvictions(authority, cluster, lists.at(-1) ?? NO_EVICTIONS, [entry]));
  }
  return lists;
}

function bytesOf(update: EvictionUpdate): Uint8Array {
  const writer = createWriter();
  writeEvictionUpdate(writer, update);
  return writer.finish();
}

describe('updates of lists of evictions', () => {
  const lists = history(8, 1);

  it('bring whoever has the first entries to the whole list, signed as it is', () => {
    for (const [known, list] of lists.entries())
      for (const later of lists.slice(known))
        for (let after = 0; after <= known; after++) {
          const applied = applyUpdate(list, updateSince(later, after));
          assert.deepEqual(applied, later);
          assert.ok(applied !== null && isEvictionList(authority, cluster, applied));
        }
    assert.equal(applyUpdate(lists[2] as EvictionList, updateSince(lists[5] as EvictionList, 3)), null);
  });

  it('do not hold for whoever was told another story, until they have all of it', () => {
    const others = history(8, 2);
    const [known, later] = [lists[4], others[5]] as [EvictionList, EvictionList];
    const mixed = applyUpdate(known, updateSince(later, 4));
    assert.ok(mixed !== null && !isEvictionList(authority, cluster, mixed));
    assert.deepEqual(applyUpdate(known, updateSince(later, 0)), later);
  });

  it('make no list out of entries in disorder, or with a member twice', () => {
    const list = lists[4] as EvictionList;
    const update = updateSince(list, 2);
    assert.equal(applyUpdate(list, { ...update, entries: [...update.entries].reverse() }), null);
    assert.equal(applyUpdate(list, { ...update, after: 3 }), null);
    assert.equal(applyUpdate(list, { ...update, formerCount: 5 }), null);
  });

  it('take as many bytes as they say, the same however long the list is, and have one form', () => {
    const sizes = lists.slice(1).map((list) => {
      const update = updateSince(list, list.entries.length - 1);
      const bytes = bytesOf(update);
      assert.equal(bytes.length, evictionUpdateBytes(update));
      const reader = createReader(bytes);
      assert.deepEqual(reader.finish(readEvictionUpdate(reader)), update);
      return bytes.length;
    });
    assert.equal(new Set(sizes).size, 1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const reader = createReader(noise);
        const update = reader.finish(readEvictionUpdate(reader));
        if (update !== null) assert.deepEqual(bytesOf(update), noise);
      }),
    );
  });
});
