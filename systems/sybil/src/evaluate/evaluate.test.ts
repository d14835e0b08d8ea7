/** Measures against their definitions by counting pairs, intervals against tables of Student's t. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { close } from '../testing/graphs.ts';
import { estimate, pairedDifference, studentBelow, studentBound } from './paired.ts';
import {
  areaUnderRoc,
  HONEST,
  intervalPrecision,
  rocCurve,
  SYBIL,
  suspectPrecision,
  UNJUDGED,
  whitelistPrecision,
} from './roc.ts';
import { judge, type RunRecord, summarise, sybilsPerEdge } from './run.ts';

const scored = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(HONEST, SYBIL, UNJUDGED)), {
  minLength: 1,
  maxLength: 40,
});

test('the area is the share of pairs in the right order, equal scores counting a half', () => {
  fc.assert(
    fc.property(scored, (accounts) => {
      const scores = Float64Array.from(accounts, ([score]) => score);
      const kinds = Uint8Array.from(accounts, ([, kind]) => kind);
      const honest = accounts.filter(([, kind]) => kind === HONEST);
      const sybils = accounts.filter(([, kind]) => kind === SYBIL);
      let right = 0;
      for (const [good] of honest)
        for (const [bad] of sybils) right += bad < good ? 1 : bad === good ? 0.5 : 0;
      const area = areaUnderRoc(scores, kinds);
      if (honest.length === 0 || sybils.length === 0) return assert.ok(Number.isNaN(area));
      assert.ok(close(area, right / (honest.length * sybils.length)));
      assert.ok(
        close(
          areaUnderRoc(
            scores.map((score) => -score),
            kinds,
          ),
          1 - area,
        ),
      );
      const curve = rocCurve(scores, kinds);
      assert.deepEqual([curve[0]?.found, curve.at(-1)?.found, curve.at(-1)?.falseAlarms], [0, 1, 1]);
      assert.equal(curve.length, 1 + new Set([...honest, ...sybils].map(([score]) => score)).size);
    }),
  );
});

test('by hand: precision at k from either end, by interval, and with ties across the border', () => {
  const scores = Float64Array.of(1, 2, 3, 4, 4, 5, 9);
  const kinds = Uint8Array.of(SYBIL, HONEST, SYBIL, SYBIL, HONEST, HONEST, UNJUDGED);
  assert.deepEqual(suspectPrecision(scores, kinds, [1, 2, 3, 4, 7]), [
    { k: 1, precision: 1 },
    { k: 2, precision: 0.5 },
    { k: 3, precision: 2 / 3 },
    { k: 4, precision: 2.5 / 4 },
  ]);
  assert.deepEqual(whitelistPrecision(scores, kinds, [1, 2, 3]), [
    { k: 1, precision: 1 },
    { k: 2, precision: 0.75 },
    { k: 3, precision: 2 / 3 },
  ]);
  assert.deepEqual(intervalPrecision(scores, kinds, 2), [0.5, 0.75, 0.25]);
});

test("Student's t is that of the tables", () => {
  const table: [number, number][] = [
    [1, 12.706],
    [2, 4.303],
    [4, 2.776],
    [5, 2.571],
    [19, 2.093],
    [30, 2.042],
  ];
  for (const [freedom, bound] of table) {
    assert.ok(Math.abs(studentBound(0.95, freedom) - bound) < 6e-4);
    assert.ok(Math.abs(studentBelow(bound, freedom) - 0.975) < 1e-4);
    assert.equal(studentBelow(0, freedom), 0.5);
  }
});

test('paired differences cancel what draws have in common', () => {
  const theirs = [0.5, 0.9, 0.7, 0.2];
  const lead = pairedDifference(
    theirs.map((value, draw) => value + (draw % 2 === 0 ? 0.11 : 0.09)),
    theirs,
  );
  assert.ok(close(lead.mean, 0.1) && lead.low > 0.07 && lead.high < 0.13);
  assert.ok(estimate(theirs).low < 0.1);
  assert.deepEqual(estimate([3]), { count: 1, mean: 3, deviation: 0, low: -Infinity, high: Infinity });
});

test('runs are judged, and summed up by method', () => {
  const plan = ['a', 'b'].flatMap((attack) =>
    [0, 1, 2].flatMap((draw) => ['x', 'y'].map((method) => ({ graph: 'g', attack, method, draw }))),
  );
  const kinds = Uint8Array.of(HONEST, HONEST, SYBIL, SYBIL);
  const runs = plan.map((run): RunRecord => {
    const scores = run.method === 'x' ? Float64Array.of(4, 3, 2, 1) : Float64Array.of(4, 1, 2, run.draw);
    const judged = judge(scores, scores, kinds, 2, { suspects: [1], whitelist: [2], interval: 2 });
    return { ...run, ...judged, elapsedMs: 1 + run.draw, memoryBytes: 0 };
  });
  const [perfect, , , half] = runs;
  assert.deepEqual([perfect?.areaUnderRoc, perfect?.sybilsPerAttackEdge, perfect?.intervals], [1, 0, [1, 0]]);
  assert.deepEqual([half?.areaUnderRoc, half?.sybilsPerAttackEdge], [0.625, 0.5]);
  const summary = summarise(runs, 'x');
  assert.deepEqual(
    summary.map(({ attack, method }) => attack + method),
    ['ax', 'ay', 'bx', 'by'],
  );
  assert.equal(summary[0]?.lead, null);
  assert.ok(close(summary[1]?.lead?.mean as number, (summary[1]?.area.mean as number) - 1));
  assert.equal(summary[0]?.elapsedMs.mean, 2);
  assert.equal(sybilsPerEdge([0, 2, 3], kinds, 4), 0.5);
});
