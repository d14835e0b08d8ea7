/** A benchmark's report as a table for people: one line per load and target, and the ratios between two targets. */

import type { Measurement, Report, Row } from './measure.ts';
import { describe } from './measure.ts';
import { formatTable } from './table.ts';

const HEADINGS = [
  'load',
  'target',
  'ops/s',
  'p50 ms',
  'p99 ms',
  'stall ms',
  'server us/op',
  'client CPU',
  'failed',
];

export function formatReport(report: Report): string {
  const lines = report.rows.flatMap((row) => rowLines(row, report.targets));
  const { sync } = report;
  const resident = report.serverResidentBytes.map(
    (bytes, i) => `${report.targets[i]} ${Math.round(bytes / 1_048_576)} MiB`,
  );
  return [
    formatTable([HEADINGS, ...lines]),
    '',
    `disk: fdatasync p50 ${sync.p50Ms.toFixed(2)} ms, p99 ${sync.p99Ms.toFixed(2)} ms, ` +
      `longest ${sync.longestMs.toFixed(1)} ms (${sync.count} samples)`,
    `resident memory of all servers: ${resident.join(', ')}`,
    ...verdictLines(report),
  ].join('\n');
}

function rowLines(row: Row, targets: readonly string[]): string[][] {
  const lines = row.medians.map((m, i) => [
    i === 0 ? describe(row.load) : '',
    targets[i] ?? '',
    ...figures(m),
  ]);
  const [ours, theirs] = row.medians;
  if (ours !== undefined && theirs !== undefined) lines.push(['', 'ratio', ...ratios(ours, theirs)]);
  return lines;
}

const figures = (m: Measurement): string[] => [
  String(Math.round(m.opsPerSecond)),
  m.p50Ms.toFixed(2),
  m.p99Ms.toFixed(2),
  m.longestStallMs.toFixed(0),
  (m.serverCpuMsPerOp * 1_000).toFixed(0),
  `${Math.round(m.clientCpuShare * 100)} %`,
  String(m.failures),
];

function ratios(ours: Measurement, theirs: Measurement): string[] {
  const ratio = (a: number, b: number): string => (b === 0 ? '-' : `${(a / b).toFixed(2)} x`);
  return [
    ratio(ours.opsPerSecond, theirs.opsPerSecond),
    ratio(ours.p50Ms, theirs.p50Ms),
    ratio(ours.p99Ms, theirs.p99Ms),
    ratio(ours.longestStallMs, theirs.longestStallMs),
    ratio(ours.serverCpuMsPerOp, theirs.serverCpuMsPerOp),
    '',
    '',
  ];
}

/**
 * The bars that a comparison is held to, in sentences; empty unless two targets were measured. Many at once: not below
 * the other's throughput. One at a time: the median write at most 2.5 times the other's, the median read 1.2 times.
 */
export function verdicts(report: Report): { readonly holds: boolean; readonly claim: string }[] {
  return report.rows.flatMap((row) => {
    const [ours, theirs] = row.medians;
    if (ours === undefined || theirs === undefined) return [];
    const name = describe(row.load);
    if (row.load.connections * row.load.depth > 1) {
      const ratio = ours.opsPerSecond / theirs.opsPerSecond;
      return [{ holds: ratio >= 1, claim: `${name}: ${ratio.toFixed(2)} x the throughput (bar 1.00)` }];
    }
    const bar = row.load.operation === 'get' ? 1.2 : 2.5;
    const ratio = ours.p50Ms / theirs.p50Ms;
    return [{ holds: ratio <= bar, claim: `${name}: ${ratio.toFixed(2)} x the median latency (bar ${bar})` }];
  });
}

const verdictLines = (report: Report): string[] =>
  verdicts(report).map(({ holds, claim }) => `${holds ? 'PASS' : 'FAIL'} ${claim}`);
