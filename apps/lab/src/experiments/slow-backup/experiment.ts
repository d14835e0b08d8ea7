/**
 * What one backup that is late, or silent, costs everyone. Three phases need only a quorum; who saves COMMITs by hearing
 * all members depends on the slowest; Zyzzyva5 buys members so that it need not.
 */

import { ignore } from '@concordat/sim';
import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { behaving, late, silent } from '../../harness/adversaries.ts';
import { type Candidate, concordat, pbft, withSettings, zyzzyva, zyzzyva5 } from '../../harness/candidate.ts';
import type { Adversary } from '../../harness/federation.ts';
import { room, slowed } from '../../harness/testbed.ts';
import { type Load, run } from '../../harness/trial.ts';

interface Parameters extends Load {
  readonly candidates: readonly Candidate[];
  /** How late the backup is, in ms; 0 is not at all. */
  readonly delaysMs: readonly number[];
}

/**
 * The backup is so many ms late with everything it says, or says nothing, or lags: it takes no notice of requests, so that
 * it has to fetch the contents of each proposal, as a member does whose clients' links are worse than its own.
 */
type Backup = number | 'silent' | 'lagging';

interface Row {
  readonly candidate: string;
  readonly backup: Backup;
  readonly perSecond: number;
  readonly p50Ms: number;
}

/** Zyzzyva whose clients have to ask for what they could have been told: before its section on commit optimisation. */
const unoptimised: Candidate = {
  ...withSettings(zyzzyva, { commitOptimisation: false }),
  name: 'zyzzyva without commit optimisation',
};

/** Those that are built to endure a slow member. */
const ENDURING = [pbft, concordat, zyzzyva, zyzzyva5];

/** In the order of the figure. */
const CANDIDATES = [...ENDURING, unoptimised];

const FAULTS = { u: 1, r: 1 };
const BACKUP = 3;

function adversaryOf(backup: Backup): Adversary {
  if (backup === 'silent') return silent();
  return backup === 'lagging'
    ? behaving(() => ignore((message) => message.type === 'request'))
    : late(backup);
}

function trial(candidate: Candidate, backup: Backup, load: Load): Row {
  const adversaries = new Map([[BACKUP, adversaryOf(backup)]]);
  const { perSecond, p50Ms } = run({ ...load, candidate, faults: FAULTS, adversaries });
  return { candidate: candidate.name, backup, perSecond, p50Ms };
}

const of = (rows: readonly Row[], { name }: Candidate): readonly Row[] =>
  rows.filter(({ candidate }) => candidate === name);

const calmOf = (rows: readonly Row[], candidate: Candidate): Row | undefined =>
  of(rows, candidate).find(({ backup }) => backup === 0);

/** The least throughput with such a backup, over that with one that is in time. */
function worst(rows: readonly Row[], candidate: Candidate, isMeant: (backup: Backup) => boolean): number {
  const calm = calmOf(rows, candidate)?.perSecond ?? 0;
  const meant = of(rows, candidate).filter(({ backup }) => isMeant(backup));
  return Math.min(...meant.map(({ perSecond }) => perSecond / calm));
}

const CERTIFICATES =
  'with one member slow every slot takes a certificate, whose signatures each member checks on the core that also checks those of requests';

const MISSED: Readonly<Record<string, string>> = {
  'zyzzyva late': CERTIFICATES,
  'zyzzyva silent': CERTIFICATES,
  'zyzzyva lagging': CERTIFICATES,
};

const LEAST = 0.8;

function assertRows(rows: readonly Row[]): Finding[] {
  const gain = (calmOf(rows, concordat)?.perSecond ?? 0) / (calmOf(rows, pbft)?.perSecond ?? 1);
  const enduring = (candidate: Candidate, kind: string, isMeant: (backup: Backup) => boolean): Finding => {
    const name = `${candidate.name} ${kind}`;
    const missedBecause = MISSED[name];
    return atLeast(
      `${candidate.name}: throughput with a ${kind} backup over that without`,
      worst(rows, candidate, isMeant),
      LEAST,
      missedBecause === undefined ? {} : { missedBecause },
    );
  };
  return [
    atLeast('concordat: throughput over that of pbft, while nobody is late', gain, 0.95),
    atMost(
      `${unoptimised.name}: throughput with a silent backup over that without`,
      worst(rows, unoptimised, (backup) => backup === 'silent'),
      0.3,
      { remark: 'clients wait for the last answer, and then ask for a commit certificate' },
    ),
    ...ENDURING.filter((candidate) => calmOf(rows, candidate) !== undefined).flatMap((candidate) => [
      enduring(candidate, 'late', (backup) => typeof backup === 'number'),
      enduring(candidate, 'silent', (backup) => backup === 'silent'),
      enduring(candidate, 'lagging', (backup) => backup === 'lagging'),
    ]),
  ];
}

export const slowBackup: Experiment<Parameters, readonly Row[]> = {
  name: 'slow-backup',
  claim: 'Leaving out COMMITs while all members answer costs little when one does not.',
  source: 'Zyzzyva (SOSP 2007, sections 4.1 and 4.2); docs/decisions/0006',
  small: {
    candidates: CANDIDATES,
    delaysMs: [0, 30],
    clients: 12,
    atGateways: 0,
    span: { warmMs: 120, forMs: 100 },
    testbed: slowed(room, 3),
  },
  full: {
    candidates: CANDIDATES,
    delaysMs: [0, 2, 10, 30, 60, 100],
    clients: 16,
    atGateways: 0,
    span: { warmMs: 300, forMs: 700 },
    testbed: slowed(room, 2),
  },
  run: ({ candidates, delaysMs, ...load }, progress) =>
    candidates.flatMap((candidate) => {
      return [...delaysMs, 'silent' as const, 'lagging' as const].map((backup) => {
        const row = trial(candidate, backup, load);
        progress(`${candidate.name}, ${backup}: ${Math.round(row.perSecond)} requests/s`);
        return row;
      });
    }),
  assert: assertRows,
  draw: (rows) => {
    const backups = [...new Set(rows.map(({ backup }) => backup))];
    const candidates = [...new Set(rows.map(({ candidate }) => candidate))];
    return drawBars({
      title: 'Requests per second while one backup is late, silent or lags',
      categories: backups.map((backup) => (typeof backup === 'number' ? `${backup} ms` : backup)),
      series: candidates.map((name) => ({
        name,
        values: backups.map(
          (backup) => rows.find((row) => row.candidate === name && row.backup === backup)?.perSecond ?? null,
        ),
      })),
      axis: { name: 'requests/s' },
    });
  },
};
