/**
 * The schemes that admit or refuse - SybilGuard, SybilLimit, SybilInfer, GateKeeper, SumUp - as one verifier runs each: whom of the honest accounts
 * they admit, and how many Sybils for each attack edge, beside what their papers prove. On a random graph, which mixes fast as the
 * papers assume, and on a real one of communities, where it does not.
 */

import { type Graph, largestComponent, randomGraph } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  type Admit,
  admitByGate,
  admitByGuard,
  admitByInference,
  admitByLimit,
  collectVotes,
  createLinkHistory,
  guardRouteLength,
  mountAttack,
  sybilsPerEdge,
  walkLength,
} from '@concordat/sybil';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { chooseGraph, EGO_FACEBOOK, type GraphChoice } from '../../harness/real-graphs.ts';
import { mean } from '../../harness/sybil-trial.ts';

/** A graph under attack: honest accounts first, and the one of them that decides. */
interface Besieged {
  readonly graph: Graph;
  readonly honestCount: number;
  readonly verifier: number;
}

/** By account: 1 if it asked, 1 if it was admitted. */
interface Answers {
  readonly asked: Uint8Array;
  readonly accepted: Uint8Array;
}

interface Scheme {
  readonly name: string;
  readonly admit: (besieged: Besieged, random: Prng) => Answers;
  /** Sybils for each of `attackEdges` that it admits at most on a graph of `nodes` that mixes fast, and in words; null: nothing is known. */
  readonly bound: {
    readonly words: string;
    readonly perEdge: (nodes: number, attackEdges: number) => number;
  } | null;
}

const allAsk =
  (admit: Admit) =>
  ({ graph, verifier }: Besieged, random: Prng): Answers => ({
    asked: new Uint8Array(graph.nodeCount).fill(1),
    accepted: admit(graph, { honest: [verifier], sybils: [] }, {}, random).accepted,
  });

/** Share of honest accounts that vote, and of Sybils all: SumUp's bound is for few honest votes. */
const VOTERS = 0.1;

function countVotes({ graph, honestCount, verifier }: Besieged, random: Prng): Answers {
  const asked = new Uint8Array(graph.nodeCount).map((_, node) =>
    Number(node >= honestCount || random.chance(VOTERS)),
  );
  const voters = Uint32Array.from(asked.keys()).filter((node) => asked[node] === 1);
  const { paths } = collectVotes(
    graph,
    verifier,
    voters,
    {},
    createLinkHistory(graph.targets.length),
    random,
  );
  const accepted = new Uint8Array(graph.nodeCount);
  for (const [at, path] of paths.entries()) if (path !== null) accepted[voters[at] ?? 0] = 1;
  return { asked, accepted };
}

/** Factors that the papers leave to the reader are those of the schemes' own parameters. */
const SCHEMES: readonly Scheme[] = [
  {
    name: 'SybilGuard',
    admit: allAsk(admitByGuard),
    bound: { words: 'a route, sqrt(n) ln n', perEdge: (nodes) => guardRouteLength(nodes) },
  },
  {
    name: 'SybilLimit',
    admit: allAsk(admitByLimit),
    bound: {
      words: 'O(log n): the slack of 4 times a walk of log2 n',
      perEdge: (nodes) => 4 * walkLength(nodes),
    },
  },
  { name: 'SybilInfer', admit: allAsk(admitByInference), bound: null },
  {
    name: 'GateKeeper',
    admit: allAsk(admitByGate),
    bound: {
      words: 'O(log g): log2 g, by 5 for the fifth of the sources that must agree',
      perEdge: (_, attackEdges) => 5 * Math.log2(1 + attackEdges),
    },
  },
  {
    name: 'SumUp',
    admit: countVotes,
    bound: { words: 'about 1 where few vote; twice that', perEdge: () => 2 },
  },
];

interface Parameters {
  readonly expander: { readonly nodes: number; readonly edges: number };
  readonly real: GraphChoice;
  readonly attackEdges: readonly number[];
  readonly draws: number;
}

interface Row {
  readonly graph: string;
  readonly nodes: number;
  readonly isExpander: boolean;
  readonly scheme: string;
  readonly attackEdges: number;
  /** Means over draws: share of honest accounts that are admitted, and Sybils for each attack edge. */
  readonly honest: number;
  readonly perEdge: number;
}

interface Ground {
  readonly name: string;
  readonly graph: Graph;
  readonly isExpander: boolean;
}

function admitOn(
  { name, graph: honest, isExpander }: Ground,
  scheme: Scheme,
  edgeCount: number,
  draws: number,
): Row {
  const trials = Array.from({ length: draws }, (_, draw) => {
    const random = createPrng(draw + 1, 'admission');
    const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount } as const;
    const { graph, kinds, honestCount } = mountAttack(honest, attack, random.fork('attack'));
    const besieged = { graph, honestCount, verifier: random.below(honestCount) };
    const { asked, accepted } = scheme.admit(besieged, random.fork(scheme.name));
    const honestAsked = asked.subarray(0, honestCount).reduce((sum, is) => sum + is, 0);
    const honestAccepted = accepted.subarray(0, honestCount).reduce((sum, is) => sum + is, 0);
    const admitted = [...accepted.keys()].filter((node) => accepted[node] === 1);
    return { honest: honestAccepted / honestAsked, perEdge: sybilsPerEdge(admitted, kinds, edgeCount) };
  });
  return {
    graph: name,
    nodes: honest.nodeCount,
    isExpander,
    scheme: scheme.name,
    attackEdges: edgeCount,
    honest: mean(trials.map((trial) => trial.honest)),
    perEdge: mean(trials.map((trial) => trial.perEdge)),
  };
}

