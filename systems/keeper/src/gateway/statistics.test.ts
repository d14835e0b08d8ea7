/** Counting of latencies: exact extremes, quantiles within an eighth. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { averageOf, countSummary, createSummary, quantileOf } from './statistics.ts';

test('nothing counted is zero everywhere', () => {
  const summary = createSummary();
  assert.deepEqual([averageOf(summary), quantileOf(summary, 0.5), quantileOf(summary, 1)], [0, 0, 0]);
});

test('small latencies have exact quantiles', () => {
  const summary = createSummary();
  for (let ms = 0; ms <= 15; ms++) countSummary(summary, ms);
  assert.equal(quantileOf(summary, 0.5), 7);
  assert.equal(quantileOf(summary, 1), 15);
  assert.deepEqual([summary.min, summary.max, summary.sum, summary.count], [0, 15, 120, 16]);
});

test('a quantile is an upper bound, at most an eighth too high, never above the maximum', () => {
  for (const top of [17, 100, 999, 4097, 86_400_000, 2 ** 30 - 1]) {
    const summary = createSummary();
    for (const part of [0.25, 0.5, 0.75, 1]) countSummary(summary, Math.round(top * part));
    const median = quantileOf(summary, 0.5);
    assert.ok(median >= Math.round(top / 2) && median <= (top / 2) * 1.125 + 1, `${median} of ${top}`);
    assert.equal(quantileOf(summary, 1), top);
  }
});

test('a latency beyond all measure, and a clock set back, are counted all the same', () => {
  const summary = createSummary();
  countSummary(summary, 1e15);
  countSummary(summary, -5);
  assert.deepEqual([summary.min, summary.max, summary.count], [0, 1e15, 2]);
  assert.ok(quantileOf(summary, 0.99) >= 2 ** 30);
});
