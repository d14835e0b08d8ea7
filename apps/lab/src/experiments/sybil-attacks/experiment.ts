/**
 * Whom the attacker asks: anybody, friends of friends, one community, or the accounts around the seeds. Most papers measure the first, and it is the
 * easiest to tell: friends of honest people mostly know each other, strangers who accept a Sybil do not. Rankings under all four,
 * with as many attack edges, and how many edges of each kind close a triangle.
 */

import type { Graph } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import {
  ATTACK_KINDS,
  type AttackKind,
  drawLabels,
  HONEST,
  mountAttack,
  SYBIL,
  trianglesByArc,
  UNJUDGED,
  usualAttack,
  withoutLabelled,
} from '@concordat/sybil';
import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import {
  COMMUNITIES,
  chooseGraph,
  DEEZER,
  EGO_FACEBOOK,
  EPINIONS,
  isStandIn,
} from '../../harness/real-graphs.ts';
import { type AttackPlan, areaBy, mean } from '../../harness/sybil-trial.ts';

interface Parameters {
  readonly places: readonly AttackPlan[];
  readonly labels: number;
}

const METHODS = ['sybilrank', 'sybilscar-c', 'acl'] as const;
type Method = (typeof METHODS)[number];

/** Means over draws. */
interface Row {
  readonly graph: string;
  readonly isReal: boolean;
  readonly attackEdges: number;
  readonly attack: AttackKind;
  readonly areas: Readonly<Record<Method, number>>;
  /** Shares of edges that close at least one triangle. */
  readonly honestClosing: number;
  readonly attackClosing: number;
}

/** Of the edges among honest accounts, and of those between them and Sybils, the shares in some triangle. */
function closingShares({ nodeCount, offsets, targets }: Graph, triangles: Uint32Array, kinds: Uint8Array) {
  const [edges, closing] = [
    [0, 0],
    [0, 0],
  ];
  for (let node = 0; node < nodeCount && kinds[node] === HONEST; node += 1)
    for (let arc = offsets[node] ?? 0; arc < (offsets[node + 1] ?? 0); arc += 1) {
      const side = kinds[targets[arc] ?? 0] === SYBIL ? 1 : 0;
      edges[side]! += 1;
      if ((triangles[arc] ?? 0) > 0) closing[side]! += 1;
    }
  return { honestClosing: closing[0]! / edges[0]!, attackClosing: closing[1]! / edges[1]! };
}

function drawOne(honest: Graph, kind: AttackKind, edgeCount: number, labelled: number, draw: number) {
  const random = createPrng(draw, 'attacks');
  // The attacker knows the seeds, so they are drawn before he comes.
  const everybody = new Uint8Array(honest.nodeCount).fill(HONEST);
  const { honest: seeds } = drawLabels(
    everybody,
    { honest: labelled, sybils: 0, noise: 0 },
    random.fork('seeds'),
  );
  const attack = { region: { kind: 'replica' }, edges: usualAttack(kind, seeds), edgeCount } as const;
  const attacked = mountAttack(honest, attack, random.fork('attack'));
  const { sybils } = drawLabels(
    attacked.kinds,
    { honest: 0, sybils: labelled, noise: 0 },
    random.fork('sybils'),
  );
  const labels = { honest: seeds, sybils };
  const scene = { ...attacked, labels, judged: withoutLabelled(attacked.kinds, labels, UNJUDGED) };
  return {
    sybilrank: areaBy('sybilrank', scene),
    'sybilscar-c': areaBy('sybilscar-c', scene),
    acl: areaBy('acl', scene),
    ...closingShares(attacked.graph, trianglesByArc(attacked.graph), attacked.kinds),
  };
}

async function run({ places, labels }: Parameters, progress: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { choice, attackEdges, draws: count } of places) {
    const { name, isReal, graph } = await chooseGraph(choice, progress);
    for (const edgeCount of attackEdges)
      for (const attack of ATTACK_KINDS) {
        const draws = Array.from({ length: count }, (_, draw) =>
          drawOne(graph, attack, edgeCount, labels, draw + 1),
        );
        const average = (of: keyof (typeof draws)[number]): number => mean(draws.map((draw) => draw[of]));
        const row: Row = {
          graph: name,
          isReal,
          attackEdges: edgeCount,
          attack,
          areas: {
            sybilrank: average('sybilrank'),
            'sybilscar-c': average('sybilscar-c'),
            acl: average('acl'),
          },
          honestClosing: average('honestClosing'),
          attackClosing: average('attackClosing'),
        };
        progress(
          `${name}, ${edgeCount} attack edges, ${attack}: ` +
            `${METHODS.map((method) => `${method} ${row.areas[method].toFixed(3)}`).join(', ')}; ` +
            `${(100 * row.attackClosing).toFixed(2)} % close a triangle, of honest edges ${(100 * row.honestClosing).toFixed(1)} %`,
        );
        rows.push(row);
      }
  }
  return rows;
}

