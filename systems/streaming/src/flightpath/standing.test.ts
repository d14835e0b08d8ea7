/** Tests of standing.ts: who is tried first and last, and for how long that is so. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  forgetPartners,
  hasLapsed,
  noteDelivery,
  noteLapse,
  noteSilence,
  type Remembering,
  standingOf,
} from './standing.ts';

const at = (round: number, failing = 0): Remembering => ({
  round,
  own: { lapsed: new Map(), silent: new Map(), proven: new Map(), suspects: new Set(), failing, patience: 1 },
});
const later = ({ own }: Remembering, round: number): Remembering => ({ own, round });

describe('the standing of a partner', () => {
  it('is doubtful for 200 rounds after a trade came to nothing, and for 40 after silence', () => {
    const peer = at(10);
    noteLapse(peer, 1);
    noteSilence(peer, 2);
    peer.own.suspects.add(3);
    const standings = (round: number) => [1, 2, 3, 4].map((who) => standingOf(later(peer, round), who));
    assert.deepEqual(standings(10), ['doubtful', 'doubtful', 'doubtful', 'unknown']);
    assert.deepEqual(standings(50), ['doubtful', 'unknown', 'doubtful', 'unknown']);
    assert.deepEqual(standings(209), ['doubtful', 'unknown', 'doubtful', 'unknown']);
    assert.deepEqual(standings(210), ['unknown', 'unknown', 'doubtful', 'unknown']);
  });

  it('is doubtful for twice as long each time, up to 3,200 rounds, and one trade counts once', () => {
    const peer = at(0);
    const lapsesAt = (round: number): number => {
      noteLapse(later(peer, round), 1);
      noteLapse(later(peer, round + 2), 1);
      let end = round;
      while (hasLapsed(later(peer, end), 1)) end++;
      return end - round;
    };
    assert.deepEqual([0, 300, 1000, 2000, 4000, 8000].map(lapsesAt), [200, 400, 800, 1600, 3200, 3200]);
    noteDelivery(later(peer, 8100), 1);
    assert.equal(lapsesAt(8200), 200);
  });

  it('is better for who delivered, if trades come to nothing of late', () => {
    const [calm, troubled] = [at(10), at(10, 0.1)];
    for (const peer of [calm, troubled]) noteDelivery(peer, 1);
    assert.equal(standingOf(calm, 1), 'unknown');
    assert.equal(standingOf(troubled, 1), 'proven');
    assert.equal(standingOf(troubled, 2), 'unknown');
    assert.equal(standingOf(later(troubled, 40), 1), 'unknown');
  });

  it('follows what happened last: a delivery forgives, and a failure undoes what was delivered', () => {
    const peer = at(10, 0.1);
    noteLapse(peer, 1);
    noteDelivery(peer, 1);
    assert.equal(standingOf(peer, 1), 'proven');
    noteLapse(peer, 1);
    assert.equal(standingOf(peer, 1), 'doubtful');
    assert.equal(standingOf(later(peer, 210), 1), 'unknown');
  });

  it('is forgotten when it is too old to matter, and not before', () => {
    const peer = at(10);
    noteLapse(peer, 1);
    noteSilence(peer, 2);
    noteDelivery(peer, 3);
    forgetPartners(later(peer, 45));
    assert.deepEqual(
      [...peer.own.lapsed.keys(), ...peer.own.silent.keys(), ...peer.own.proven.keys()],
      [1, 2],
    );
    forgetPartners(later(peer, 409));
    assert.deepEqual([...peer.own.lapsed.keys()], [1]);
    forgetPartners(later(peer, 410));
    assert.equal(peer.own.lapsed.size + peer.own.silent.size, 0);
  });
});

describe('patience', () => {
  const deliver = (peer: Remembering, isLate: boolean): void => {
    if (isLate) noteLapse(peer, 1);
    noteDelivery(peer, 1);
  };

  it('grows where links are slow, to a bound, and goes as they get faster', () => {
    const peer = at(10);
    for (let i = 0; i < 3; i++) deliver(peer, true);
    assert.equal(peer.own.patience, 1.25 ** 3);
    for (let i = 0; i < 10; i++) deliver(peer, true);
    assert.equal(peer.own.patience, 2.3);
    for (let i = 0; i < 40; i++) deliver(peer, false);
    assert.equal(peer.own.patience, 1);
  });

  it('is not used up by a tenth that are late on purpose', () => {
    const peer = at(10);
    for (let i = 0; i < 1000; i++) deliver(peer, i % 10 === 0);
    assert.ok(peer.own.patience < 1.3);
  });

  it('does not grow by what was forgiven long after', () => {
    const peer = at(10);
    noteLapse(peer, 1);
    noteDelivery(later(peer, 12), 1);
    assert.equal(peer.own.patience, 1);
  });
});
