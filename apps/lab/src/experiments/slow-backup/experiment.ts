/**
 * What one backup that is late, or silent, costs everyone. Three phases need only a quorum; who saves COMMITs by hearing
 * all members depends on the slowest; Zyzzyva5 buys members so that it need not.
 */

import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { late, silent } from '../../harness/adversaries.ts';
import { type Candidate, concordat, pbft, zyzzyva, zyzzyva5 } from '../../harness/candidate.ts';
import { room, slowed } from '../../harness/testbed.ts';
import { type Load, run } from '../../harness/trial.ts';

interface Parameters extends Load {
  readonly candidates: readonly Candidate[];
  /** How late the backup is, in ms; 0 is not at all. */
  readonly delaysMs: readonly number[];
}

/** `delayMs` is null for a backup that says nothing. */
interface Row {
  readonly candidate: string;
  readonly delayMs: number | null;
  readonly perSecond: number;
  readonly p50Ms: number;
}

const FAULTS = { u: 1, r: 1 };
const BACKUP = 3;

function trial(candidate: Candidate, delayMs: number | null, load: Load): Row {
  const { perSecond, p50Ms } = run({
    ...load,
    candidate,
    faults: FAULTS,
    adversaries: new Map([[BACKUP, delayMs === null ? silent() : late(delayMs)]]),
  });
  return { candidate: candidate.name, delayMs, perSecond, p50Ms };
}

const of = (rows: readonly Row[], { name }: Candidate): readonly Row[] =>
  rows.filter(({ candidate }) => candidate === name);

/** Throughput with the backup that costs most, over that with one that is in time. */
function worst(rows: readonly Row[], isCounted: (row: Row) => boolean): number {
  const calm = rows.find(({ delayMs }) => delayMs === 0)?.perSecond ?? 0;
  return Math.min(...rows.filter(isCounted).map(({ perSecond }) => perSecond / calm));
}

const AT_LEAST = 0.8;

/** Nobody waits for a late member that is not needed. */
const enduring = (rows: readonly Row[], candidate: Candidate): Finding =>
  atLeast(
    `${candidate.name}: throughput with the backup that costs most over that without`,
    worst(of(rows, candidate), () => true),
    AT_LEAST,
  );

const hearingAll = (rows: readonly Row[], candidate: Candidate): Finding[] => [
  atLeast(
    `${candidate.name}: throughput with a silent backup over that without`,
    worst(of(rows, candidate), ({ delayMs }) => delayMs === null),
    AT_LEAST,
  ),
  atLeast(
    `${candidate.name}: throughput with the late backup that costs most over that without`,
    worst(of(rows, candidate), ({ delayMs }) => delayMs !== null),
    AT_LEAST,
    {
      missedBecause:
        'everybody waits up to 50 ms for the last member before falling back to COMMITs, and a member that is always a little faster than that keeps them waiting',
    },
  ),
];

const calmOf = (rows: readonly Row[], candidate: Candidate): Row | undefined =>
  of(rows, candidate).find(({ delayMs }) => delayMs === 0);

function gain(rows: readonly Row[]): Finding {
  const ratio = (calmOf(rows, concordat)?.p50Ms ?? 0) / (calmOf(rows, pbft)?.p50Ms ?? 1);
  return atMost('concordat: latency over that of pbft, while nobody is late', ratio, 1);
}

export const slowBackup: Experiment<Parameters, readonly Row[]> = {
  name: 'slow-backup',
  claim: 'Leaving out COMMITs while all members answer costs little when one does not.',
  source: 'Zyzzyva (SOSP 2007, sections 4.1 and 4.2); docs/decisions/0006',
  small: {
    candidates: [pbft, concordat, zyzzyva5],
    delaysMs: [0, 40, 100],
    clients: 12,
    atGateways: 0,
    span: { warmMs: 250, forMs: 250 },
    testbed: slowed(room, 5),
  },
  full: {
    candidates: [pbft, concordat, zyzzyva, zyzzyva5],
    delaysMs: [0, 1, 2, 5, 10, 20, 30, 40, 60, 80, 100],
    clients: 32,
    atGateways: 0,
    span: { warmMs: 500, forMs: 2000 },
    testbed: room,
  },
  run: ({ candidates, delaysMs, ...load }, progress) =>
    candidates.flatMap((candidate) => {
      progress(candidate.name);
      return [...delaysMs, null].map((delayMs) => trial(candidate, delayMs, load));
    }),
  assert: (rows) => [
    gain(rows),
    enduring(rows, pbft),
    ...hearingAll(rows, concordat),
    enduring(rows, zyzzyva5),
  ],
  draw: (rows) =>
    drawCurves({
      title: 'Requests per second while one backup is late',
      series: [...new Set(rows.map(({ candidate }) => candidate))].map((name) => ({
        name,
        points: rows.flatMap(({ candidate, delayMs, perSecond }) =>
          candidate === name && delayMs !== null ? [[delayMs, perSecond] as const] : [],
        ),
      })),
      x: { name: 'late by, ms' },
      y: { name: 'requests/s' },
    }),
};
