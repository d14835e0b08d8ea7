/** Bitmaps agree with sets of ids, whatever the shape; picking is newest first and goes around from where it is told to begin. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import {
  type Bits,
  clearBit,
  clearRow,
  countBits,
  countCommon,
  countRow,
  createBits,
  createShape,
  fillRow,
  hasBit,
  idOf,
  indexOfId,
  isEmpty,
  isWithin,
  JUNK,
  pickNewest,
  pickOldest,
  pickRow,
  popcount,
  roundOfId,
  rowOf,
  type Shape,
  setBit,
  subtract,
  unite,
} from './bits.ts';
import { sampleBits } from './testing/samples.ts';

const SHAPES = [1, 10, 31, 32, 33, 50, 64, 100].map((perRound) => createShape(7, perRound));

const idsIn = (shape: Shape, bits: Bits): Set<number> =>
  new Set(
    Array.from({ length: shape.lifetime * shape.perRound }, (_, id) => id).filter((id) =>
      hasBit(shape, bits, id),
    ),
  );

test('bits are set, cleared and counted one by one and by row', () => {
  const random = createPrng(1, 'bits');
  for (const shape of SHAPES) {
    const bits = createBits(shape);
    const model = new Set<number>();
    for (let step = 0; step < 400; step++) {
      const id = random.below(shape.lifetime * shape.perRound);
      if (random.chance(0.6)) setBit(shape, bits, id);
      else clearBit(shape, bits, id);
      if (hasBit(shape, bits, id)) model.add(id);
      else model.delete(id);
    }
    assert.deepEqual(idsIn(shape, bits), model);
    assert.equal(countBits(bits), model.size);
    assert.ok(isWithin(shape, bits));
    for (let row = 0; row < shape.lifetime; row++)
      assert.equal(
        countRow(shape, bits, row),
        [...model].filter((id) => Math.floor(id / shape.perRound) === row).length,
      );
    fillRow(shape, bits, 2);
    assert.equal(countRow(shape, bits, 2), shape.perRound);
    assert.ok(isWithin(shape, bits));
    clearRow(shape, bits, 2);
    assert.equal(countRow(shape, bits, 2), 0);
  }
});

test('a word has as many bits as its binary digits say', () => {
  const random = createPrng(2, 'words');
  for (const word of [0, 1, -1, 2 ** 31, ...Array.from({ length: 100 }, () => random.uint32())])
    assert.equal(popcount(word | 0), (word >>> 0).toString(2).replaceAll('0', '').length);
});

test('union, difference and common bits are those of sets', () => {
  const random = createPrng(3, 'sets');
  for (const shape of SHAPES) {
    const [a, b] = [sampleBits(random, shape), sampleBits(random, shape, 0.2)];
    const [setA, setB] = [idsIn(shape, a), idsIn(shape, b)];
    assert.equal(countCommon(a, b), [...setA].filter((id) => setB.has(id)).length);
    const less = a.slice();
    subtract(less, b);
    assert.deepEqual(idsIn(shape, less), new Set([...setA].filter((id) => !setB.has(id))));
    unite(less, b);
    assert.deepEqual(idsIn(shape, less), new Set([...setA, ...setB]));
    subtract(less, less);
    assert.ok(isEmpty(less));
  }
});

test('a round keeps its row and id for as long as it is in the window', () => {
  const shape = createShape(7, 10);
  for (let now = 0; now < 40; now++)
    for (let round = Math.max(0, now - 6); round <= now; round++) {
      const id = idOf(shape, round, 9);
      assert.equal(roundOfId(shape, id, now), round);
      assert.equal(indexOfId(shape, id), 9);
      assert.equal(rowOf(shape, round), round % 7);
      assert.ok(id < JUNK);
    }
});

test('what is picked is in both, newest round first, from the given index on and around', () => {
  const random = createPrng(4, 'pick');
  for (const shape of SHAPES)
    for (let now = 3; now < 30; now += 4) {
      const [a, b] = [sampleBits(random, shape), sampleBits(random, shape)];
      const first = random.below(shape.perRound);
      const limit = random.below(40);
      const expected: number[] = [];
      for (let round = now; round > now - shape.lifetime && round >= 0; round--)
        for (let step = 0; step < shape.perRound; step++) {
          const id = idOf(shape, round, (first + step) % shape.perRound);
          if (hasBit(shape, a, id) && hasBit(shape, b, id)) expected.push(id);
        }
      const actual = pickNewest(shape, a, b, now, first, limit);
      assert.equal(actual.length, Math.min(limit, expected.length));
      if (shape.rowWords === 1) assert.deepEqual(actual, expected.slice(0, limit));
      const all = pickNewest(shape, a, b, now, first, Number.POSITIVE_INFINITY);
      assert.equal(new Set(all).size, expected.length);
      assert.deepEqual([...all].sort(), [...expected].sort());
      const eldest = pickOldest(shape, a, b, now, first, Number.POSITIVE_INFINITY);
      assert.deepEqual([...eldest].sort(), [...all].sort());
      assert.deepEqual(
        eldest.map((id) => roundOfId(shape, id, now)),
        all.map((id) => roundOfId(shape, id, now)).reverse(),
      );
      assert.deepEqual(pickOldest(shape, a, b, now, first, limit), eldest.slice(0, limit));
      const rounds = all.map((id) => roundOfId(shape, id, now));
      assert.deepEqual(
        rounds,
        [...rounds].sort((x, y) => y - x),
      );
    }
});

test('a row of several words is picked from where it is told to begin, each bit once', () => {
  const shape = createShape(2, 100);
  const bits = createBits(shape);
  fillRow(shape, bits, 1);
  for (const first of [0, 31, 32, 70, 99]) {
    const picked: number[] = [];
    pickRow(shape, bits, bits, 1, first, 200, picked);
    assert.deepEqual(
      picked,
      Array.from({ length: 100 }, (_, step) => 100 + ((first + step) % 100)),
    );
  }
});
