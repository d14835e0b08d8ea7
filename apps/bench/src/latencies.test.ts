/** Percentiles are those of the samples, and a stall is seen wherever it lies. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLatencies, median } from './latencies.ts';

test('percentiles of a known distribution', () => {
  const latencies = createLatencies(0);
  for (let i = 100_000; i >= 1; i--) latencies.add(i, 0);
  assert.equal(latencies.count, 100_000);
  assert.equal(latencies.percentile(0.5), 50_001);
  assert.equal(latencies.percentile(0.99), 99_001);
  assert.equal(latencies.percentile(1), 100_000);
});

test('the longest stall includes the wait for the first completion', () => {
  const latencies = createLatencies(1_000);
  latencies.add(1, 1_700);
  latencies.add(1, 1_800);
  assert.equal(latencies.longestStallMs, 700);
  latencies.add(1, 2_600);
  assert.equal(latencies.longestStallMs, 800);
});

test('the median of an even number of values lies between the middle two', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([9, 1, 5]), 5);
});
