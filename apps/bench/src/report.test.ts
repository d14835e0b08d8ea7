/** What a comparison is held to: the other's throughput and latency, and a faultless federation's for each fault. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measurement, Report } from './measure.ts';
import type { Operation } from './operations.ts';
import { formatReport, verdicts } from './report.ts';

const measured = (opsPerSecond: number, p50Ms = 1): Measurement => ({
  ...{ opsPerSecond, p50Ms, p99Ms: 2, longestStallMs: 3, serverCpuMsPerOp: 0.1, clientCpuShare: 0.2 },
  failures: 0,
});

const reportOf = (
  targets: readonly string[],
  faults: number,
  medians: readonly Measurement[],
  [operation, connections, depth]: readonly [Operation, number, number] = ['set', 6, 50],
): Report => ({
  targets,
  faults,
  rows: [{ load: { connections, depth, operation, payloadBytes: 100, seconds: 1 }, medians, shares: [] }],
  sync: { count: 1, p50Ms: 1, p99Ms: 1, longestMs: 1 },
  serverResidentBytes: targets.map(() => 0),
});

const holds = (report: Report): boolean[] => verdicts(report).map(({ holds: is }) => is);

test('many at once are held to the throughput of the other', () => {
  assert.deepEqual(holds(reportOf(['concordat', 'apache'], 0, [measured(100), measured(100)])), [true]);
  assert.deepEqual(holds(reportOf(['concordat', 'apache'], 0, [measured(99), measured(100)])), [false]);
  assert.deepEqual(holds(reportOf(['concordat'], 0, [measured(1)])), []);
});

test('one at a time is held to the latency of the other, a read to less than a write', () => {
  const latencies = [measured(1, 2), measured(1, 1)];
  assert.deepEqual(holds(reportOf(['concordat', 'apache'], 0, latencies, ['set', 1, 1])), [true]);
  assert.deepEqual(holds(reportOf(['concordat', 'apache'], 0, latencies, ['get', 1, 1])), [false]);
});

test('each fault is held to what there is without it', () => {
  const report = reportOf(['concordat', 'down', 'equivocate'], 2, [
    measured(100),
    measured(80),
    measured(79),
  ]);
  assert.deepEqual(holds(report), [true, false]);
  const text = formatReport(report);
  assert.match(text, /ratio down +0\.80 x/);
  assert.match(text, /FAIL set 100 B, 6 x 50: 0\.79 of the throughput with equivocate \(bar 0\.8\)/);
});
