/**
 * What it gains to commit what all members have accepted, instead of agreeing in three phases: throughput at f = 1, with one
 * request in a batch and with ten, while nobody is slow. Zyzzyva's clients do the committing; concordat's members do.
 */

import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, type Finding } from '../../finding.ts';
import { CANDIDATES, concordat, pbft, withSettings, zyzzyva } from '../../harness/candidate.ts';
import { room } from '../../harness/testbed.ts';
import { type Load, run } from '../../harness/trial.ts';

interface Parameters extends Load {
  /** Requests in a batch, at most. */
  readonly batches: readonly number[];
}

interface Row {
  readonly candidate: string;
  readonly batch: number;
  readonly perSecond: number;
}

const FAULTS = { u: 1, r: 1 };

/** Signatures stand where the papers have MACs of clients: enough cores check them not to be what is measured. */
const checkers = { ...room, cpu: { ...room.cpu, workers: 4 } };

/** Zyzzyva over PBFT in the paper's figure of 0/0 requests, and what is asserted here. */
const PUBLISHED: Readonly<Record<number, string>> = { 10: 'Zyzzyva 86K over PBFT 59K: 1.45' };
const LEAST: Readonly<Record<string, number>> = { [concordat.name]: 1.2, [zyzzyva.name]: 1.1 };

const REMARK =
  "zyzzyva's members exchange what they tell clients, as pbft's do PREPAREs, so that gateways learn from their own replica what is complete";

function assertRows(rows: readonly Row[]): Finding[] {
  const rateOf = (name: string, batch: number): number =>
    rows.find((row) => row.candidate === name && row.batch === batch)?.perSecond ?? 0;
  return [...new Set(rows.map(({ batch }) => batch))].flatMap((batch) =>
    [concordat, zyzzyva].map(({ name }) => {
      const published = PUBLISHED[batch];
      const ratio = rateOf(name, batch) / rateOf(pbft.name, batch);
      return atLeast(`${name}, batches of ${batch}: throughput over that of pbft`, ratio, LEAST[name] ?? 1, {
        ...(published !== undefined && { published }),
        ...(name === zyzzyva.name && { remark: REMARK }),
      });
    }),
  );
}

export const speculation: Experiment<Parameters, readonly Row[]> = {
  name: 'speculation',
  claim: 'Committing what everyone has accepted, without a third phase, gains throughput.',
  source: 'Zyzzyva (SOSP 2007), throughput of 0/0 requests with and without batches',
  // Not on slower machines: with few requests under way, batches would be small, and latency what is measured.
  small: {
    batches: [1, 10],
    clients: 100,
    atGateways: 0,
    span: { warmMs: 40, forMs: 40 },
    testbed: checkers,
  },
  full: {
    batches: [1, 10],
    clients: 100,
    atGateways: 0,
    span: { warmMs: 200, forMs: 500 },
    testbed: checkers,
  },
  run: ({ batches, ...load }, progress) =>
    CANDIDATES.flatMap((candidate) =>
      batches.map((batch) => {
        const { perSecond } = run({
          ...load,
          candidate: withSettings(candidate, { batchRequests: batch }),
          faults: FAULTS,
        });
        progress(`${candidate.name}, batches of ${batch}: ${Math.round(perSecond)} requests/s`);
        return { candidate: candidate.name, batch, perSecond };
      }),
    ),
  assert: assertRows,
  draw: (rows) => {
    const batches = [...new Set(rows.map(({ batch }) => batch))];
    return drawBars({
      title: 'Requests per second by requests in a batch, f = 1',
      categories: batches.map((batch) => `${batch}`),
      series: CANDIDATES.map(({ name }) => ({
        name,
        values: batches.map(
          (batch) => rows.find((row) => row.candidate === name && row.batch === batch)?.perSecond ?? null,
        ),
      })),
      axis: { name: 'requests/s' },
    });
  },
};
