/**
 * How many messages follow one another between a request and its outcome. Only the network takes time here, and each
 * link the same, so latency over delay is their number: no figure of this experiment is an estimate.
 */

import { type FaultModel, quorumsOf } from '@concordat/replication';
import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { exactly, type Finding } from '../../finding.ts';
import { CANDIDATES, type Candidate, pbft, zyzzyva } from '../../harness/candidate.ts';
import { createFederation, FIRST_OUTSIDER } from '../../harness/federation.ts';
import { measure } from '../../harness/measure.ts';
import { createRecorder } from '../../harness/recorder.ts';
import { DELAY_MS, delays } from '../../harness/testbed.ts';

interface Parameters {
  readonly models: readonly FaultModel[];
  readonly requests: number;
}

type Asker = 'outside client' | 'gateway at a backup' | 'gateway at the primary';

interface Row {
  readonly candidate: string;
  readonly asker: Asker;
  readonly model: FaultModel;
  /** The fewest and the most of all requests. */
  readonly least: number;
  readonly most: number;
}

const ASKERS: readonly Asker[] = ['outside client', 'gateway at a backup', 'gateway at the primary'];

/** Without COMMITs: a request, its proposal, a round of votes, and to a client that is no member a reply. */
const EXPECTED: Readonly<Record<Asker, number>> = {
  'outside client': 4,
  'gateway at a backup': 3,
  'gateway at the primary': 2,
};

/**
 * COMMITs cost one more; but at (1,0) two are a quorum, and a backup has one with the proposal, whose sender votes with it.
 * A client of Zyzzyva hears the votes itself, and needs no reply after them.
 */
function delaysOf(candidate: string, asker: Asker, agreement: number): number {
  if (candidate === pbft.name && agreement > 2) return EXPECTED[asker] + 1;
  return candidate === zyzzyva.name && asker === 'outside client' ? 3 : EXPECTED[asker];
}

const PUBLISHED: Readonly<Partial<Record<Asker, string>>> = {
  'outside client': 'PBFT 4, with tentative execution; Zyzzyva 3; Q/U 2; HQ 4',
};

function latenciesOf(candidate: Candidate, asker: Asker, faults: FaultModel, requests: number): Row {
  const recorder = createRecorder();
  const member = asker === 'gateway at the primary' ? 0 : 1;
  const gateway = (id: number): number => (asker !== 'outside client' && id === member ? 1 : 0);
  const federation = createFederation({ seed: 1, faults, candidate, testbed: delays, gateway }, recorder);
  if (asker === 'outside client') federation.enter({ count: 1, domain: FIRST_OUTSIDER, recorder });
  // The first requests make connections.
  measure(federation, { warmMs: 20 * DELAY_MS, forMs: requests * 5 * DELAY_MS });
  return {
    candidate: candidate.name,
    asker,
    model: faults,
    least: recorder.percentile(0) / DELAY_MS,
    most: recorder.percentile(1) / DELAY_MS,
  };
}

const isShown = ({ model }: Row): boolean => model.u === 1 && model.r === 1;

/** The figure that is furthest from what it should be. */
function worstOf({ candidate, asker, model, least, most }: Row): {
  readonly worst: number;
  readonly expected: number;
} {
  const expected = delaysOf(candidate, asker, quorumsOf(model).agreement);
  const worst = Math.abs(most - expected) > Math.abs(least - expected) ? most : least;
  return { worst, expected };
}

function assertRow(row: Row): Finding {
  const { worst, expected } = worstOf(row);
  const claim = `${row.candidate}, (1,1), ${row.asker}: one-way delays of every request`;
  const published = PUBLISHED[row.asker];
  return exactly(claim, worst, expected, published === undefined ? {} : { published });
}

/** At other fault models the same, but for what `delaysOf` says. */
function assertOthers(rows: readonly Row[]): Finding[] {
  if (rows.length === 0) return [];
  const differences = rows.map(worstOf).map(({ worst, expected }) => Math.abs(worst - expected));
  const models = [...new Set(rows.map(({ model }) => `(${model.u},${model.r})`))].join(', ');
  return [
    exactly(
      `all, at ${models}: largest difference from what follows from the protocol`,
      Math.max(...differences),
      0,
    ),
  ];
}

export const messageDelays: Experiment<Parameters, readonly Row[]> = {
  name: 'message-delays',
  claim:
    'What all members have accepted is committed one message delay earlier, and a gateway at a member saves one more.',
  source: 'Zyzzyva (SOSP 2007, table 2) on critical paths; PBFT (TOCS 2002, 4.2)',
  small: {
    models: [
      { u: 1, r: 0 },
      { u: 1, r: 1 },
    ],
    requests: 10,
  },
  full: {
    models: [
      { u: 1, r: 0 },
      { u: 1, r: 1 },
      { u: 2, r: 0 },
      { u: 2, r: 1 },
      { u: 2, r: 2 },
    ],
    requests: 60,
  },
  run: ({ models, requests }) =>
    models.flatMap((faults) =>
      CANDIDATES.flatMap((candidate) =>
        ASKERS.map((asker) => latenciesOf(candidate, asker, faults, requests)),
      ),
    ),
  assert: (rows) => [
    ...rows.filter(isShown).map(assertRow),
    ...assertOthers(rows.filter((row) => !isShown(row))),
  ],
  draw: (rows) => {
    const at = rows.filter(isShown);
    return drawBars({
      title: 'One-way message delays from request to outcome',
      categories: ASKERS,
      series: CANDIDATES.map(({ name }) => ({
        name,
        values: ASKERS.map(
          (asker) => at.find((row) => row.candidate === name && row.asker === asker)?.most ?? null,
        ),
      })),
      axis: { name: 'delays' },
      levels: [{ name: 'Zyzzyva, published', value: 3 }],
    });
  },
};
