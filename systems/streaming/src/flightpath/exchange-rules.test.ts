/** Tests of the rules of a single trade: sizes, debts, trouble, policy. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { balanceWith, bookTrade, createDebts, giftLimit, halveDebts } from './debt.ts';
import { candidatesOf, FLIGHTPATH_ABLATIONS, policyOf } from './policy.ts';
import { giftOf, tradeSizes } from './trade-size.ts';
import { initiationsFor, lookForTrouble } from './trouble.ts';

const count = fc.nat(500);

describe('the sizes of a trade', () => {
  it('are even but for a gift of alpha of the trade, or of a fifth of a round', () => {
    assert.deepEqual(tradeSizes(0.1, 50, 40, 30, 25, 25), { gives: 33, gets: 30 });
    assert.deepEqual(tradeSizes(0.1, 50, 0, 30, 25, 25), { gives: 0, gets: 1 });
    assert.deepEqual(tradeSizes(0, 50, 40, 30, 25, 25), { gives: 30, gets: 30 });
    assert.deepEqual(tradeSizes(0.1, 50, 40, 30, 2, 25), { gives: 32, gets: 30 });
    assert.deepEqual(tradeSizes(0.1, 50, 40, 30, 0, 25), { gives: 30, gets: 30 });
  });

  it('are the same for both sides, within what is wanted, the gift and the limit of the giver', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        count,
        count,
        count,
        count,
        (alpha, a, b, x, y) => {
          const sizes = tradeSizes(alpha, 50, a, b, x, y);
          const mirrored = tradeSizes(alpha, 50, b, a, y, x);
          assert.deepEqual(mirrored, { gives: sizes.gets, gets: sizes.gives });
          assert.ok(sizes.gives <= a && sizes.gets <= b);
          const even = Math.min(a, b);
          assert.ok(sizes.gives >= even && sizes.gets >= even);
          assert.ok(sizes.gives - sizes.gets <= Math.min(x, giftOf(alpha, even, 50)));
          assert.ok(sizes.gets - sizes.gives <= Math.min(y, giftOf(alpha, even, 50)));
        },
      ),
    );
  });
});

describe('debts', () => {
  it('never let gifts to one partner exceed the limit, whoever takes what for however long', () => {
    const random = createPrng(3, 'debts');
    const debts = createDebts(25);
    let ahead = 0;
    for (let trade = 0; trade < 1000; trade++) {
      const [canGive, canGet] = [random.below(50), random.chance(0.7) ? 0 : random.below(20)];
      const { gives, gets } = tradeSizes(0.1, 50, canGive, canGet, giftLimit(debts, 7), 25);
      bookTrade(debts, 7, gives, gets);
      ahead += gives - gets;
      assert.ok(balanceWith(debts, 7) <= 25 && ahead <= 25);
    }
    assert.equal(balanceWith(debts, 8), 0);
  });

  it('halve each epoch, and those that are paid take no room', () => {
    const debts = createDebts(25);
    bookTrade(debts, 1, 20, 0);
    bookTrade(debts, 2, 0, 3);
    bookTrade(debts, 3, 4, 4);
    assert.deepEqual(
      [...debts.balances],
      [
        [1, 20],
        [2, -3],
      ],
    );
    halveDebts(debts);
    assert.deepEqual(
      [...debts.balances],
      [
        [1, 10],
        [2, -1],
      ],
    );
    halveDebts(debts);
    assert.deepEqual([...debts.balances], [[1, 5]]);
    assert.equal(giftLimit(debts, 1), 20);
  });

  it('do not grow by what a partner gave unasked', () => {
    const debts = createDebts(25);
    bookTrade(debts, 1, 0, 400);
    assert.equal(giftLimit(debts, 1), 50);
  });
});

describe('the trouble detector', () => {
  const held = new Map([
    [11, 45],
    [12, 44],
    [16, 0],
  ]);
  const heldOf = (round: number): number => held.get(round) ?? 0;

  it('counts rounds that should decode by now and do not, and what is lacking before the present one', () => {
    // 11 has 45 packets; 12 to 15 lack some; 16 is young; 20 is the present one.
    assert.deepEqual(lookForTrouble(heldOf, 45, 10, 20, 0), { bad: 4, lacking: 1 + 7 * 45 });
    assert.deepEqual(lookForTrouble(heldOf, 45, 10, 20, 15), { bad: 1, lacking: 5 * 45 });
    assert.deepEqual(lookForTrouble(heldOf, 45, 10, 4, 0), { bad: 0, lacking: 4 * 45 });
  });

  it('begins up to three trades, by whichever is worse', () => {
    const trades = (bad: number, lacking: number): number => initiationsFor({ bad, lacking }, 45, 2);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 9].map((bad) => trades(bad, 0)),
      [1, 2, 2, 3, 3, 3],
    );
    assert.deepEqual(
      [0, 78, 79, 123, 124, 400].map((lacking) => trades(0, lacking)),
      [1, 1, 2, 2, 3, 3],
    );
    assert.equal(initiationsFor({ bad: 9, lacking: 400 }, 45, 0), 1);
  });
});

const ALL_ON = policyOf({
  kind: 'flightpath',
  epochRounds: 40,
  imbalance: 0.1,
  debtMax: 25,
  acceptLimit: 2,
  capBytes: 125_000,
});

describe('the policy', () => {
  it('lets a peer choose among the logarithm of all, and never among fewer than four', () => {
    assert.deepEqual(
      [2, 16, 17, 500, 513, 10_000].map((n) => candidatesOf(ALL_ON, n)),
      [4, 4, 5, 9, 10, 14],
    );
    assert.equal(candidatesOf({ ...ALL_ON, ...FLIGHTPATH_ABLATIONS['single-candidate'] }, 500), 1);
  });

  it('has an ablation for each mechanism, which changes that one alone', () => {
    const switched = Object.values(FLIGHTPATH_ABLATIONS).map((changes) => Object.keys(changes));
    assert.ok(switched.every((keys) => keys.length === 1));
    assert.equal(new Set(switched.flat()).size, 8);
  });
});
