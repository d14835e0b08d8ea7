import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytePrices, costOf, createMeter, type Meter, sumOf, totalBytes, utilityOf } from './index.ts';

const CLASSES = 3;
const USEFUL = 0;
const JUNK = 1;
const CONTROL = 2;

const metered = (
  up: readonly number[],
  down: readonly number[],
  signatures = 0,
  verifications = 0,
): Meter => ({
  up: Float64Array.from(up),
  down: Float64Array.from(down),
  signatures,
  verifications,
});

describe('the utility meter', () => {
  it('begins with nothing, and adds up over peers', () => {
    const three = fc.array(fc.nat(5000), { minLength: CLASSES, maxLength: CLASSES });
    const meter = fc.tuple(three, three, fc.nat(9), fc.nat(9)).map((parts) => metered(...parts));
    assert.deepEqual(createMeter(CLASSES), metered([0, 0, 0], [0, 0, 0]));
    fc.assert(
      fc.property(fc.array(meter, { minLength: 1, maxLength: 8 }), (meters) => {
        const sum = sumOf(meters);
        for (const what of [USEFUL, JUNK, CONTROL])
          assert.equal(
            sum.up[what],
            meters.reduce((all, { up }) => all + (up[what] as number), 0),
          );
        assert.equal(
          totalBytes(sum.down),
          meters.reduce((all, { down }) => all + totalBytes(down), 0),
        );
        assert.equal(
          sum.signatures,
          meters.reduce((all, { signatures }) => all + signatures, 0),
        );
        // What all of them cost is what each of them costs.
        const prices = { ...bytePrices(CLASSES, 0, 2, 1), signature: 3, verification: 4 };
        assert.equal(
          costOf(sum, prices),
          meters.reduce((all, each) => all + costOf(each, prices), 0),
        );
      }),
    );
    assert.throws(() => sumOf([createMeter(2), createMeter(3)]), /same classes/);
  });

  it("has FlightPath's utility: (1 - jitter) * beta - upload * kappa", () => {
    // 60 rounds of a second, 3 of them jittered, 40,000 bytes uploaded in each.
    const meter = metered([60 * 35_000, 0, 60 * 5000], [60 * 38_000, 0, 0], 480);
    const got = { delivered: 57, due: 60, periods: 60 };
    const prices = bytePrices(CLASSES, 100, 0.001);
    assert.ok(Math.abs((utilityOf(meter, got, prices) ?? 0) - (0.95 * 100 - 40)) < 1e-9);
    const dear = { ...prices, signature: 0.5, verification: 1, downByte: [0.0001, 0, 0] };
    assert.ok(Math.abs((utilityOf(meter, got, dear) ?? 0) - (95 - 40 - 3.8 - 4)) < 1e-9);
    // Ten packets due in each round: the share counts, and costs stay those of a round.
    const packets = { delivered: 570, due: 600, periods: 60 };
    assert.equal(utilityOf(meter, packets, prices), utilityOf(meter, got, prices));
  });

  it('compares runs of different length, and says nothing where nothing was due', () => {
    const prices = bytePrices(CLASSES, 10, 0.01);
    const [a, b] = [10, 1000].map((rounds) =>
      utilityOf(
        metered([700 * rounds, 0, 0], [0, 0, 0]),
        { delivered: 0.9 * rounds, due: rounds, periods: rounds },
        prices,
      ),
    ) as [number, number];
    assert.ok(Math.abs(a - b) < 1e-9);
    assert.equal(utilityOf(createMeter(CLASSES), { delivered: 0, due: 0, periods: 5 }, prices), null);
    assert.equal(utilityOf(createMeter(CLASSES), { delivered: 0, due: 5, periods: 0 }, prices), null);
  });

  it('refuses prices of other classes', () => {
    assert.throws(() => costOf(createMeter(3), bytePrices(2, 1, 1)), /its price/);
  });
});
