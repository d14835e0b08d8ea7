/** Tests of tubs and candidates: a peer may choose exactly what the contacted accepts, and newcomers load the old within bounds. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDraws, type Draws, modelHash } from '@concordat/crypto';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { type DrawingRules, drawCandidates, MAX_DRAWS, permits } from './candidates.ts';
import { drawPlace, MIN_TUB_SIZE, nextTub, tubOf } from './tubs.ts';

const outputFrom = (seed: number): Uint8Array => {
  const random = createPrng(seed, 'output');
  return Uint8Array.from({ length: 32 }, () => random.below(256));
};

const drawsOf = (output: Uint8Array): Draws => createDraws(modelHash, output, 'test');

const none = (): boolean => false;

describe('candidates', () => {
  const cases = fc.record({
    seed: fc.nat(),
    members: fc.integer({ min: 0, max: 60 }),
    own: fc.nat(200),
    beyond: fc.nat(40),
    count: fc.integer({ min: 1, max: 9 }),
    excluded: fc.nat(7),
  });

  it('are exactly those that the contacted accepts, by draw and by place, for every tub and whoever is excluded', () => {
    let permitted = 0;
    fc.assert(
      fc.property(cases, ({ seed, members, own, beyond, count, excluded }) => {
        const tub = tubOf(members, own);
        const taken = Math.min(tub.start + tub.size, own + 1 + beyond);
        const isExcluded = (place: number): boolean => excluded > 0 && place % excluded === 1;
        const rules: DrawingRules = { tub, own, taken, count, isExcluded };
        const output = outputFrom(seed);
        const { places, draws } = drawCandidates(drawsOf(output), rules);
        assert.ok(places.length <= count && new Set(places).size === places.length);
        const chosen = new Set(draws.map((draw, i) => `${draw} ${places[i]}`));
        for (let draw = 0; draw < 40; draw++)
          for (let place = 0; place < taken + 5; place++) {
            const may = permits(drawsOf(output), rules, draw, place);
            assert.equal(may, chosen.has(`${draw} ${place}`), `draw ${draw} place ${place}`);
            if (may) permitted++;
          }
        for (const [i, draw] of draws.entries())
          assert.ok(permits(drawsOf(output), rules, draw, places[i] as number));
      }),
      { numRuns: 60 },
    );
    assert.ok(permitted > 100);
  });

  it('are refused for claims that make no sense', () => {
    const tub = tubOf(50, 60);
    const rules: DrawingRules = { tub, own: 60, taken: 61, count: 9, isExcluded: none };
    const output = outputFrom(1);
    const { places, draws } = drawCandidates(drawsOf(output), rules);
    const [place, draw] = [places[0] as number, draws[0] as number];
    assert.ok(permits(drawsOf(output), rules, draw, place));
    for (const bad of [-1, 0.5, MAX_DRAWS, Number.NaN, 1e9])
      assert.ok(!permits(drawsOf(output), rules, bad, place));
    // Somebody at place 60 knows of 61 members at least, and of no more than its tub has room for.
    assert.ok(!permits(drawsOf(output), { ...rules, taken: 60 }, draw, place));
    assert.ok(!permits(drawsOf(output), { ...rules, taken: tub.start + tub.size + 1 }, draw, place));
    assert.ok(!permits(drawsOf(outputFrom(2)), rules, draw, place));
  });

  it('are all there is, when there is less than a peer may choose among', () => {
    const rules: DrawingRules = { tub: tubOf(3, 1), own: 1, taken: 3, count: 4, isExcluded: none };
    assert.deepEqual([...drawCandidates(drawsOf(outputFrom(5)), rules).places].sort(), [0, 2]);
    const alone: DrawingRules = { tub: tubOf(0, 0), own: 0, taken: 1, count: 4, isExcluded: none };
    assert.deepEqual(drawCandidates(drawsOf(outputFrom(5)), alone).places, []);
  });
});

describe('tubs', () => {
  it('partition the line, each a quarter of those before it and at least sixteen', () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(9000), (members, place) => {
        const tub = tubOf(members, place);
        assert.ok(place >= tub.start && place < tub.start + tub.size);
        const next = nextTub(tub);
        assert.equal(next.start, tub.start + tub.size);
        assert.equal(next.size, Math.max(MIN_TUB_SIZE, Math.ceil(next.start / 4)));
        assert.equal(tubOf(members, next.start).number, tub.number + 1);
      }),
    );
  });

  it('bring three in ten draws of any newcomers to those before them, in equal shares, and none to later ones', () => {
    const tub = tubOf(50, 400);
    const times = new Int32Array(tub.start + tub.size);
    const total = 60_000;
    for (let i = 0; i < total / 20; i++) {
      const draws = createDraws(modelHash, outputFrom(i), 'test');
      for (let draw = 0; draw < 20; draw++) times[drawPlace(draws, tub)]!++;
    }
    const before = times.subarray(0, tub.start).reduce((sum, n) => sum + n, 0);
    // 0.3 of 60,000 with a deviation of 112; 18,000 over `start` places with one of at most 8.
    assert.ok(Math.abs(before - 0.3 * total) < 600, `${before}`);
    const each = (0.3 * total) / tub.start;
    for (const n of times.subarray(0, tub.start))
      assert.ok(Math.abs(n - each) < 6 * Math.sqrt(each), `${n} of ${each}`);
    for (const n of times.subarray(tub.start)) assert.ok(n > 0);
  });

  it('bound what a crowd of any size brings to an old peer per round: below one trade beyond its own generation', () => {
    // 50 old peers and ever more newcomers, each of whom begins one trade.
    for (const crowd of [100, 450, 5000]) {
      let load = 0;
      for (let place = 50; place < 50 + crowd; place++) {
        const tub = tubOf(50, place);
        load += tub.number === 0 ? 0 : 0.3 / tub.start;
      }
      // The sum over tubs of 0.3 * size / start: 0.075 for each tub of a quarter, of which there are log(crowd) / log(1.25).
      assert.ok(load < 0.4 + 0.075 * (Math.log((50 + crowd) / 50) / Math.log(1.25)), `${crowd}: ${load}`);
    }
  });
});
