/** Tests of reservations.ts: whatever is asked, promised and sent in whatever order, the cap holds. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import {
  acceptTrade,
  checkBudget,
  createBudget,
  freeBytes,
  type Pledge,
  pledge,
  reducePledge,
  renewBudget,
  returnPlace,
  spend,
} from './reservations.ts';

describe('the budget of a round', () => {
  it('is never exceeded, and whatever was pledged can always be sent, for every random schedule', () => {
    let [sent, refused, fromPledges] = [0, 0, 0];
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5000 }), (seed, cap) => {
        const random = createPrng(seed, 'budget');
        const budget = createBudget(cap, 2);
        const pledges: Pledge[] = [];
        let left = 0;
        for (let step = 0; step < 300; step++) {
          const made = pledges.length > 0 ? random.pick(pledges) : null;
          const size = random.below(cap);
          switch (random.below(6)) {
            case 0: {
              const fresh = random.chance(0.5)
                ? pledge(budget, size, random.below(size + 1))
                : acceptTrade(budget, size, 1);
              if (fresh !== null) pledges.push(fresh);
              break;
            }
            case 1:
              if (made !== null) reducePledge(budget, made, random.below(cap));
              break;
            case 2:
              if (random.chance(0.2)) {
                renewBudget(budget);
                left = 0;
              }
              break;
            case 3: {
              // What was pledged needs nothing else.
              if (made === null) break;
              left += made.bytes;
              fromPledges += made.bytes;
              assert.ok(spend(budget, made.bytes, made));
              break;
            }
            default:
              if (spend(budget, size, made)) {
                left += size;
                sent++;
              } else refused++;
          }
          assert.ok(left <= cap);
          assert.equal(budget.spentBytes, left);
          assert.equal(
            budget.pledgedBytes,
            pledges.reduce((sum, { bytes }) => sum + bytes, 0),
          );
          checkBudget(budget);
        }
      }),
    );
    assert.ok(sent > 100 && refused > 100 && fromPledges > 100);
  });

  it('has places for two trades of others, and no bound on own ones but bytes', () => {
    const budget = createBudget(100, 2);
    assert.ok(pledge(budget, 10, 10));
    assert.ok(acceptTrade(budget, 10, 10));
    assert.ok(acceptTrade(budget, 10, 10));
    assert.equal(acceptTrade(budget, 10, 10), null);
    assert.ok(pledge(budget, 10, 10));
    assert.equal(freeBytes(budget), 60);
    renewBudget(budget);
    assert.ok(acceptTrade(budget, 10, 10));
    assert.equal(freeBytes(budget), 50);
  });

  it('has the place of a trade that came to nothing for another one', () => {
    const budget = createBudget(100, 1);
    assert.ok(acceptTrade(budget, 10, 10));
    assert.equal(acceptTrade(budget, 10, 10), null);
    returnPlace(budget);
    assert.ok(acceptTrade(budget, 10, 10));
    returnPlace(budget);
    assert.throws(() => returnPlace(budget), /who gives back a place had it/);
  });

  it('refuses a trade that could not be served to its end, which takes no place', () => {
    const budget = createBudget(100, 2);
    assert.ok(spend(budget, 95, null));
    assert.equal(acceptTrade(budget, 50, 6), null);
    assert.deepEqual(acceptTrade(budget, 50, 5), { bytes: 5 });
    assert.equal(spend(budget, 1, null), false);
    assert.equal(budget.accepted, 1);
  });

  it('is endless without a cap', () => {
    const budget = createBudget(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    for (let i = 0; i < 100; i++) assert.deepEqual(acceptTrade(budget, 1e9, 1e9), { bytes: 1e9 });
    checkBudget(budget);
  });
});
