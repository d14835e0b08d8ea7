import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  accountOf,
  countDelivered,
  countMissed,
  countReceived,
  countSent,
  countSigned,
  countVerified,
  createMeter,
  totalOf,
  uploadPrices,
  utilityOf,
} from './index.ts';

const CLASSES = ['useful', 'junk', 'control'] as const;
const USEFUL = 0;
const JUNK = 1;
const CONTROL = 2;

describe('the utility meter', () => {
  it('counts each thing for its peer only', () => {
    const meter = createMeter(3, CLASSES);
    countSent(meter, 1, USEFUL, 1000);
    countSent(meter, 1, USEFUL, 200);
    countSent(meter, 1, CONTROL, 30);
    countReceived(meter, 1, JUNK, 1390);
    countSigned(meter, 1);
    countVerified(meter, 1, 4);
    countDelivered(meter, 1, 9);
    countMissed(meter, 1);
    assert.deepEqual(accountOf(meter, 1), {
      sent: [1200, 0, 30],
      received: [0, 1390, 0],
      signed: 1,
      verified: 4,
      delivered: 9,
      missed: 1,
    });
    const nothing = { sent: [0, 0, 0], received: [0, 0, 0], signed: 0, verified: 0, delivered: 0, missed: 0 };
    assert.deepEqual(accountOf(meter, 0), nothing);
    assert.deepEqual(accountOf(meter, 2), nothing);
    assert.deepEqual(totalOf(meter), accountOf(meter, 1));
  });

  it('adds up over peers', () => {
    const event = fc.tuple(fc.nat(4), fc.nat(2), fc.nat(5000));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 50 }), (events) => {
        const meter = createMeter(5, CLASSES);
        for (const [peer, what, bytes] of events) {
          countSent(meter, peer, what, bytes);
          countReceived(meter, 4 - peer, what, bytes);
        }
        const { sent, received } = totalOf(meter);
        assert.deepEqual(sent, received);
        for (const what of [USEFUL, JUNK, CONTROL]) {
          const own = [0, 1, 2, 3, 4].map((peer) => accountOf(meter, peer).sent[what] as number);
          assert.equal(
            own.reduce((a, b) => a + b),
            sent[what],
          );
        }
      }),
    );
  });

  it("has FlightPath's utility: (1 - jitter) * beta - upload * kappa", () => {
    const meter = createMeter(1, CLASSES);
    // 60 rounds of a second, 3 of them jittered, 40,000 bytes uploaded in each.
    countDelivered(meter, 0, 57);
    countMissed(meter, 0, 3);
    countSent(meter, 0, USEFUL, 60 * 35_000);
    countSent(meter, 0, CONTROL, 60 * 5000);
    countReceived(meter, 0, USEFUL, 60 * 38_000);
    countSigned(meter, 0, 480);
    const prices = uploadPrices(meter, 100, 0.001);
    assert.ok(Math.abs((utilityOf(accountOf(meter, 0), prices) ?? 0) - (0.95 * 100 - 40)) < 1e-9);
    const dear = { ...prices, signature: 0.5, verification: 1, receivedByte: [0.0001, 0, 0] };
    assert.ok(Math.abs((utilityOf(accountOf(meter, 0), dear) ?? 0) - (95 - 40 - 3.8 - 4)) < 1e-9);
  });

  it('compares runs of different length, and says nothing where nothing was due', () => {
    const [short, long] = [createMeter(1, CLASSES), createMeter(1, CLASSES)];
    for (const [meter, rounds] of [
      [short, 10],
      [long, 1000],
    ] as const) {
      countDelivered(meter, 0, 0.9 * rounds);
      countMissed(meter, 0, 0.1 * rounds);
      countSent(meter, 0, USEFUL, 700 * rounds);
    }
    const prices = uploadPrices(short, 10, 0.01);
    const [a, b] = [short, long].map((meter) => utilityOf(accountOf(meter, 0), prices)) as [number, number];
    assert.ok(Math.abs(a - b) < 1e-9);
    assert.equal(utilityOf(accountOf(createMeter(1, CLASSES), 0), prices), null);
  });

  it('refuses peers and classes that it does not have', () => {
    const meter = createMeter(2, CLASSES);
    assert.throws(() => countSent(meter, 2, USEFUL, 1), /peers/);
    assert.throws(() => countSent(meter, 0, 3, 1), /class/);
    assert.throws(() => countReceived(meter, 0, 3, 1), /class/);
    assert.throws(() => accountOf(meter, 2), /peers/);
    assert.throws(() => createMeter(1, ['useful', 'useful']), /names/);
  });
});
