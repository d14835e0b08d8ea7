/** Tests of need.ts: its order, and its two promises for random holdings, offers and concurrent trades. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng, type Prng } from '@concordat/kernel';
import fc from 'fast-check';
import { type Bits, createBits, createShape, hasBit, roundOfId, rowOf, type Shape, setBit } from '../bits.ts';
import { countEither, countUrgent, fillWant, type NeedRules, pickUrgent, quotaOf, urgency } from './need.ts';

const shape = createShape(10, 50);
const rules: NeedRules = { shape, needed: 45, invertsTail: true };

/** Packets `from` to `from + count - 1` of a round. */
function give(bits: Bits, round: number, count: number, from = 0): void {
  for (let i = 0; i < count; i++) setBit(shape, bits, rowOf(shape, round) * 50 + ((from + i) % 50));
}

function wantOf(have: Bits, now: number, first = 0): Bits {
  const want = createBits(shape);
  fillWant(rules, want, have, createBits(shape), now, first);
  return want;
}

describe('the order of need', () => {
  it('is newest first', () => {
    assert.deepEqual(
      urgency(rules, wantOf(createBits(shape), 20), 20),
      [20, 19, 18, 17, 16, 15, 14, 13, 12, 11],
    );
  });

  it('puts closing rounds that lack little before the newest, the first to close first', () => {
    const have = createBits(shape);
    give(have, 11, 40);
    give(have, 12, 37);
    give(have, 13, 44);
    const want = wantOf(have, 20);
    assert.deepEqual(urgency(rules, want, 20), [11, 12, 20, 19, 18, 17, 16, 15, 14, 13]);
    assert.deepEqual(
      urgency({ ...rules, invertsTail: false }, want, 20),
      [20, 19, 18, 17, 16, 15, 14, 13, 12, 11],
    );
  });

  it('leaves a hopeless closing round to the end, and a decodable one out', () => {
    const have = createBits(shape);
    give(have, 11, 35);
    give(have, 12, 45);
    assert.deepEqual(urgency(rules, wantOf(have, 20), 20), [20, 19, 18, 17, 16, 15, 14, 13, 11]);
  });

  it('starts where the peer joined, and at the beginning of the stream', () => {
    assert.deepEqual(urgency(rules, wantOf(createBits(shape), 20, 18), 20), [20, 19, 18]);
    assert.deepEqual(urgency(rules, wantOf(createBits(shape), 2), 2), [2, 1, 0]);
  });

  it('can be read off the want: how much each round lacks', () => {
    const have = createBits(shape);
    give(have, 15, 30);
    const want = wantOf(have, 20);
    assert.equal(quotaOf(rules, want, rowOf(shape, 15)), 15);
    assert.equal(quotaOf(rules, want, rowOf(shape, 16)), 45);
    give(have, 15, 45);
    assert.equal(quotaOf(rules, wantOf(have, 20), rowOf(shape, 15)), 0);
  });
});

function randomBits(of: Shape, random: Prng, density: number): Bits {
  const bits = createBits(of);
  for (let id = 0; id < of.lifetime * of.perRound; id++) if (random.chance(density)) setBit(of, bits, id);
  return bits;
}

describe('what trades ask for', () => {
  it('never exceeds K of a round, never overlaps, and is on offer, whatever is held and however many trades run', () => {
    const cases = fc.record({
      seed: fc.nat(),
      packets: fc.integer({ min: 2, max: 140 }),
      lifetime: fc.integer({ min: 3, max: 12 }),
      trades: fc.integer({ min: 1, max: 5 }),
      density: fc.double({ min: 0, max: 1, noNaN: true }),
      now: fc.nat(50),
    });
    let asked = 0;
    fc.assert(
      fc.property(cases, ({ seed, packets, lifetime, trades, density, now }) => {
        const random = createPrng(seed, 'need');
        const of = createShape(lifetime, packets);
        const own: NeedRules = {
          shape: of,
          needed: 1 + random.below(packets),
          invertsTail: random.chance(0.5),
        };
        const have = randomBits(of, random, density);
        const rows = Array.from({ length: lifetime }, (_, row) => row);
        const before = rows.map((row) => countEither(of, have, have, row));
        const pending = createBits(of);
        const want = createBits(of);
        const taken = new Set<number>();
        for (let trade = 0; trade < trades; trade++) {
          const offered = randomBits(of, random, 0.5);
          const limit = random.below(2 * packets);
          fillWant(own, want, have, pending, now, 0);
          const ids = pickUrgent(own, offered, want, now, random.below(packets), limit);
          assert.ok(ids.length <= limit);
          const all = pickUrgent(own, offered, want, now, 0, Number.POSITIVE_INFINITY).length;
          assert.equal(countUrgent(own, offered, want), all);
          for (const id of ids) {
            const round = roundOfId(of, id, now);
            assert.ok(round >= 0 && round <= now && round > now - lifetime);
            assert.ok(hasBit(of, offered, id) && !hasBit(of, have, id) && !taken.has(id));
            taken.add(id);
            setBit(of, pending, id);
          }
          asked += ids.length;
          for (const row of rows)
            assert.ok(countEither(of, have, pending, row) <= Math.max(own.needed, before[row] as number));
        }
      }),
    );
    assert.ok(asked > 1000);
  });

  it('is the most urgent of what is on offer, and all of it if there is room', () => {
    const offered = createBits(shape);
    give(offered, 18, 5, 3);
    give(offered, 20, 2, 48);
    const want = wantOf(createBits(shape), 20);
    const rounds = (ids: number[]): number[] => ids.map((id) => roundOfId(shape, id, 20));
    assert.deepEqual(rounds(pickUrgent(rules, offered, want, 20, 7, 4)), [20, 20, 18, 18]);
    assert.equal(pickUrgent(rules, offered, want, 20, 7, 100).length, 7);
  });

  it('begins where the trade says, so that no packet is rarer than others', () => {
    const offered = createBits(shape);
    give(offered, 20, 50);
    const want = wantOf(createBits(shape), 20, 20);
    const times = new Int32Array(50);
    for (let first = 0; first < 50; first++)
      for (const id of pickUrgent(rules, offered, want, 20, first, 10)) times[id % 50]!++;
    assert.deepEqual([...new Set(times)], [10]);
  });
});
