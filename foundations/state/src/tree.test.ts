/** The shape of the tree: bounded parts, one shape per content, and no more hashing than what changed. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Hash, modelHash } from '@concordat/crypto';
import {
  createState,
  MAX_ENTRY_BYTES,
  MAX_PART_BYTES,
  numberKey,
  type State,
  type StateMap,
  textKey,
} from './index.ts';
import { levelOf, SPLIT_BYTES } from './part.ts';
import { FRAME_BYTES } from './records.ts';

interface Sample {
  readonly state: State;
  readonly values: StateMap<number, Uint8Array>;
  /** How many bytes were hashed, and in how many calls, since the last look. */
  hashed(): { calls: number; sizeBytes: number };
}

function createSample(): Sample {
  let calls = 0;
  let sizeBytes = 0;
  const hash: Hash = (bytes) => {
    calls++;
    sizeBytes += bytes.length;
    return modelHash(bytes);
  };
  const state = createState({ hash, version: 1 });
  const values = state.map('values', {
    ...numberKey,
    encode: (value: Uint8Array) => value,
    decode: (bytes) => bytes,
  });
  const hashed = () => {
    const seen = { calls, sizeBytes };
    calls = 0;
    sizeBytes = 0;
    return seen;
  };
  return { state, values, hashed };
}

function partSizes(state: State): number[] {
  const snapshot = state.snapshot(state.mark());
  return Array.from({ length: snapshot.parts }, (_, part) => snapshot.read(part).length);
}

describe('parts', () => {
  it('stay small however many entries there are', () => {
    const { state, values } = createSample();
    for (let i = 0; i < 5000; i++) values.set(i, new Uint8Array(i % 300));
    const sizes = partSizes(state);
    assert.ok(Math.max(...sizes) <= SPLIT_BYTES + 64, 'ordinary parts keep to the bound');
    assert.ok(sizes.length < 150, `${sizes.length} parts for 0.8 MB`);
  });

  it('hold a single entry when it is large, up to the bound', () => {
    const { state, values } = createSample();
    const room = MAX_ENTRY_BYTES - FRAME_BYTES - 'values'.length - 8;
    for (let i = 0; i < 4; i++) values.set(i, new Uint8Array(room));
    const sizes = partSizes(state);
    assert.ok(Math.max(...sizes) <= MAX_PART_BYTES);
    assert.equal(sizes.filter((size) => size > SPLIT_BYTES).length, 4);
    assert.throws(() => values.set(9, new Uint8Array(room + 1)), /bound/);
  });

  it('return to one when the entries go', () => {
    const { state, values } = createSample();
    for (let i = 0; i < 3000; i++) values.set(i, new Uint8Array(100));
    assert.ok(partSizes(state).length > 10);
    for (let i = 0; i < 3000; i++) values.delete(i);
    assert.equal(partSizes(state).length, 1);
    values.set(7, new Uint8Array(100));
    assert.ok(partSizes(state).length <= 2, 'the way from the first birth to the last is short');
  });
});

describe('a digest', () => {
  it('hashes what changed and not the rest', () => {
    const { state, values, hashed } = createSample();
    for (let i = 0; i < 5000; i++) values.set(i, new Uint8Array(150));
    state.digest();
    const { sizeBytes: whole } = hashed();
    assert.ok(whole > 5000 * 150);
    state.digest();
    assert.equal(hashed().calls, 0, 'an unchanged state is not hashed');
    values.set(7, new Uint8Array(150).fill(1));
    values.set(7, new Uint8Array(150).fill(2));
    state.digest();
    const one = hashed();
    assert.equal(one.calls, 3, 'the entry, the digests of its part, the list of parts');
    assert.ok(one.sizeBytes < whole / 100, `${one.sizeBytes} of ${whole} bytes`);
  });

  it('hashes little more than a large entry that changed, not its neighbours', () => {
    const { state, values, hashed } = createSample();
    for (let i = 0; i < 1000; i++) values.set(i, new Uint8Array(1000));
    state.digest();
    hashed();
    for (let i = 0; i < 50; i++) values.set(i, new Uint8Array(1000).fill(1));
    state.digest();
    const { sizeBytes } = hashed();
    assert.ok(sizeBytes < 2 * 50 * 1000, `${sizeBytes} bytes for 50 entries of 1000`);
  });

  it('hashes new entries, however many there are, with few parts', () => {
    const { state, values, hashed } = createSample();
    for (let i = 0; i < 20_000; i++) values.set(i, new Uint8Array(1000));
    state.digest();
    hashed();
    for (let i = 0; i < 1000; i++) values.set(20_000 + i, new Uint8Array(1000));
    state.digest();
    const { calls } = hashed();
    assert.ok(calls < 1000 + 150, `${calls} calls for 1000 entries, 16 of which fit a part`);
  });

  it('costs one hash per new entry, besides its part', () => {
    const { state, values, hashed } = createSample();
    for (let i = 0; i < 20; i++) values.set(i, new Uint8Array(10));
    state.digest();
    assert.equal(
      hashed().calls,
      20 + 4,
      'each entry and the count of births, the empty part, the part, the list',
    );
  });

  it('is not computed again after a rollback to a mark where it was known', () => {
    const { state, values, hashed } = createSample();
    for (let i = 0; i < 1000; i++) values.set(i, new Uint8Array(100));
    state.digest();
    const mark = state.mark();
    for (let i = 0; i < 1000; i++) values.set(i, new Uint8Array(90));
    state.digest();
    hashed();
    state.rollback(mark);
    state.digest();
    assert.equal(hashed().calls, 0, 'not even the list of parts');
  });

  it('finds the tree of a mark without hashing what did not change since', () => {
    const { state, values, hashed } = createSample();
    for (let i = 0; i < 5000; i++) values.set(i, new Uint8Array(100));
    state.digest();
    values.set(0, new Uint8Array(1));
    const mark = state.mark();
    values.set(1, new Uint8Array(1));
    state.digest();
    hashed();
    state.snapshot(mark);
    assert.ok(hashed().calls <= 4);
  });
});

describe('levels', () => {
  it('are the smallest whose first range has a birth', () => {
    const births = [0, 1, 2, 3, 4, 1023, 1024, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
    assert.deepEqual(births.map(levelOf), [0, 1, 2, 2, 3, 10, 11, 32, 33, 53]);
  });
});

describe('text keys', () => {
  it('are UTF-8, and refused if they are not Unicode', () => {
    for (const key of ['', 'plain', 'é', '😀', '\u0000', '\ufeff']) {
      assert.equal(textKey.decodeKey(textKey.encodeKey(key)), key);
    }
    assert.throws(() => textKey.encodeKey('\ud800'), /Unicode/);
    assert.equal(textKey.decodeKey(Uint8Array.of(0xff)), null);
  });
});
