/** A benchmark's report as a table for people: one line per load and target, and the ratios between two targets. */

import type { Measurement, Report, Row } from './measure.ts';
import { describe } from './measure.ts';
import { isRead } from './operations.ts';
import { formatShares } from './profile.ts';
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
  const lines = report.rows.flatMap((row) => rowLines(row, report));
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
    ...report.rows.flatMap((row) => profileLines(row, report)),
    ...verdictLines(report),
  ].join('\n');
}

function rowLines(row: Row, report: Report): string[][] {
  const { targets } = report;
  const lines = row.medians.map((m, i) => [
    i === 0 ? describe(row.load) : '',
    targets[i] ?? '',
    ...figures(m),
  ]);
  for (const { name, a, b } of pairs(row, report)) lines.push(['', `ratio ${name}`, ...ratios(a, b)]);
  return lines;
}

const profileLines = (row: Row, { targets }: Report): string[] =>
  row.shares.flatMap((shares, i) =>
    shares === null ? [] : ['', formatShares(`${describe(row.load)}, ${targets[i]}`, 'us/op', shares)],
  );

interface Pair {
  /** Against what, or under which fault. */
  readonly name: string;
  readonly isFault: boolean;
  readonly a: Measurement;
  readonly b: Measurement;
}

/** What is compared: the first target with each other one, and each fault with the first target. */
const pairs = ({ medians: [first, ...others] }: Row, { targets, faults }: Report): Pair[] =>
  first === undefined
    ? []
    : others.map((other, i) => {
        const isFault = i + 1 >= targets.length - faults;
        const [a, b] = isFault ? [other, first] : [first, other];
        return { name: targets[i + 1] ?? '', isFault, a, b };
      });

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

/** What a fault may leave of the throughput. */
const FAULT_BAR = 0.8;
/** Median latency over the other's, one request at a time. */
const READ_BAR = 1.2;
const WRITE_BAR = 2.5;

/**
 * The bars that a comparison is held to, in sentences; empty if there is only one target. Many at once: not below the other's
 * throughput. One at a time: the median write at most 2.5 times the other's, the median read 1.2 times. Under a fault, 0.8 of
 * the throughput without it.
 */
export function verdicts(report: Report): { readonly holds: boolean; readonly claim: string }[] {
  return report.rows.flatMap((row) =>
    pairs(row, report).map(({ name, isFault, a, b }) => {
      const load = describe(row.load);
      const throughput = a.opsPerSecond / b.opsPerSecond;
      if (isFault)
        return {
          holds: throughput >= FAULT_BAR,
          claim: `${load}: ${throughput.toFixed(2)} of the throughput with ${name} (bar ${FAULT_BAR})`,
        };
      if (row.load.connections * row.load.depth > 1)
        return {
          holds: throughput >= 1,
          claim: `${load}: ${throughput.toFixed(2)} x the throughput (bar 1.00)`,
        };
      const bar = isRead(row.load.operation) ? READ_BAR : WRITE_BAR;
      const ratio = a.p50Ms / b.p50Ms;
      return { holds: ratio <= bar, claim: `${load}: ${ratio.toFixed(2)} x the median latency (bar ${bar})` };
    }),
  );
}

const verdictLines = (report: Report): string[] =>
  verdicts(report).map(({ holds, claim }) => `${holds ? 'PASS' : 'FAIL'} ${claim}`);
