/** The small size of the null benchmark, so that it cannot rot: it asserts counts, never times. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { measureNull } from './bench.ts';
import { parseNullOptions } from './options.ts';
import { formatNull, nullVerdicts } from './report.ts';

test('all targets serve every request, with either journal', { timeout: 120_000 }, async () => {
  const options = parseNullOptions(['--clients', '5', '--bytes', '0,1024', '--seconds', '0.1']);
  assert.ok(typeof options !== 'string');
  const rows = await measureNull(options, () => {});
  assert.equal(rows.length, 12);
  for (const { figures } of rows) {
    assert.equal(figures.failures, 0);
    assert.ok(figures.requests > 0);
    assert.ok(figures.residentBytes > 0);
  }
  assert.match(formatNull(rows), /disk +5 clients, 1024 B +each +\d+/);
  assert.deepEqual(nullVerdicts(rows), []);
});

test('a profile of every server is written and adds up to its cost', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-profile-'));
  try {
    const options = parseNullOptions([
      ...['--targets', 'bundled', '--journal', 'memory', '--clients', '200', '--bytes', '0'],
      ...['--seconds', '0.5', '--profile', directory],
    ]);
    assert.ok(typeof options !== 'string');
    const rows = await measureNull(options, () => {});
    assert.equal(readdirSync(directory).length, 4);
    const [row] = rows;
    const names = row?.shares?.map(({ stage }) => stage) ?? [];
    for (const name of ['sockets and TLS', 'service', 'agreement']) assert.ok(names.includes(name), name);
    const sum = row?.shares?.reduce((total, { usPerOp }) => total + usPerOp, 0) ?? 0;
    assert.ok(Math.abs(sum - (row?.figures.serverCpuUsPerRequest ?? 0)) < 1e-6);
    assert.equal(nullVerdicts(rows).length, 3);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('members, executors and filter nodes serve as well, and are held to nothing', {
  timeout: 120_000,
}, async () => {
  const options = parseNullOptions([
    ...['--preset', 'upright-separated', '--targets', 'bundled', '--journal', 'memory'],
    ...['--clients', '3', '--bytes', '1024', '--seconds', '0.1'],
  ]);
  assert.ok(typeof options !== 'string');
  const rows = await measureNull(options, () => {});
  for (const { figures } of rows) assert.ok(figures.requests > 0 && figures.failures === 0);
  assert.match(formatNull(rows), /3 clients, 1024 B +bundled, upright-separated +\d+/);
  assert.deepEqual(nullVerdicts(rows), []);
});

test('mistakes on the command line are named', () => {
  assert.match(String(parseNullOptions(['--clients', '0'])), /not a number: 0/);
  assert.match(String(parseNullOptions(['--seconds', 'x'])), /not a duration: x/);
  assert.match(String(parseNullOptions(['--journal', 'tape'])), /not a journal: tape/);
  assert.match(String(parseNullOptions(['--targets', 'both'])), /not a target: both/);
  assert.match(String(parseNullOptions(['--preset', 'paxos'])), /not a preset: paxos/);
});
