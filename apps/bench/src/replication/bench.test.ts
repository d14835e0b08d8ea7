/** The small size of the null benchmark, so that it cannot rot: it asserts counts, never times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatNull, measureNull, parseNullOptions } from './bench.ts';

test('four processes serve every request, with either journal', { timeout: 60_000 }, async () => {
  const options = parseNullOptions(['--clients', '1,5', '--bytes', '0,1024', '--seconds', '0.2']);
  assert.ok(typeof options !== 'string');
  const rows = await measureNull(options, () => {});
  assert.equal(rows.length, 8);
  for (const { figures } of rows) {
    assert.equal(figures.failures, 0);
    assert.ok(figures.requests > 0);
    assert.ok(figures.residentBytes > 0);
  }
  assert.match(formatNull(rows), /disk +5 clients, 1024 B +\d+/);
});

test('mistakes on the command line are named', () => {
  assert.match(String(parseNullOptions(['--clients', '0'])), /not a number: 0/);
  assert.match(String(parseNullOptions(['--seconds', 'x'])), /not a duration: x/);
  assert.match(String(parseNullOptions(['--journal', 'tape'])), /not a journal: tape/);
});
