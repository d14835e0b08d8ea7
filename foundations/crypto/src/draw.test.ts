import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { createDraws, createPermutation, modelHash } from './index.ts';

const output = (seed: number): Uint8Array => modelHash(utf8(`output ${seed}`));
const draws = (seed: number, label = 'test') => createDraws(modelHash, output(seed), label);
const taken = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, () => next());

const GOLDEN_WORDS = [
  3159916361, 67323820, 2482885637, 1760195774, 1248426871, 2086686613, 3640778038, 3157778527, 2101915640,
  3132347473,
];
const GOLDEN_BELOW_10 = [1, 0, 7, 4, 1, 3, 8, 7, 0, 3, 7, 4];
const GOLDEN_PERMUTATION = [5, 3, 8, 11, 0, 2, 6, 1, 10, 7, 4, 9, null];

/** Sum of (seen - expected)^2 / expected. */
function chiSquare(counts: readonly number[], total: number): number {
  const expected = total / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** With k degrees of freedom, chi-square has mean k and variance 2k; five standard deviations are one in some ten thousand. */
const isPlausible = (chi: number, freedom: number): boolean =>
  Math.abs(chi - freedom) < 5 * Math.sqrt(2 * freedom);

describe('draws', () => {
  it('are these, on every machine', () => {
    const stream = draws(1);
    assert.deepEqual(
      taken(10, () => stream.uint32()),
      GOLDEN_WORDS,
    );
    const small = draws(1);
    assert.deepEqual(
      taken(12, () => small.below(10)),
      GOLDEN_BELOW_10,
    );
    const next = createPermutation(draws(2), 12);
    assert.deepEqual(
      taken(13, () => next()),
      GOLDEN_PERMUTATION,
    );
  });

  it('lie in the range that was asked for', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 0xffff_ffff }), (seed, bound) => {
        const stream = draws(seed);
        for (const value of taken(20, () => stream.below(bound)))
          assert.ok(Number.isInteger(value) && value >= 0 && value < bound);
      }),
    );
    const stream = draws(0);
    assert.deepEqual(new Set(taken(50, () => stream.below(1))), new Set([0]));
    assert.ok(taken(50, () => stream.below(2 ** 32)).some((value) => value >= 2 ** 31));
  });

  it('refuse bounds that are none', () => {
    for (const bound of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN])
      assert.throws(() => draws(0).below(bound), /bound/);
  });

  it('differ by output and by label, and not by who asks', () => {
    const words = (seed: number, label: string) => {
      const stream = draws(seed, label);
      return taken(4, () => stream.uint32()).join();
    };
    assert.equal(words(3, 'a'), words(3, 'a'));
    assert.notEqual(words(3, 'a'), words(3, 'b'));
    assert.notEqual(words(3, 'a'), words(4, 'a'));
  });

  it('are uniform, over one stream and over the first draws of many', () => {
    for (const bound of [2, 3, 7, 10, 100, 250]) {
      const counts = new Array<number>(bound).fill(0);
      const firsts = new Array<number>(bound).fill(0);
      const stream = draws(bound);
      for (let i = 0; i < 50_000; i++) {
        const value = stream.below(bound);
        counts[value] = (counts[value] as number) + 1;
        const first = draws(i, `bound ${bound}`).below(bound);
        firsts[first] = (firsts[first] as number) + 1;
      }
      for (const seen of [counts, firsts])
        assert.ok(isPlausible(chiSquare(seen, 50_000), bound - 1), `below ${bound}`);
    }
  });

  it('have no bias where a word modulo the bound has a strong one', () => {
    // Modulo 3 * 2^30, two words in four fall into the first third.
    const bound = 3 * 2 ** 30;
    const thirds = [0, 0, 0];
    const naive = [0, 0, 0];
    const stream = draws(11);
    for (let i = 0; i < 30_000; i++) {
      const fair = Math.floor(stream.below(bound) / 2 ** 30);
      thirds[fair] = (thirds[fair] as number) + 1;
      const biased = Math.floor((stream.uint32() % bound) / 2 ** 30);
      naive[biased] = (naive[biased] as number) + 1;
    }
    assert.ok(isPlausible(chiSquare(thirds, 30_000), 2));
    assert.equal(isPlausible(chiSquare(naive, 30_000), 2), false);
  });
});

describe('permutations', () => {
  it('name every number once and then end', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(60), (seed, count) => {
        const next = createPermutation(draws(seed), count);
        const all = taken(count, () => next());
        assert.deepEqual(
          [...all].sort((a, b) => (a ?? 0) - (b ?? 0)),
          taken(
            count,
            (() => {
              let i = 0;
              return () => i++;
            })(),
          ),
        );
        assert.equal(next(), null);
        assert.equal(next(), null);
      }),
    );
  });

  it('come in every order equally often', () => {
    const orders = new Map<string, number>();
    for (let seed = 0; seed < 24_000; seed++) {
      const next = createPermutation(draws(seed), 4);
      const order = taken(4, () => next()).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    assert.equal(orders.size, 24);
    assert.ok(isPlausible(chiSquare([...orders.values()], 24_000), 23));
  });
});
