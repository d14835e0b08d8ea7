import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addStrike, createStrikes, forgetPeer, reasonsOf, scoreOf } from './index.ts';

describe('strikes', () => {
  it('add up per peer and fade one at a time', () => {
    const strikes = createStrikes(1000);
    assert.equal(addStrike(strikes, 1, 'late', 0), 1);
    assert.equal(addStrike(strikes, 1, 'late', 0), 2);
    assert.equal(addStrike(strikes, 1, 'malformed', 500), 2.5);
    assert.equal(scoreOf(strikes, 1, 1500), 1.5);
    assert.equal(scoreOf(strikes, 1, 60_000), 0);
    assert.equal(scoreOf(strikes, 2, 0), 0);
  });

  it('forgive what is past and no more: good behaviour is not saved up', () => {
    const strikes = createStrikes(1000);
    addStrike(strikes, 1, 'late', 0);
    assert.equal(addStrike(strikes, 1, 'late', 1_000_000), 1);
  });

  it('remember reasons until the peer is forgotten', () => {
    const strikes = createStrikes(1000);
    addStrike(strikes, 1, 'late', 0);
    addStrike(strikes, 1, 'late', 5000);
    addStrike(strikes, 1, 'malformed', 5000);
    assert.deepEqual(
      [...reasonsOf(strikes, 1)],
      [
        ['late', 2],
        ['malformed', 1],
      ],
    );
    forgetPeer(strikes, 1);
    assert.equal(reasonsOf(strikes, 1).size, 0);
    assert.equal(scoreOf(strikes, 1, 5000), 0);
  });
});
