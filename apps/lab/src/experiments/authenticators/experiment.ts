/**
 * MAC operations per request at the bottleneck, which is the primary, by batch size. The count is of messages that were
 * sent in a run; the formula follows from the protocol; they must be equal. With one slot in flight and a batch for it
 * always full, cumulative votes save nothing, so this is the dearest case.
 */

import { type FaultModel, quorumsOf } from '@concordat/replication';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atMost, exactly, type Finding, inWords } from '../../finding.ts';
import { CANDIDATES, type Candidate, pbft, withSettings, zyzzyva } from '../../harness/candidate.ts';
import { createFederation, FIRST_OUTSIDER } from '../../harness/federation.ts';
import { createRecorder } from '../../harness/recorder.ts';
import { DELAY_MS, delays } from '../../harness/testbed.ts';
import { countAt } from './counting.ts';

interface Parameters {
  readonly models: readonly FaultModel[];
  readonly batches: readonly number[];
  /** Batches that are counted. */
  readonly slots: number;
}

interface Row {
  readonly candidate: string;
  readonly model: FaultModel;
  readonly batch: number;
  readonly requests: number;
  /** Operations: for requests and replies, for proposals, for votes, and for everything else. */
  readonly client: number;
  readonly proposal: number;
  readonly votes: number;
  readonly housekeeping: number;
}

/** A vector of votes out, and one of each other member in, beside the proposal; the same again where COMMITs are sent. */
const vectorsOf = (candidate: string): number => (candidate === pbft.name ? 5 : 3);

const countOf = ({ client, proposal, votes, requests }: Row): number =>
  (client + proposal + votes) / requests;

/** Of the messages that the paper has. */
const publishedOf = ({ client, proposal, requests }: Row): number => (client + proposal) / requests;

const expected = ({ candidate, model, batch }: Row): number =>
  2 + (vectorsOf(candidate) * (quorumsOf(model).members - 1)) / batch;

/** The batch size of the worked values in the fact that is compared with. */
const SHOWN_BATCH = 10;

/** On links as slow as these a status often finds a message under way and has it sent again. */
const HOUSEKEEPING_SHARE = 0.2;

const pbftFormula = (f: number, b: number): number => 2 + (8 * f + 1) / b;
const zyzzyvaFormula = (members: number, b: number): number => 2 + (members - 1) / b;

function count(candidate: Candidate, faults: FaultModel, batch: number, slots: number): Row {
  const recorder = createRecorder();
  const counted = countAt(0);
  const federation = createFederation(
    {
      seed: 1,
      faults,
      candidate: withSettings(candidate, { pipeline: 1, batchRequests: batch }),
      testbed: delays,
      observers: [counted.observer],
    },
    recorder,
  );
  const { world } = federation;
  // More than a batch waits at any time. Counting begins and ends between slots, where no message is under way alone.
  federation.enter({ count: 4 * batch, domain: FIRST_OUTSIDER, recorder });
  const executed = (): number => federation.stateOf(0).execution.executed;
  const first = 8;
  world.run(DELAY_MS);
  world.runUntil(() => executed() >= first, 1000 * DELAY_MS);
  counted.reset();
  world.runUntil(() => executed() >= first + slots, slots * 100 * DELAY_MS);
  const requests = batch * slots;
  const { client, proposal, votes, housekeeping } = counted.operations;
  return {
    candidate: candidate.name,
    model: faults,
    batch,
    requests,
    client,
    proposal,
    votes,
    housekeeping,
  };
}

/**
 * The published count is of the published messages: a request, a reply, a proposal to each backup. Members tell each other
 * besides what they tell clients, so that their gateways learn what is exposed from their own replica, also when the client
 * is gone (DESIGN section 9, rule 1).
 */
function asPublished(rows: readonly Row[], shown: Row): Finding[] {
  const { model, batch } = shown;
  const of = `${zyzzyva.name}, (${model.u},${model.r})`;
  const others = quorumsOf(model).members - 1;
  const published = zyzzyvaFormula(others + 1, batch);
  const differences = rows.map((row) => Math.abs(publishedOf(row) - zyzzyvaFormula(others + 1, row.batch)));
  return [
    exactly(`${of}: for the messages of the paper, batches of ${batch}`, publishedOf(shown), published, {
      published: inWords(published),
    }),
    exactly(`${of}: the same, largest difference at any batch size`, Math.max(...differences), 0),
    exactly(
      `${of}: for what members tell each other besides, batches of ${batch}`,
      shown.votes / shown.requests,
      (2 * others) / batch,
    ),
  ];
}

