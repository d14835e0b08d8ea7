/**
 * What it costs that requests are signed, one by one, where MACs would do if clients were honest: the peak with signatures
 * over the peak if checking one cost as much as a MAC. How many cores check them decides.
 */

import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, type Finding } from '../../finding.ts';
import { concordat } from '../../harness/candidate.ts';
import { room, slowed, type Testbed } from '../../harness/testbed.ts';
import { type Load, run } from '../../harness/trial.ts';

interface Parameters extends Load {
  /** Cores that check signatures, beside the one for turns. */
  readonly workers: readonly number[];
}

interface Row {
  readonly workers: number;
  readonly signed: number;
  readonly macs: number;
}

/** Of a MAC over a checked signature, as `costs` measures them. */
const MAC_SHARE = 1 / 150;

function testbedOf({ cpu, ...rest }: Testbed, workers: number, isSigned: boolean): Testbed {
  const share = isSigned ? 1 : MAC_SHARE;
  return { ...rest, cpu: { ...cpu, workers, signUs: cpu.signUs * share, verifyUs: cpu.verifyUs * share } };
}

function trial(workers: number, load: Load): Row {
  const peak = (isSigned: boolean): number =>
    run({
      ...load,
      candidate: concordat,
      faults: { u: 1, r: 1 },
      testbed: testbedOf(load.testbed, workers, isSigned),
    }).perSecond;
  return { workers, signed: peak(true), macs: peak(false) };
}

const coresOf = (workers: number): string => `${workers} core${workers === 1 ? '' : 's'}`;

const CEILING =
  'one core checks some nine thousand signatures a second, which is the ceiling of requests that are signed one by one; what a gateway or a typed client signs together counts once';

const assertRow = ({ workers, signed, macs }: Row): Finding =>
  atLeast(
    `concordat, ${coresOf(workers)} for checks: peak with signatures over peak with MACs`,
    signed / macs,
    0.5,
    {
      published: 'Aardvark 0.67, PBFT with signed requests 0.51',
      ...(workers < 4 && { missedBecause: CEILING }),
    },
  );

export const signedRequests: Experiment<Parameters, readonly Row[]> = {
  name: 'signed-requests',
  claim: 'Signed requests cost a third of the peak where enough cores check them.',
  source: 'Aardvark (NSDI 2009), peak with and without signatures of clients',
  small: {
    workers: [1, 4],
    clients: 48,
    atGateways: 0,
    span: { warmMs: 50, forMs: 60 },
    testbed: slowed(room, 5),
  },
  full: {
    workers: [1, 2, 4, 8],
    clients: 64,
    atGateways: 0,
    span: { warmMs: 200, forMs: 600 },
    testbed: slowed(room, 5),
  },
  run: ({ workers, ...load }, progress) =>
    workers.map((count) => {
      const row = trial(count, load);
      progress(`${coresOf(count)}: ${Math.round(row.signed)} signed, ${Math.round(row.macs)} with MACs`);
      return row;
    }),
  assert: (rows) => rows.map(assertRow),
  draw: (rows) =>
    drawCurves({
      title: 'Peak by cores that check signatures',
      series: [
        { name: 'requests signed', points: rows.map(({ workers, signed }) => [workers, signed] as const) },
        { name: 'requests with MACs', points: rows.map(({ workers, macs }) => [workers, macs] as const) },
      ],
      x: { name: 'cores' },
      y: { name: 'requests/s' },
    }),
};
