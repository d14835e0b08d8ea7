/** The code: bytes of others, every loss of small codes, random losses of all, wrong matrices caught, hostile shards. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { fromHex, toHex } from '@concordat/wire';
import fc from 'fast-check';
import { createErasureCode, type ErasureCode, MAX_SHARDS, type PartialShards } from './erasure-code.ts';
import { interpolate, rememberMatrices } from './interpolation.ts';
import { createTableMultiplier } from './multiplier.ts';
import { createMultiplier, createSimdMultiplier } from './simd.ts';
import {
  choices,
  codeOf,
  firstFailure,
  invert,
  multiplyRows,
  type Rows,
  vandermonde,
} from './testing/matrix-reference.ts';

const multipliers = [createMultiplier(), createTableMultiplier()];
const count = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Shards that differ in every way, by a formula that is easy to have anywhere. */
const shardsBy = (shards: number, length: number): Uint8Array[] =>
  Array.from({ length: shards }, (_, c) =>
    Uint8Array.from({ length }, (_, i) => 89 * c + 7 * i + (i >> 5) + 1),
  );

const hexOf = (shards: readonly Uint8Array[]): string => shards.map(toHex).join(' ');

/** The rows of all shards, those of data first. */
function generatorOf(k: number, n: number): Rows {
  const parity = interpolate(count(0, k), count(k, n));
  return count(0, n).map((row) =>
    row < k
      ? count(0, k).map((column) => Number(row === column))
      : [...parity.slice((row - k) * k, (row - k + 1) * k)],
  );
}

describe('the bytes of a code', () => {
  it("are those of the first test of Backblaze's JavaReedSolomon and of klauspost/reedsolomon", () => {
    const data = ['0001', '0405', '0203', '0607', '0809'].map((shard) => fromHex(shard) as Uint8Array);
    for (const multiplier of multipliers) {
      assert.equal(hexOf(createErasureCode(5, 10, multiplier).encode(data)), '0c0d 0a0b 0e0f 5a5b 5e5f');
    }
  });

  it('are those that klauspost/reedsolomon 1.14.2 gave: parity, or its SHA-256', () => {
    const seen: readonly [k: number, n: number, length: number, parity: string][] = [
      [1, 3, 4, '01080f16 01080f16'],
      [2, 3, 4, 'b7dac1e4'],
      [4, 6, 8, '39574b8896a80d8e 008483b6f216276a'],
      [3, 8, 5, 'e8d3a6b1a4 68ec8e07b4 3385e97edf da5e40d966 813727a00d'],
      [10, 16, 1000, 'd736f4e4d99b5902754410d9a7e4cd9b97bef44cf75dbdd3c9c9a5827850a043'],
      [45, 50, 1200, '4c97e52cc77a63d7c6cd478b48b818f5a7f6ecc4a99e5b8a6a8ed9a83bc90c53'],
      [128, 256, 33, 'bee42a7edb40fd081f1ae3d95c3625d867ba38b3e85e21ef8e84980bee85d38b'],
      [255, 256, 77, '04a290451ac47d71124e2b5dce8a5ec4aa67199267e390dc56b32c71af9f1839'],
      [17, 256, 100, 'b25bae07e68f43a660175459be06eaf08ff3829969c5386b27b03729182cb9c9'],
    ];
    for (const [k, n, length, parity] of seen) {
      for (const multiplier of multipliers) {
        const encoded = createErasureCode(k, n, multiplier).encode(shardsBy(k, length));
        const digest = createHash('sha256');
        for (const shard of encoded) digest.update(shard);
        assert.equal(length < 10 ? hexOf(encoded) : digest.digest('hex'), parity, `${k} of ${n}`);
      }
    }
  });

  it('come from a Vandermonde matrix times the inverse of its upper part', () => {
    for (const [k, n] of [
      [1, 4],
      [2, 9],
      [5, 10],
      [10, 16],
      [45, 50],
      [20, 256],
      [250, 256],
    ] as const) {
      const points = vandermonde(count(0, n), k);
      const inverse = invert(points.slice(0, k));
      assert.ok(inverse !== null);
      assert.deepEqual(multiplyRows(points, inverse), generatorOf(k, n), `${k} of ${n}`);
    }
  });

  it('do not depend on how many shards there are', () => {
    const data = shardsBy(7, 40);
    const all = createErasureCode(7, MAX_SHARDS).encode(data);
    for (let n = 7; n < 20; n++) assert.deepEqual(createErasureCode(7, n).encode(data), all.slice(0, n - 7));
  });
});

