/**
 * What it costs to ask ever more of a primary, and so to replace correct ones now and then: throughput of the default preset
 * over that of the same without this policy, over several views, while nobody is slow.
 */

import { allPolicies } from '@concordat/replication';
import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { type Candidate, concordat, withSettings } from '../../harness/candidate.ts';
import { room, slowed } from '../../harness/testbed.ts';
import { type Load, run } from '../../harness/trial.ts';

interface Row {
  readonly candidate: string;
  readonly perSecond: number;
  /** Begun while it was measured. */
  readonly views: number;
  readonly worstMs: number;
}

const FAULTS = { u: 1, r: 1 };

const still: Candidate = {
  ...withSettings(concordat, { policies: { ...allPolicies, regularViews: false } }),
  name: 'concordat without regular view changes',
};

function assertRows([regular, without]: readonly Row[]): Finding[] {
  return [
    atLeast(
      'concordat: throughput over that without regular view changes',
      (regular?.perSecond ?? 0) / (without?.perSecond ?? 1),
      0.95,
      {
        remark: `${regular?.views} views and ${without?.views} began meanwhile`,
      },
    ),
    atLeast('concordat: views that began meanwhile', regular?.views ?? 0, 2),
    atMost('concordat: longest wait of any client, ms', regular?.worstMs ?? 0, 250),
  ];
}

export const regularViews: Experiment<Load, readonly Row[]> = {
  name: 'regular-views',
  claim: 'Replacing primaries regularly costs at most a twentieth of the throughput.',
  source: 'Aardvark (NSDI 2009), regular view changes',
  small: {
    clients: 8,
    atGateways: 0,
    span: { warmMs: 1000, forMs: 20_000 },
    testbed: slowed(room, 32),
  },
  full: {
    clients: 16,
    atGateways: 0,
    span: { warmMs: 1000, forMs: 40_000 },
    testbed: slowed(room, 4),
  },
  run: (load, progress) =>
    [concordat, still].map((candidate) => {
      const { perSecond, views, worstMs } = run({ ...load, candidate, faults: FAULTS });
      progress(`${candidate.name}: ${Math.round(perSecond)} requests/s, ${views} views`);
      return { candidate: candidate.name, perSecond, views, worstMs: Math.max(...Object.values(worstMs)) };
    }),
  assert: assertRows,
  draw: (rows) =>
    drawBars({
      title: 'Requests per second with and without regular view changes',
      categories: rows.map(({ candidate, views }) => `${candidate} (${views} views)`),
      series: [{ name: 'requests/s', values: rows.map(({ perSecond }) => perSecond) }],
      axis: { name: 'requests/s' },
    }),
};
