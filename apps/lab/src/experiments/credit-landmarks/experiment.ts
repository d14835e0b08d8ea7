/**
 * Canal (EuroSys 2012): payments over landmarks against exact ones, in the same state of the same network, as credit runs dry: with trees that are
 * never rebuilt, with trees that are, and with a bounded search for what landmarks could not pay. Every decision of the landmarks is compared
 * with that of an exact search a moment before, whose reservation is released again.
 */

import {
  type CreditNetwork,
  createLandmarks,
  createNetwork,
  DEFAULT_LANDMARKS,
  endHold,
  genie,
  type Landmarks,
  landmarkRouter,
  pay,
  refreshLandmarks,
  reserve,
} from '@concordat/credit';
import { type AttachmentShape, type Graph, preferentialAttachment } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, exactly, type Finding } from '../../finding.ts';
import {
  COMMUNITIES,
  chooseGraph,
  EGO_FACEBOOK,
  EPINIONS,
  type GraphChoice,
} from '../../harness/real-graphs.ts';

/** How landmarks are kept. */
type Upkeep = 'static' | 'refreshed' | 'refreshed, searching';

interface Load {
  /** Units of a payment. */
  readonly amount: number;
  /** Payments, in as many stretches as the curves have points. */
  readonly payments: number;
  readonly stretches: number;
}

interface Parameters {
  readonly clustered: { readonly choice: GraphChoice; readonly load: Load };
  readonly real: { readonly choice: GraphChoice; readonly load: Load } | null;
  /** Its credit runs dry by payments that nobody judges, then some are judged. */
  readonly large: { readonly shape: AttachmentShape; readonly unjudged: number; readonly load: Load };
}

interface Stretch {
  /** Payments until its end. */
  readonly payments: number;
  readonly exact: number;
  readonly landmarks: number;
  /** Decisions that were the same. */
  readonly agreed: number;
  /** Granted by landmarks, refused by the search. */
  readonly overgranted: number;
  readonly judged: number;
}

interface Row {
  readonly graph: string;
  readonly amount: number;
  readonly upkeep: Upkeep;
  readonly stretches: readonly Stretch[];
}

const UPKEEPS: readonly Upkeep[] = ['static', 'refreshed', 'refreshed, searching'];
/** Links that a rebuilding looks at after each payment. */
const REFRESH_LINKS = 2000;
/** Credit of facts: 3 each way, and nothing comes back. */
const POLICY = genie({ credit: 3, replenish: 1, everyMs: 86_400_000 });

const settingsOf = (upkeep: Upkeep) =>
  upkeep === 'refreshed, searching' ? DEFAULT_LANDMARKS : { ...DEFAULT_LANDMARKS, repairVisits: 0 };

function drawPair(nodeCount: number, random: Prng): { readonly from: number; readonly to: number } {
  const from = random.below(nodeCount);
  const to = random.below(nodeCount - 1);
  return { from, to: to < from ? to : to + 1 };
}

/** What an exact search would decide now. */
function wouldPay(network: CreditNetwork, from: number, to: number, amount: number): boolean {
  const reservation = reserve(network, { from, to, amount }, 0);
  if (reservation.ok) endHold(network, reservation.hold.token, 'release');
  return reservation.ok;
}

function payOne(
  network: CreditNetwork,
  landmarks: Landmarks,
  upkeep: Upkeep,
  amount: number,
  random: Prng,
): boolean {
  const { ok } = pay(network, { ...drawPair(network.nodeCount, random), amount }, landmarkRouter(landmarks));
  if (upkeep !== 'static') refreshLandmarks(network, landmarks, REFRESH_LINKS);
  return ok;
}

function judgeStretch(
  network: CreditNetwork,
  landmarks: Landmarks,
  upkeep: Upkeep,
  { amount, payments, stretches }: Load,
  random: Prng,
): Omit<Stretch, 'payments'> {
  const judged = Math.round(payments / stretches);
  let [exact, granted, agreed, overgranted] = [0, 0, 0, 0];
  for (let turn = 0; turn < judged; turn += 1) {
    const { from, to } = drawPair(network.nodeCount, random);
    const could = wouldPay(network, from, to, amount);
    const { ok } = pay(network, { from, to, amount }, landmarkRouter(landmarks));
    if (upkeep !== 'static') refreshLandmarks(network, landmarks, REFRESH_LINKS);
    if (could) exact += 1;
    if (ok) granted += 1;
    if (ok === could) agreed += 1;
    if (ok && !could) overgranted += 1;
  }
  return { exact, landmarks: granted, agreed, overgranted, judged };
}

function payAll(
  { name, graph }: { readonly name: string; readonly graph: Graph },
  upkeep: Upkeep,
  load: Load,
  unjudged: number,
): Row {
  const random = createPrng(3, 'payments');
  const network = createNetwork({ graph, policy: POLICY, nowMs: 0 });
  const landmarks = createLandmarks(network, createPrng(5, 'landmarks'), settingsOf(upkeep));
  for (let turn = 0; turn < unjudged; turn += 1) payOne(network, landmarks, upkeep, load.amount, random);
  const stretches: Stretch[] = [];
  for (let at = 1; at <= load.stretches; at += 1)
    stretches.push({
      payments: unjudged + Math.round((at * load.payments) / load.stretches),
      ...judgeStretch(network, landmarks, upkeep, load, random),
    });
  return { graph: name, amount: load.amount, upkeep, stretches };
}