describe('any k of n', () => {
  it('rebuild all n, and fewer nothing, for every loss of every code to n = 8', () => {
    for (const multiplier of multipliers) {
      for (let n = 1; n <= 8; n++) {
        for (let k = 1; k <= n; k++) {
          assert.equal(
            firstFailure(createErasureCode(k, n, multiplier), shardsBy(k, 3)),
            null,
            `${k} of ${n}`,
          );
        }
      }
    }
  });

  it('do so by elimination as well, with a decoder that knows the matrix alone', () => {
    for (let n = 1; n <= 8; n++) {
      for (let k = 1; k <= n; k++)
        assert.equal(firstFailure(codeOf(generatorOf(k, n)), shardsBy(k, 2)), null);
    }
  });

  it('do so as no square part of the rows of parity is singular', () => {
    const rows = generatorOf(6, 12).slice(6);
    let parts = 0;
    for (let size = 1; size <= 6; size++) {
      for (const some of choices(rows, size)) {
        for (const columns of choices(count(0, 6), size)) {
          assert.ok(invert(some.map((row) => columns.map((column) => row[column] as number))) !== null);
          parts++;
        }
      }
    }
    assert.equal(parts, 923);
  });

  it('would not with a Vandermonde matrix below the identity, and these tests see it', () => {
    const identity = (k: number): number[][] => generatorOf(k, k).map((row) => [...row]);
    const plain = (k: number, n: number): Rows => [...identity(k), ...vandermonde(count(1, n - k + 1), k)];
    assert.equal(firstFailure(codeOf(plain(2, 4)), shardsBy(2, 2)), null, 'small ones work');
    assert.deepEqual(firstFailure(codeOf(plain(4, 7)), shardsBy(4, 2)), [2, 4, 5, 6], '1 + 2 + 3 = 0');
  });

  it('would not with one wrong factor, and these tests see it', () => {
    for (let at = 0; at < 15; at++) {
      const code = createErasureCode(5, 8);
      const generator = generatorOf(5, 8).map((row) => [...row]);
      const row = generator[5 + Math.floor(at / 5)] as number[];
      row[at % 5] = (row[at % 5] as number) ^ 1;
      assert.notEqual(firstFailure({ ...code, encode: codeOf(generator).encode }, shardsBy(5, 2)), null);
    }
  });

  it('rebuild all n for losses of any code and length, the same bytes with and without the kernel', () => {
    assert.ok(createSimdMultiplier() !== null);
    fc.assert(
      fc.property(losses, ({ k, n, length, order }) => {
        const data = shardsBy(k, length);
        const [parity, same] = multipliers.map((one) => createErasureCode(k, n, one).encode(data));
        assert.deepEqual(parity, same);
        const all = [...data, ...(parity as Uint8Array[])];
        const present = new Set(order.slice(0, k + ((order[0] as number) % (n - k + 1))));
        const partial = all.map((shard, i) => (present.has(i) ? shard : null));
        for (const multiplier of multipliers) {
          const code = createErasureCode(k, n, multiplier);
          assert.deepEqual(code.reconstruct(partial), all);
          assert.deepEqual(code.reconstructData(partial), data);
        }
      }),
      { numRuns: 60 },
    );
  });
});

const losses = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: MAX_SHARDS })).chain((n) =>
  fc.record({
    k: fc.integer({ min: 1, max: n }),
    n: fc.constant(n),
    length: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(383, 385, 1200)),
    order: fc.shuffledSubarray(count(0, n), { minLength: n }),
  }),
);

