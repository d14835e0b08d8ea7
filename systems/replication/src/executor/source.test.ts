/** What order replicas say of their logs: chains that replace each other, and what enough of them agree on. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { utf8 } from '@concordat/wire';
import { genesisHistory, historiesAfter } from '../batch.ts';
import type { NextBatch } from './messages.ts';
import {
  agreedEnd,
  claimsBetween,
  createSource,
  endOf,
  goOnFrom,
  historyOf,
  type Point,
  type Source,
  takeNextBatch,
} from './source.ts';

const digestsOf = (text: string): Uint8Array[] => [...text].map((letter) => modelHash(utf8(letter)));
const GENESIS: Point = { slot: 0, history: genesisHistory() };
const LAST = 1000;

/** The point after the log `text`, a batch for each letter. */
const after = (text: string): Point => ({
  slot: text.length,
  history: historiesAfter(modelHash, GENESIS.history, digestsOf(text)).at(-1) ?? GENESIS.history,
});

/** "After `known`, my log goes on with `more`." */
const says = (known: string, more: string, marks: Partial<NextBatch> = {}): NextBatch => ({
  type: 'next-batch',
  view: 0,
  after: known.length,
  before: after(known).history,
  digests: digestsOf(more),
  accepted: 0,
  tentative: 0,
  committed: 0,
  ...marks,
});

function sourceOf(log: string, marks: Partial<NextBatch> = {}): Source {
  const source = createSource(0, GENESIS);
  takeNextBatch(modelHash, source, says('', log, marks), GENESIS, LAST);
  return source;
}

describe('what a source says', () => {
  it('goes on from what it said, replaces it, or leaves a hole', () => {
    const source = sourceOf('abc');
    takeNextBatch(modelHash, source, says('abc', 'de'), GENESIS, LAST);
    assert.deepEqual([endOf(source), historyOf(source, 5)], [5, after('abcde').history]);
    takeNextBatch(modelHash, source, says('ab', 'x'), GENESIS, LAST);
    assert.deepEqual([endOf(source), historyOf(source, 3)], [3, after('abx').history]);
    takeNextBatch(modelHash, source, says('abxyz', 'w'), GENESIS, LAST);
    assert.deepEqual([source.start.slot, endOf(source), historyOf(source, 3)], [5, 6, null]);
    assert.equal(claimsBetween([source], GENESIS, after('abxyzw')), null, 'nothing leads there');
  });

  it('is listened to up to a limit', () => {
    const source = createSource(0, GENESIS);
    takeNextBatch(modelHash, source, says('', 'abcdef'), GENESIS, 4);
    assert.equal(endOf(source), 4);
  });

  it('starts where the log is proven, and tells if it contradicts it', () => {
    const source = sourceOf('abc');
    assert.equal(goOnFrom(source, after('ab')), true);
    assert.deepEqual([source.start.slot, endOf(source)], [2, 3]);
    assert.equal(takeNextBatch(modelHash, source, says('', 'abcd'), after('ab'), LAST), true);
    assert.deepEqual([source.start.slot, endOf(source)], [2, 4], 'what is known is cut off');
    assert.equal(takeNextBatch(modelHash, source, says('', 'axy'), after('ab'), LAST), false);
    assert.deepEqual([source.start.slot, endOf(source)], [2, 2]);
    assert.equal(
      takeNextBatch(modelHash, source, says('', 'a'), after('ab'), LAST),
      true,
      'it is only behind',
    );
  });
});

describe('agreement of sources', () => {
  const committed = (log: string, mark = log.length): Source => sourceOf(log, { committed: mark });

  it('takes as many as asked, with one log up to there', () => {
    const sources = [committed('abcd'), committed('abc'), committed('abxy')];
    assert.equal(agreedEnd(sources, 'committed', 1, false)?.slot, 4);
    assert.deepEqual(agreedEnd(sources, 'committed', 2, false), after('abc'));
    assert.equal(agreedEnd(sources, 'committed', 3, false), null, 'two logs');
    const prefix = [...sources, committed('abxyz', 2)];
    assert.deepEqual(agreedEnd(prefix, 'committed', 4, false), after('ab'));
  });

  it('does not mix views where votes are counted', () => {
    const sources = [0, 0, 1].map((view) => sourceOf('abc', { view, accepted: 3 }));
    assert.equal(agreedEnd(sources, 'accepted', 3, true), null);
    assert.deepEqual(agreedEnd(sources, 'accepted', 3, false), after('abc'));
    assert.deepEqual(agreedEnd(sources, 'accepted', 2, true), after('abc'));
  });

  it('completes a prefix by any chain that leads to what was agreed on', () => {
    const late = createSource(0, GENESIS);
    takeNextBatch(modelHash, late, says('abc', 'd', { committed: 4 }), GENESIS, LAST);
    const sources = [late, sourceOf('abcd', { committed: 4 })];
    const end = agreedEnd(sources, 'committed', 2, false);
    assert.deepEqual(end, after('abcd'));
    assert.equal(claimsBetween(sources, GENESIS, after('abcd'))?.length, 4);
  });
});