/** What is asserted of one candidate under one fault model, at every batch size. */
function assertGroup(rows: readonly Row[]): Finding[] {
  const shown = rows.find(({ batch }) => batch === SHOWN_BATCH);
  if (shown === undefined) return [];
  const { candidate, model } = shown;
  const of = `${candidate}, (${model.u},${model.r})`;
  const differences = rows.map((row) => Math.abs(countOf(row) - expected(row)));
  const shares = rows.map((row) => row.housekeeping / (row.proposal + row.votes));
  const f = model.u;
  const published =
    model.u === model.r
      ? {
          published: `PBFT ${inWords(pbftFormula(f, SHOWN_BATCH))}, Zyzzyva ${inWords(zyzzyvaFormula(3 * f + 1, SHOWN_BATCH))}`,
        }
      : {};
  return [
    exactly(
      `${of}: MAC operations per request at the primary, batches of ${SHOWN_BATCH}`,
      countOf(shown),
      expected(shown),
      published,
    ),
    exactly(`${of}: largest difference from the formula at any batch size`, Math.max(...differences), 0),
    atMost(
      `${of}: beside agreement, for keeping house, as a share of it`,
      Math.max(...shares),
      HOUSEKEEPING_SHARE,
    ),
    ...(candidate === zyzzyva.name ? asPublished(rows, shown) : []),
  ];
}

const groupOf = ({ candidate, model }: Row): string => `${candidate} ${model.u} ${model.r}`;

const groupsOf = (rows: readonly Row[]): (readonly Row[])[] =>
  [...new Set(rows.map(groupOf))].map((group) => rows.filter((row) => groupOf(row) === group));

export const authenticators: Experiment<Parameters, readonly Row[]> = {
  name: 'authenticators',
  claim:
    'With batches, the primary pays little more than one check and one reply for a request, and less where no COMMITs are needed.',
  source: 'Zyzzyva (SOSP 2007, table 2): PBFT 2 + (8f+1)/b, Zyzzyva 2 + 3f/b',
  small: { models: [{ u: 1, r: 1 }], batches: [1, 10], slots: 20 },
  full: {
    models: [
      { u: 1, r: 0 },
      { u: 1, r: 1 },
      { u: 2, r: 2 },
    ],
    batches: [1, 2, 5, 10, 20, 50],
    slots: 100,
  },
  run: ({ models, batches, slots }, progress) =>
    models.flatMap((model) =>
      CANDIDATES.flatMap((candidate) => {
        progress(`${candidate.name}, (${model.u},${model.r})`);
        return batches.map((batch) => count(candidate, model, batch, slots));
      }),
    ),
  assert: (rows) => groupsOf(rows).flatMap(assertGroup),
  draw: (rows) => {
    const ours = rows.filter(({ model: { u, r } }) => u === 1 && r === 1);
    const batches = [...new Set(ours.map(({ batch }) => batch))];
    const curveOf = (name: string): { name: string; points: (readonly [number, number])[] } => ({
      name,
      points: ours
        .filter(({ candidate }) => candidate === name)
        .map((row) => [row.batch, countOf(row)] as const),
    });
    const published = (name: string, formula: (f: number, b: number) => number) => ({
      name: `${name}, published`,
      points: batches.map((batch) => [batch, formula(1, batch)] as const),
      isDashed: true,
    });
    return drawCurves({
      title: 'MAC operations per request at the primary, f = 1',
      series: [
        ...CANDIDATES.map(({ name }) => curveOf(name)),
        published('PBFT', pbftFormula),
        published('Zyzzyva', (f, b) => zyzzyvaFormula(3 * f + 1, b)),
      ],
      x: { name: 'requests in a batch', isLog: true },
      y: { name: 'operations' },
    });
  },
};