describe('what callers need', () => {
  const code = createErasureCode(4, 7);
  const data = shardsBy(4, 50);
  const all = [...data, ...code.encode(data)];
  const without = (...lost: readonly number[]): PartialShards =>
    all.map((shard, i) => (lost.includes(i) ? null : shard));

  it('one shard of parity alone, or all into memory of their own', () => {
    for (let index = 4; index < 7; index++) assert.deepEqual(code.encodeShard(data, index), all[index]);
    const packet = new Uint8Array(160).fill(0xee);
    const parity = [3, 55, 107].map((at) => packet.subarray(at, at + 50));
    code.encodeInto(data, parity);
    assert.deepEqual(parity, all.slice(4));
    assert.deepEqual([packet[2], packet[53], packet[54], packet[105], packet[157]], Array(5).fill(0xee));
  });

  it('only what they ask for, in their order, and nothing copied that is there', () => {
    const some = code.reconstructOnly(without(1, 3, 5), [6, 1, 0]);
    assert.deepEqual(some, [all[6], all[1], all[0]]);
    assert.equal(some?.[0], all[6]);
    assert.equal(some?.[2], all[0]);
    assert.deepEqual(code.reconstructOnly(without(1), []), []);
    assert.deepEqual(code.reconstructData(without(0, 1, 2)), data);
    assert.deepEqual(code.reconstruct(without()), all);
  });

  it('codes without parity, and those of one shard of data, which are copies', () => {
    const none = createErasureCode(3, 3);
    assert.deepEqual(none.encode(shardsBy(3, 2)), []);
    assert.deepEqual(none.reconstruct(shardsBy(3, 2)), shardsBy(3, 2));
    assert.equal(none.reconstruct([null, ...shardsBy(2, 2)]), null);
    assert.equal(hexOf(createErasureCode(1, 4).encode([Uint8Array.of(7, 8)])), '0708 0708 0708');
  });

  it('a limited memory of patterns of loss', () => {
    const computed: string[] = [];
    const matrixOf = rememberMatrices(3, (known, wanted) => {
      computed.push(`${known.join('')}>${wanted.join('')}`);
      return interpolate(known, wanted);
    });
    const patterns = [
      [0, 1],
      [0, 2],
      [0, 3],
      [0, 4],
    ] as const;
    const ask = (...which: readonly number[]): void => {
      for (const pattern of which.map((i) => patterns[i] as readonly number[])) {
        assert.deepEqual(matrixOf(pattern, [9]), interpolate(pattern, [9]));
      }
    };
    ask(0, 1, 2, 0, 1, 2);
    assert.deepEqual(computed, ['01>9', '02>9', '03>9']);
    ask(3, 1, 2);
    assert.deepEqual(computed.slice(3), ['04>9']);
    ask(0);
    assert.deepEqual(computed.slice(4), ['01>9']);
    assert.deepEqual(matrixOf([0, 1], [8]), interpolate([0, 1], [8]));
    assert.deepEqual(computed.slice(5), ['01>8']);
  });
});

describe('hostile shards', () => {
  it('rebuild something or nothing, and never throw', () => {
    const shard = fc.option(fc.uint8Array({ maxLength: 3 }), { freq: 4 });
    const code = createErasureCode(3, 6);
    let rebuilt = 0;
    fc.assert(
      fc.property(fc.array(shard, { minLength: 6, maxLength: 6 }), (shards) => {
        const present = shards.filter((one) => one !== null);
        const lengths = new Set(present.map((one) => one.length));
        const isFine = present.length >= 3 && lengths.size === 1 && !lengths.has(0);
        const result = code.reconstruct(shards);
        assert.equal(result !== null, isFine);
        if (result !== null) rebuilt++;
        for (const [i, one] of shards.entries())
          if (one !== null && result !== null) assert.equal(result[i], one);
      }),
      { numRuns: 2000 },
    );
    assert.ok(rebuilt > 0);
  });

  it('with other bytes than were made rebuild other bytes: they have to be checked before, or the result', () => {
    const code = createErasureCode(2, 4);
    const [first, second] = shardsBy(2, 4) as [Uint8Array, Uint8Array];
    const [, last] = code.encode([first, second]);
    const lie = first.map((byte) => byte ^ 1);
    assert.notDeepEqual(code.reconstructData([lie, null, null, last as Uint8Array])?.[1], second);
  });
});

it('halts on what only a bug can ask', () => {
  const code: ErasureCode = createErasureCode(2, 4);
  const data = shardsBy(2, 4);
  for (const [k, n] of [
    [0, 1],
    [3, 2],
    [1, 257],
    [1.5, 3],
    [2, 3.5],
    [Number.NaN, 3],
  ] as const) {
    assert.throws(() => createErasureCode(k, n), /shard/, `${k} of ${n}`);
  }
  assert.throws(() => code.encode(data.slice(1)), /as many shards of data/);
  assert.throws(() => code.encode([new Uint8Array(0), new Uint8Array(0)]), /one length, and bytes/);
  assert.throws(() => code.encode([new Uint8Array(1), new Uint8Array(2)]), /one length, and bytes/);
  assert.throws(() => code.encodeInto(data, data.slice(1)), /an array for each/);
  assert.throws(() => code.encodeInto(data, shardsBy(2, 5)), /have one length/);
  for (const index of [1, 4, -1, 2.5, Number.NaN]) {
    assert.throws(() => code.encodeShard(data, index), /a shard of parity/, `${index}`);
  }
  assert.throws(() => code.reconstruct(data), /a place for each/);
  assert.throws(() => code.reconstructOnly([...data, null, null], [4]), /every index/);
});
