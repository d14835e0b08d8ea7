/** Tests of need.ts: its order, and its two promises for random holdings, offers and concurrent trades. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import {
  chooseWanted,
  countEither,
  createNeedPlan,
  createRequest,
  createTable,
  planNeed,
  rowOf,
  setPending,
  type WindowShape,
  windowShape,
} from './need.ts';

const shape = windowShape(50, 45, 10);

function fillRow(of: WindowShape, table: Int32Array, round: number, count: number, from = 0): void {
  for (let i = 0; i < count; i++) {
    const index = (from + i) % of.packets;
    const at = rowOf(of, round) + (index >>> 5);
    table[at] = (table[at] as number) | (1 << (index & 31));
  }
}

const order = (have: Int32Array, now: number, invertsTail = true, first = 0): number[] => {
  const plan = createNeedPlan(shape);
  planNeed(shape, plan, have, createTable(shape), now, first, invertsTail);
  return [...plan.rounds.subarray(0, plan.size)];
};

describe('the order of need', () => {
  it('is newest first', () => {
    assert.deepEqual(order(createTable(shape), 20), [20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
  });

  it('puts closing rounds that lack little before the newest, the first to close first', () => {
    const have = createTable(shape);
    fillRow(shape, have, 11, 40);
    fillRow(shape, have, 12, 37);
    fillRow(shape, have, 13, 44);
    assert.deepEqual(order(have, 20), [11, 12, 20, 19, 18, 17, 16, 15, 14, 13]);
    assert.deepEqual(order(have, 20, false), [20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
  });

  it('leaves a hopeless closing round to the end, and a decodable one out', () => {
    const have = createTable(shape);
    fillRow(shape, have, 11, 35);
    fillRow(shape, have, 12, 45);
    assert.deepEqual(order(have, 20), [20, 19, 18, 17, 16, 15, 14, 13, 11]);
  });

  it('starts where the peer joined, and at the beginning of the stream', () => {
    assert.deepEqual(order(createTable(shape), 20, true, 18), [20, 19, 18]);
    assert.deepEqual(order(createTable(shape), 2), [2, 1, 0]);
  });
});

interface Partner {
  readonly offered: Int32Array;
  readonly limit: number;
}

/** Random tables: each packet with the given probability. */
function randomTable(of: WindowShape, random: ReturnType<typeof createPrng>, density: number): Int32Array {
  const table = createTable(of);
  for (let round = 0; round < of.rows; round++)
    for (let i = 0; i < of.packets; i++)
      if (random.chance(density)) {
        const at = rowOf(of, round) + (i >>> 5);
        table[at] = (table[at] as number) | (1 << (i & 31));
      }
  return table;
}

describe('what trades ask for', () => {
  it('never exceeds K of a round, never overlaps, and is always on offer, whatever is held and however many trades run', () => {
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
        const of = windowShape(packets, 1 + random.below(packets), lifetime);
        const have = randomTable(of, random, density);
        const before = Array.from({ length: of.rows }, (_, round) =>
          countEither(of, have, have, rowOf(of, round)),
        );
        const pending = createTable(of);
        const plan = createNeedPlan(of);
        const taken = new Set<string>();
        for (let trade = 0; trade < trades; trade++) {
          const partner: Partner = {
            offered: randomTable(of, random, 0.5),
            limit: random.below(2 * packets),
          };
          const request = createRequest(of);
          planNeed(of, plan, have, pending, now, 0, random.chance(0.5));
          chooseWanted(of, plan, have, pending, partner.offered, partner.limit, random.uint32(), request);
          assert.ok(request.size <= partner.limit);
          for (let i = 0; i < request.size; i++) {
            const [round, index] = [request.rounds[i] as number, request.indices[i] as number];
            const bit = (table: Int32Array): number =>
              ((table[rowOf(of, round) + (index >>> 5)] as number) >>> (index & 31)) & 1;
            assert.ok(round <= now && round > now - lifetime && index < packets);
            assert.equal(bit(partner.offered), 1);
            assert.equal(bit(have), 0);
            assert.ok(!taken.has(`${round} ${index}`));
            taken.add(`${round} ${index}`);
          }
          asked += request.size;
          setPending(of, pending, request, request.size, true);
          for (let round = Math.max(0, now - lifetime + 1); round <= now; round++) {
            const row = round % of.rows;
            const total = countEither(of, have, pending, rowOf(of, round));
            assert.ok(total <= Math.max(of.needed, before[row] as number));
          }
        }
      }),
    );
    assert.ok(asked > 1000);
  });

  it('asks for the most urgent of what is on offer, and for all of it if there is room', () => {
    const offered = createTable(shape);
    fillRow(shape, offered, 18, 5, 3);
    fillRow(shape, offered, 20, 2, 48);
    const plan = createNeedPlan(shape);
    const request = createRequest(shape);
    const none = createTable(shape);
    planNeed(shape, plan, none, none, 20, 0, true);
    chooseWanted(shape, plan, none, none, offered, 4, 77, request);
    assert.deepEqual([...request.rounds.subarray(0, 4)], [20, 20, 18, 18]);
    chooseWanted(shape, plan, none, none, offered, 100, 77, request);
    assert.equal(request.size, 7);
    const indices = [...request.indices.subarray(2, 7)].sort((a, b) => a - b);
    assert.deepEqual(indices, [3, 4, 5, 6, 7]);
  });

  it('scatters: with different salts every packet is asked for about as often', () => {
    const offered = createTable(shape);
    fillRow(shape, offered, 20, 50);
    const plan = createNeedPlan(shape);
    const none = createTable(shape);
    const random = createPrng(5, 'scatter');
    const times = new Int32Array(50);
    for (let trial = 0; trial < 5000; trial++) {
      const request = createRequest(shape);
      planNeed(shape, plan, none, none, 20, 20, true);
      chooseWanted(shape, plan, none, none, offered, 10, random.uint32(), request);
      for (let i = 0; i < 10; i++) times[request.indices[i] as number]!++;
    }
    // 1000 each are expected, with a deviation of 28.
    assert.ok(Math.min(...times) > 800 && Math.max(...times) < 1200, `${times}`);
  });

  it('what is awaited no more may be asked for again', () => {
    const pending = createTable(shape);
    const request = createRequest(shape);
    const plan = createNeedPlan(shape);
    const none = createTable(shape);
    const offered = createTable(shape);
    fillRow(shape, offered, 20, 50);
    planNeed(shape, plan, none, pending, 20, 0, true);
    chooseWanted(shape, plan, none, pending, offered, 30, 1, request);
    setPending(shape, pending, request, 30, true);
    assert.equal(countEither(shape, pending, none, rowOf(shape, 20)), 30);
    setPending(shape, pending, request, 30, false);
    assert.deepEqual(pending, createTable(shape));
  });
});
