import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  answeringIsCheaper,
  askingAgainPays,
  credibleThreat,
  fillerIsDearer,
  givingFirstPays,
  type Inequality,
  noCheaperThan,
  type SlowPath,
  unsoundInequalities,
} from './index.ts';

const between = (less: number, more: number): Inequality => ({
  name: 'a-step',
  because: 'Else nobody does it.',
  less: { says: 'the cost', value: less },
  more: { says: 'the gain', value: more },
});

const sound = (inequality: Inequality): boolean => unsoundInequalities([inequality]).length === 0;

describe('inequalities', () => {
  it('are refused with a sentence that names the numbers', () => {
    assert.deepEqual(unsoundInequalities([between(1, 2), between(3, 2)]), [
      'a-step: the cost (3) must be less than the gain (2). Else nobody does it.',
    ]);
    const level = noCheaperThan('votes', { says: 'a vote', value: 100 }, { says: 'a refusal', value: 90 });
    assert.match(
      unsoundInequalities([level])[0] ?? '',
      /^votes: a vote \(100\) must be at most a refusal \(90\)/,
    );
  });

  it('fail at a tie unless they say otherwise, and always on numbers that are none', () => {
    assert.equal(sound(between(2, 2)), false);
    assert.ok(sound({ ...between(2, 2), orEqual: true }));
    assert.equal(sound({ ...between(3, 2), orEqual: true }), false);
    for (const [less, more] of [
      [Number.NaN, 1],
      [1, Number.NaN],
      [Number.NEGATIVE_INFINITY, 1],
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ] as const) {
      assert.equal(sound(between(less, more)), false);
      assert.equal(sound({ ...between(less, more), orEqual: true }), false);
    }
  });
});

describe('the steps of BAR Gossip', () => {
  it('a key is given up if the requests for it cost more: three of twice its size, at half the price', () => {
    const step = { answerBytes: 96, requestBytes: 192, repetitions: 3, receivedPrice: 0.5 };
    assert.ok(sound(answeringIsCheaper('key-step', step)));
    for (const wrong of [
      { requestBytes: 64 },
      { repetitions: 1 },
      { receivedPrice: 0 },
      { answerBytes: 288 },
    ])
      assert.equal(
        sound(answeringIsCheaper('key-step', { ...step, ...wrong })),
        false,
        JSON.stringify(wrong),
      );
    assert.match(
      unsoundInequalities([answeringIsCheaper('key-step', { ...step, repetitions: 1 })])[0] ?? '',
      /^key-step: .*96.*1 more requests of 192 bytes at 0.5.*\(96\)/,
    );
  });

  it('asking again is worth it only while answers are likely and worth something', () => {
    const asking = { answerProbability: 0.8, answerWorth: 5000, requestBytes: 192 };
    assert.ok(sound(askingAgainPays('ask-again', asking)));
    assert.equal(sound(askingAgainPays('ask-again', { ...asking, answerProbability: 0.03 })), false);
  });

  it('junk is larger than an update by what the update is worth in a trade', () => {
    const filler = { usefulBytes: 1250, fillerBytes: 1738, tradingWorth: 400 };
    assert.ok(sound(fillerIsDearer('junk', filler)), 'a junk factor of 1.39');
    assert.equal(sound(fillerIsDearer('junk', { ...filler, fillerBytes: 1250 })), false);
    assert.equal(sound(fillerIsDearer('junk', { ...filler, tradingWorth: 500 })), false);
  });

  it('pushing pays if something useful comes back often enough', () => {
    const push = { probability: 0.4, worth: 5000, sentBytes: 1250 };
    assert.ok(sound(givingFirstPays('push', push)));
    assert.equal(sound(givingFirstPays('push', { ...push, probability: 0.2 })), false);
  });
});

describe('the witness of BAR-T', () => {
  const costs: SlowPath = {
    fastAsker: 200,
    fastAnswerer: 4300,
    slowAsker: 3000,
    slowAnswerer: 40_000,
    answerWorth: 100_000,
  };

  it('is a credible threat while the slow path is dear to both and worth it to who asks', () => {
    assert.deepEqual(unsoundInequalities(credibleThreat('retrieve', costs)), []);
    const names = (wrong: Partial<SlowPath>): string[] =>
      unsoundInequalities(credibleThreat('retrieve', { ...costs, ...wrong })).map((text) => {
        return text.split(':')[0] ?? '';
      });
    assert.deepEqual(names({ slowAnswerer: 4000 }), ['retrieve-answerer']);
    assert.deepEqual(names({ slowAsker: 100 }), ['retrieve-asker']);
    assert.deepEqual(names({ answerWorth: 3000 }), ['retrieve-worth']);
  });
});