/** Shares of honest edges and of random attack edges that close a triangle, as a first program measured them. */
const CLOSING_BEFORE: Readonly<Record<string, readonly [honest: number, attack: number]>> = {
  'ego-Facebook': [0.999, 0.004],
  'Deezer HU': [0.525, 0.0003],
  Epinions: [0.768, 0.0003],
};

function triangleFindings(rows: readonly Row[], graph: string): Finding[] {
  const own = rows.filter((row) => row.graph === graph);
  const random = own.find(({ attack }) => attack === 'random');
  const closing = own.find(({ attack }) => attack === 'triangle-closing');
  if (random === undefined || closing === undefined) return [];
  const before = random.isReal ? CLOSING_BEFORE[graph] : undefined;
  const published = (at: 0 | 1) => (before === undefined ? {} : { published: `${before[at]}` });
  return [
    atLeast(
      `${graph}: honest edges that close a triangle, as a share, over random attack edges that do`,
      random.honestClosing / Math.max(1e-6, random.attackClosing),
      10,
      {
        remark: `${random.honestClosing.toPrecision(3)} and ${random.attackClosing.toPrecision(2)}`,
        ...published(1),
      },
    ),
    ...(before === undefined
      ? []
      : [
          atMost(
            `${graph}: honest edges that close a triangle, as a share, off by`,
            Math.abs(random.honestClosing - before[0]),
            0.02,
            published(0),
          ),
        ]),
    atLeast(
      `${graph}: attack edges to friends of friends that close a triangle, as a share`,
      closing.attackClosing,
      0.5,
    ),
  ];
}

/** With the most attack edges: what each way to ask takes from walks, and what is left to a method that is told Sybils, too. */
function areaFindings(rows: readonly Row[], graph: string): Finding[] {
  const most = Math.max(...rows.filter((row) => row.graph === graph).map(({ attackEdges }) => attackEdges));
  const own = rows.filter((row) => row.graph === graph && row.attackEdges === most);
  const place = `${graph}, ${most} attack edges`;
  const at = (attack: AttackKind, method: Method): number =>
    own.find((row) => row.attack === attack)?.areas[method] ?? Number.NaN;
  const told = (method: Method): string =>
    ATTACK_KINDS.map((attack) => `${attack} ${at(attack, method).toFixed(3)}`).join(', ');
  const walks = ['sybilrank', 'acl'] as const;
  const nothingLost = walks.map((method) =>
    atMost(
      `${place}: area that ${method} loses where they go to friends of friends, against anybody`,
      at('random', method) - at('triangle-closing', method),
      0.03,
    ),
  );
  if (isStandIn(graph)) return nothingLost;
  return [
    ...nothingLost,
    ...walks.map((method) =>
      atLeast(
        `${place}: area that ${method} loses where they go to accounts around the seeds, against anybody`,
        at('random', method) - at('aimed', method),
        0.2,
        { remark: told(method) },
      ),
    ),
    atLeast(
      `${place}: sybilscar-c, which is told Sybils too, area under the attack that is worst for it`,
      Math.min(...ATTACK_KINDS.map((attack) => at(attack, 'sybilscar-c'))),
      0.9,
      { remark: told('sybilscar-c') },
    ),
  ];
}

const graphsOf = (rows: readonly Row[]): string[] => [...new Set(rows.map(({ graph }) => graph))];

function draw(rows: readonly Row[]): string {
  const places = rows.filter(({ attack }) => attack === 'random');
  const shown: readonly Method[] = ['sybilrank', 'sybilscar-c'];
  return drawBars({
    title: 'Area under the ROC against a replica, by whom the attacker asks',
    categories: places.map(({ graph, attackEdges }) => `${graph}\n${attackEdges.toLocaleString('en')}`),
    series: shown.flatMap((method) =>
      ATTACK_KINDS.map((attack) => ({
        name: `${method}, ${attack}`,
        values: places.map((place) => {
          const isMeant = (row: Row): boolean =>
            row.graph === place.graph && row.attackEdges === place.attackEdges && row.attack === attack;
          return rows.find(isMeant)?.areas[method] ?? null;
        }),
      })),
    ),
    axis: { name: 'area', max: 1.2 },
    levels: [{ name: 'chance', value: 0.5 }],
  });
}

export const sybilAttacks: Experiment<Parameters, readonly Row[]> = {
  name: 'sybil-attacks',
  claim:
    'Attack edges to anybody flatter every method: triangles tell them apart, and as many edges to the accounts around the seeds undo walks from them.',
  source: 'Alvisi et al. (IEEE S&P 2013), random attack edges; SybilRank (NSDI 2012), targeted attacks',
  small: { places: [{ choice: COMMUNITIES, attackEdges: [600], draws: 2 }], labels: 20 },
  full: {
    places: [
      { choice: EGO_FACEBOOK, attackEdges: [1000, 5000], draws: 10 },
      { choice: EPINIONS, attackEdges: [20_000], draws: 3 },
      { choice: DEEZER, attackEdges: [11_885], draws: 5 },
    ],
    labels: 100,
  },
  run,
  assert: (rows) =>
    graphsOf(rows).flatMap((graph) => [...triangleFindings(rows, graph), ...areaFindings(rows, graph)]),
  draw,
};