function totalOf({ stretches }: Row): Stretch {
  const sum = (of: (stretch: Stretch) => number): number =>
    stretches.reduce((all, each) => all + of(each), 0);
  return {
    payments: stretches.at(-1)?.payments ?? 0,
    exact: sum(({ exact }) => exact),
    landmarks: sum(({ landmarks }) => landmarks),
    agreed: sum(({ agreed }) => agreed),
    overgranted: sum(({ overgranted }) => overgranted),
    judged: sum(({ judged }) => judged),
  };
}

interface Data {
  readonly clustered: string;
  readonly large: string;
  readonly rows: readonly Row[];
}

function run({ clustered, real, large }: Parameters, progress: (line: string) => void): Data {
  const near = chooseGraph(clustered.choice, progress);
  const told = (row: Row): Row => {
    const { exact, landmarks, agreed, judged } = totalOf(row);
    progress(
      `${row.graph}, ${row.amount} units, ${row.upkeep}: ${landmarks} granted of ${exact}, ` +
        `${((100 * agreed) / judged).toFixed(2)} % of ${judged} decided alike`,
    );
    return row;
  };
  const rows = UPKEEPS.map((upkeep) => told(payAll(near, upkeep, clustered.load, 0)));
  if (real !== null) {
    const graph = chooseGraph(real.choice, progress);
    rows.push(...UPKEEPS.map((upkeep) => told(payAll(graph, upkeep, real.load, 0))));
  }
  const name = `${large.shape.nodeCount} accounts by preferential attachment`;
  const graph = preferentialAttachment(large.shape, createPrng(1, 'large'));
  rows.push(told(payAll({ name, graph }, 'refreshed, searching', large.load, large.unjudged)));
  return { clustered: near.name, large: name, rows };
}

function findingsOf({ clustered, large, rows }: Data): Finding[] {
  const at = (graph: string, upkeep: Upkeep): Stretch => {
    const row = rows.find((each) => each.graph === graph && each.upkeep === upkeep);
    return totalOf(row ?? { graph, amount: 0, upkeep, stretches: [] });
  };
  const lost = ({ exact, landmarks }: Stretch): number => 1 - landmarks / exact;
  const alike = ({ agreed, judged }: Stretch): number => agreed / judged;
  const [still, fresh, whole] = [
    at(clustered, 'static'),
    at(clustered, 'refreshed'),
    at(clustered, 'refreshed, searching'),
  ];
  return [
    exactly(
      'payments that landmarks granted and an exact search refused, of all judged',
      rows.reduce((sum, row) => sum + totalOf(row).overgranted, 0),
      0,
      { remark: `${rows.reduce((sum, row) => sum + totalOf(row).judged, 0)} judged` },
    ),
    atLeast(`${clustered}: payable payments that static trees lose`, lost(still), 0.1, {
      published: '10 to 40 % in our first measurement, 10 trees',
    }),
    atMost(
      `${clustered}: lost with trees that are rebuilt, over lost with static ones`,
      lost(fresh) / lost(still),
      0.5,
    ),
    atLeast(
      `${clustered}: decided as an exact search, rebuilt trees and a bounded search`,
      alike(whole),
      0.97,
    ),
    atLeast(
      `${large}: decided as an exact search, rebuilt trees and a bounded search`,
      alike(at(large, 'refreshed, searching')),
      0.97,
      {
        published: 'over 94 % (Canal; quoted from memory)',
        remark: `an exact search could pay ${at(large, 'refreshed, searching').exact} of ${at(large, 'refreshed, searching').judged}`,
      },
    ),
  ];
}

function draw({ rows }: Data): string {
  return drawCurves({
    title: 'Decisions of landmarks that are those of an exact search, as credit runs dry',
    series: rows
      .filter(({ stretches }) => stretches.length > 1)
      .map(({ graph, upkeep, amount, stretches }) => ({
        name: `${graph}, ${amount} units: ${upkeep}`,
        points: stretches.map(({ payments, agreed, judged }): [number, number] => [
          payments,
          (100 * agreed) / judged,
        ]),
      })),
    x: { name: 'payments until then' },
    y: { name: '% alike', max: 100 },
    levels: [{ name: '97 %', value: 97 }],
  });
}

export const creditLandmarks: Experiment<Parameters, Data> = {
  name: 'credit-landmarks',
  claim: 'Landmarks that are rebuilt decide nearly as an exact search does, and never grant what it refuses.',
  source: 'Canal (EuroSys 2012)',
  small: {
    clustered: { choice: COMMUNITIES, load: { amount: 3, payments: 1500, stretches: 3 } },
    real: null,
    large: {
      shape: { nodeCount: 5000, edgesPerNode: 5 },
      unjudged: 1500,
      load: { amount: 3, payments: 500, stretches: 1 },
    },
  },
  full: {
    clustered: { choice: EGO_FACEBOOK, load: { amount: 3, payments: 10_000, stretches: 10 } },
    real: { choice: EPINIONS, load: { amount: 3, payments: 30_000, stretches: 10 } },
    large: {
      shape: { nodeCount: 1_000_000, edgesPerNode: 5 },
      unjudged: 300_000,
      load: { amount: 3, payments: 10_000, stretches: 1 },
    },
  },
  run,
  assert: findingsOf,
  draw,
};
