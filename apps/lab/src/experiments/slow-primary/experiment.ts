/**
 * A primary that is slow on purpose, and never so slow that anybody suspects it: the cheapest attack on throughput, which
 * ruins protocols that replace only a primary that is silent (Aardvark, NSDI 2009).
 */

import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, type Finding } from '../../finding.ts';
import { late } from '../../harness/adversaries.ts';
import {
  aardvark,
  type Candidate,
  concordat,
  FIRST_VIEW_MS,
  isRobust,
  pbft,
  zyzzyva,
} from '../../harness/candidate.ts';
import type { Figures, Span } from '../../harness/measure.ts';
import { room, slowed } from '../../harness/testbed.ts';
import { type Load, run } from '../../harness/trial.ts';

interface Parameters extends Load {
  readonly candidates: readonly Candidate[];
  readonly delaysMs: readonly number[];
  /** For a primary slower than the view timeout: it is replaced first, so this takes longer. */
  readonly patient: Span;
  /** For robust candidates, from the second view on. */
  readonly rounds: Span;
}

interface Row {
  readonly candidate: string;
  readonly isRobust: boolean;
  readonly delayMs: number;
  readonly ratio: number;
  readonly views: number;
}

const FAULTS = { u: 1, r: 1 };
const PRIMARY = 0;

/** More than the view timeout. */
const TOO_SLOW_MS = 1200;

const AARDVARK = 0.8;

const PUBLISHED: Readonly<Record<number, string>> = {
  1: 'PBFT 0.08, Zyzzyva 0.42, Aardvark 1',
  10: 'PBFT 0.08, Zyzzyva 0.08, Aardvark 0.97',
  100: 'PBFT 0.02, Zyzzyva crash, Aardvark 0.98',
};

function trials(
  { candidates, delaysMs, patient, rounds, ...load }: Parameters,
  progress: (line: string) => void,
): Row[] {
  return candidates.flatMap((candidate) => {
    const figuresOf = (delayMs: number, span: Span): Figures =>
      run({ ...load, span, candidate, faults: FAULTS, adversaries: new Map([[PRIMARY, late(delayMs)]]) });
    const usual = isRobust(candidate) ? rounds : load.span;
    const calm = figuresOf(0, usual).perSecond;
    return [...delaysMs, TOO_SLOW_MS].map((delayMs): Row => {
      const figures = figuresOf(delayMs, delayMs === TOO_SLOW_MS && !isRobust(candidate) ? patient : usual);
      const ratio = figures.perSecond / calm;
      progress(`${candidate.name}, ${delayMs} ms: ${ratio.toFixed(2)}`);
      return {
        candidate: candidate.name,
        isRobust: isRobust(candidate),
        delayMs,
        ratio,
        views: figures.views,
      };
    });
  });
}

const ONLY_SILENCE = 'nobody expects a throughput of the primary: only silence ends its view';

/** What it is once it leads no more. */
const LATE_AFTERWARDS: Readonly<Partial<Record<string, string>>> = {
  [zyzzyva.name]: 'it is replaced, and then a late backup (see slow-backup)',
};

function assertRow({ candidate, isRobust: robust, delayMs, ratio }: Row): Finding {
  const claim = `${candidate}, a primary that is late by ${delayMs} ms: throughput over that without`;
  const published = PUBLISHED[delayMs];
  const reason = delayMs === TOO_SLOW_MS ? LATE_AFTERWARDS[candidate] : ONLY_SILENCE;
  const isMissed = !robust && ratio < AARDVARK && reason !== undefined;
  return atLeast(claim, ratio, AARDVARK, {
    ...(published !== undefined && { published }),
    ...(isMissed && { missedBecause: reason }),
    ...(robust && { remark: 'after the first view, in which there is nobody to compare it with' }),
  });
}

export const slowPrimary: Experiment<Parameters, readonly Row[]> = {
  name: 'slow-primary',
  claim: 'A slow primary is replaced, and costs little until then.',
  source: 'Aardvark (NSDI 2009), throughput with a slow primary',
  small: {
    candidates: [pbft, concordat],
    delaysMs: [100],
    clients: 12,
    atGateways: 0,
    span: { warmMs: 150, forMs: 200 },
    patient: { warmMs: 2000, forMs: 200 },
    rounds: { warmMs: FIRST_VIEW_MS, forMs: 600 },
    testbed: slowed(room, 20),
  },
  full: {
    candidates: [pbft, zyzzyva, aardvark, concordat],
    delaysMs: [1, 10, 100],
    clients: 32,
    atGateways: 0,
    span: { warmMs: 300, forMs: 1000 },
    patient: { warmMs: 2500, forMs: 1000 },
    rounds: { warmMs: FIRST_VIEW_MS, forMs: 20_000 },
    testbed: slowed(room, 5),
  },
  run: trials,
  assert: (rows) => rows.map(assertRow),
  draw: (rows) => {
    const delays = [...new Set(rows.map(({ delayMs }) => delayMs))];
    const names = [...new Set(rows.map(({ candidate }) => candidate))];
    return drawBars({
      title: 'Throughput with a slow primary over throughput without',
      categories: delays.map((delayMs) => `${delayMs} ms`),
      series: names.map((name) => ({
        name,
        values: delays.map(
          (delayMs) => rows.find((row) => row.candidate === name && row.delayMs === delayMs)?.ratio ?? null,
        ),
      })),
      axis: { name: 'ratio' },
      levels: [{ name: '0.8', value: AARDVARK }],
    });
  },
};
