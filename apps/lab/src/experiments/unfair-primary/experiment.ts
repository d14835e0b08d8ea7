/**
 * A primary that serves everyone but one: what the starved domain gets, how long it waits at most, and what the others
 * pay. The liar goes on ignoring that domain when it leads no more.
 */

import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { ignoring } from '../../harness/adversaries.ts';
import { CANDIDATES, type Candidate, concordat } from '../../harness/candidate.ts';
import { measure } from '../../harness/measure.ts';
import { room, slowed } from '../../harness/testbed.ts';
import { begin, type Load, run } from '../../harness/trial.ts';

interface Parameters extends Load {
  readonly candidates: readonly Candidate[];
}

interface Row {
  readonly candidate: string;
  /** Answers per second of the starved gateway, and of another one, once another primary leads. */
  readonly starved: number;
  readonly other: number;
  /** Of another one where nobody is starved. */
  readonly calm: number;
  /** The longest that the starved one waited until then. */
  readonly worstMs: number;
}

const FAULTS = { u: 1, r: 1 };
const PRIMARY = 0;
const VICTIM = 1;
const OTHER = 2;

/** Enough for the patience of others, a view change, and what had piled up. */
const UNTIL_LED_MS = 1500;

function trial(candidate: Candidate, load: Load): Row {
  const seconds = load.span.forMs / 1000;
  const options = { ...load, candidate, faults: FAULTS };
  const calm = run({ ...options, adversaries: new Map([[PRIMARY, {}]]) });
  const federation = begin({ ...options, adversaries: new Map([[PRIMARY, ignoring(VICTIM)]]) });
  const { worstMs } = measure(federation, { warmMs: 0, forMs: UNTIL_LED_MS });
  const { byNode } = measure(federation, { warmMs: 0, forMs: load.span.forMs });
  return {
    candidate: candidate.name,
    starved: (byNode[VICTIM] ?? 0) / seconds,
    other: (byNode[OTHER] ?? 0) / seconds,
    calm: (calm.byNode[OTHER] ?? 0) / seconds,
    worstMs: worstMs[VICTIM] ?? Number.POSITIVE_INFINITY,
  };
}

function assertRow({ candidate, starved, other, calm, worstMs }: Row): Finding[] {
  return [
    atMost(`${candidate}: longest wait of the starved domain, ms`, worstMs, 1500, {
      remark: 'the view timeout is 1000 ms',
    }),
    atLeast(`${candidate}: answers to the starved domain over those to another`, starved / other, 0.5, {
      published: 'PBFT 0.001, Zyzzyva 0, Aardvark 0.77',
    }),
    atLeast(`${candidate}: answers to another over those without attack`, other / calm, 0.5, {
      remark: 'the liar goes on ignoring that domain as a backup, and lags (see slow-backup)',
    }),
  ];
}

export const unfairPrimary: Experiment<Parameters, readonly Row[]> = {
  name: 'unfair-primary',
  claim: 'A domain that the primary ignores is served all the same, after one view change.',
  source: 'Aardvark (NSDI 2009), throughput with an unfair primary',
  small: {
    candidates: [concordat],
    clients: 0,
    atGateways: 4,
    span: { warmMs: 100, forMs: 300 },
    testbed: slowed(room, 5),
  },
  full: {
    candidates: CANDIDATES,
    clients: 0,
    atGateways: 8,
    span: { warmMs: 300, forMs: 1000 },
    testbed: room,
  },
  run: ({ candidates, ...load }, progress) =>
    candidates.map((candidate) => {
      progress(candidate.name);
      return trial(candidate, load);
    }),
  assert: (rows) => rows.flatMap(assertRow),
  draw: (rows) =>
    drawBars({
      title: 'Requests per second at gateways while the primary ignores one domain',
      categories: rows.map(({ candidate }) => candidate),
      series: [
        { name: 'the starved domain', values: rows.map(({ starved }) => starved) },
        { name: 'another', values: rows.map(({ other }) => other) },
        { name: 'another, without attack', values: rows.map(({ calm }) => calm) },
      ],
      axis: { name: 'requests/s' },
    }),
};