async function run(
  { expander, real, attackEdges, draws }: Parameters,
  progress: (line: string) => void,
): Promise<Row[]> {
  const random = randomGraph(expander.nodes, expander.edges, createPrng(1, 'expander'));
  const chosen = await chooseGraph(real, progress);
  const grounds: Ground[] = [
    { name: 'random graph', graph: largestComponent(random).graph, isExpander: true },
    { name: chosen.name, graph: chosen.graph, isExpander: false },
  ];
  return grounds.flatMap((ground) =>
    SCHEMES.flatMap((scheme) =>
      attackEdges.map((edgeCount) => {
        const row = admitOn(ground, scheme, edgeCount, draws);
        progress(
          `${ground.name}, ${scheme.name}, ${edgeCount} attack edges: ${(100 * row.honest).toFixed(1)} % of honest accounts, ` +
            `${row.perEdge.toFixed(2)} Sybils for each attack edge`,
        );
        return row;
      }),
    ),
  );
}

/** What the schemes come to together where the honest graph does not mix. */
function findingsApart(rows: readonly Row[]): Finding[] {
  const real = rows.filter(({ isExpander }) => !isExpander);
  const strict = real.reduce((least, row) => (row.honest < least.honest ? row : least));
  return [
    atMost(
      `${strict.graph}: share of honest accounts admitted by the strictest scheme`,
      strict.honest,
      REFUSED,
      {
        remark: `${strict.scheme}, ${strict.attackEdges} attack edges`,
      },
    ),
  ];
}

function findingsOf(rows: readonly Row[]): Finding[] {
  const schemes = SCHEMES.flatMap(({ name, bound }) => {
    const own = rows.filter(({ scheme, isExpander }) => scheme === name && isExpander);
    const real = rows.filter(({ scheme, isExpander }) => scheme === name && !isExpander);
    const place = `${own[0]?.graph}, ${name}`;
    const most = Math.max(...own.map(({ perEdge }) => perEdge));
    const honest = atLeast(
      `${place}: share of honest accounts admitted, the least`,
      Math.min(...own.map((row) => row.honest)),
      name === 'SumUp' ? FEWEST_VOTES : FEWEST,
      {
        remark:
          `on ${real[0]?.graph}: ${inPercent(Math.min(...real.map((row) => row.honest)))} of the honest, ` +
          `${Math.max(...real.map(({ perEdge }) => perEdge)).toPrecision(2)} Sybils for each attack edge`,
      },
    );
    if (bound === null)
      return [
        honest,
        atMost(`${place}: Sybils for each attack edge, the most`, most, 1, {
          published: 'no bound is known',
        }),
      ];
    const share = (row: Row): number => row.perEdge / bound.perEdge(row.nodes, row.attackEdges);
    return [
      honest,
      atMost(
        `${place}: Sybils for each attack edge over the bound, the most`,
        Math.max(...own.map(share)),
        1,
        {
          published: bound.words,
          remark: `${most.toPrecision(3)} for each attack edge`,
        },
      ),
    ];
  });
  return [...schemes, ...findingsApart(rows)];
}

/** Of honest accounts; of honest votes some wait behind Sybils' for the collector's own links. */
const FEWEST = 0.9;
const FEWEST_VOTES = 0.5;
/** Where the graph does not mix, some scheme lets in fewer than these. */
const REFUSED = 0.7;

const inPercent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** The figure's axis has no zero. */
const FLOOR = 0.01;

/** For the small size: communities between which walks hardly mix. */
const APART: GraphChoice = {
  name: 'separate communities',
  dataSet: null,
  standIn: { communityCount: 8, communitySize: 80, degreeInside: 12, degreeOutside: 0.3 },
};

export const sybilAdmission: Experiment<Parameters, readonly Row[]> = {
  name: 'sybil-admission',
  claim:
    'Schemes that admit keep to their bounds where the honest graph mixes fast, and refuse many of its accounts where it does not.',
  source:
    'SybilGuard (SIGCOMM 2006), SybilLimit (S&P 2008), SybilInfer (NDSS 2009), GateKeeper (INFOCOM 2011), SumUp (NSDI 2009)',
  small: { expander: { nodes: 500, edges: 2500 }, real: APART, attackEdges: [5, 20], draws: 2 },
  full: {
    expander: { nodes: 4000, edges: 20_000 },
    real: EGO_FACEBOOK,
    attackEdges: [10, 30, 100, 300],
    draws: 5,
  },
  run,
  assert: findingsOf,
  draw: (rows) =>
    drawCurves({
      title: 'Whom schemes admit on a random and on a real graph: towards the lower right is better',
      series: SCHEMES.flatMap(({ name }) =>
        [true, false].map((isExpander) => ({
          name: `${name}, ${isExpander ? 'random' : 'real'}`,
          isLoose: true,
          points: rows
            .filter((row) => row.scheme === name && row.isExpander === isExpander)
            .map(({ honest, perEdge }): [number, number] => [100 * honest, Math.max(FLOOR, perEdge)]),
        })),
      ),
      x: { name: '% of honest accounts admitted', max: 100 },
      y: { name: `Sybils for each attack edge (${FLOOR}: fewer, or none)`, isLog: true },
    }),
};
