/**
 * Our baselines again: areas under ROC of four methods on real graphs with a replica as Sybil region and random attack edges, and on
 * ratings with real labels. What reproduces the figures: 100 honest and 100 Sybil labels, drawn evenly; SybilRank and ACL use the honest
 * ones, SybilSCAR-C both; labelled accounts are not judged; trust is taken over degree; the largest component is the honest region.
 */

import {
  buildGraph,
  degreeOf,
  type EdgeList,
  type Graph,
  inducedSubgraph,
  largestComponent,
  undirectedForm,
} from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { mountAttack } from '../attack/attack.ts';
import { drawLabels, withoutLabelled } from '../attack/draw-labels.ts';
import { localCommunity } from '../community/local-community.ts';
import { areaUnderRoc, UNJUDGED } from '../evaluate/roc.ts';
import { ACL_RESIDUAL, ACL_RESTART, acl } from '../rank/acl.ts';
import { consensus, directedConsensus } from '../rank/consensus.ts';
import type { Labels, Ranking, RankOptions } from '../rank/ranking.ts';
import { trustedBalance } from '../rank/rating-balance.ts';
import { sybilBelief } from '../rank/sybilbelief.ts';
import { scoreOfTrust, sybilRank } from '../rank/sybilrank.ts';
import { sybilScarC, sybilScarD } from '../rank/sybilscar.ts';
import { trustRank } from '../rank/trustrank.ts';
import { textbookPush } from './textbook-push.ts';

/** Areas of one draw, by method. */
export type Areas = Readonly<Record<string, number>>;

interface Contender {
  readonly name: string;
  readonly ranking: Ranking;
  /** Honest labels that it is told; default all. */
  readonly seeds?: number;
}

/** ACL with the pushes of the paper, whose residual is larger. */
const textbookAcl: Ranking = {
  ...acl,
  rank: (graph, labels) =>
    scoreOfTrust(graph, textbookPush(graph, labels.honest, ACL_RESTART, ACL_RESIDUAL), 'suspects'),
};

export const REPLICA_CONTENDERS: readonly Contender[] = [
  { name: 'SybilRank', ranking: sybilRank },
  { name: 'SCAR-C', ranking: sybilScarC },
  { name: 'ACL, 1 seed', ranking: acl, seeds: 1 },
  { name: 'ACL, all seeds', ranking: acl },
  { name: 'ACL, all seeds, textbook push', ranking: textbookAcl },
];

/** Methods beyond the baselines, told the same labels. */
export const FURTHER_CONTENDERS: readonly Contender[] = [
  { name: 'SCAR-D', ranking: sybilScarD },
  { name: 'SybilBelief', ranking: sybilBelief },
  { name: 'local community', ranking: localCommunity },
  { name: 'consensus', ranking: consensus },
];

function areasOf(
  contenders: readonly Contender[],
  graph: Graph,
  labels: Labels,
  judged: Uint8Array,
  options: RankOptions = {},
): Areas {
  return Object.fromEntries(
    contenders.map(({ name, ranking, seeds }) => {
      const told = seeds === undefined ? labels : { ...labels, honest: labels.honest.slice(0, seeds) };
      return [name, areaUnderRoc(ranking.rank(graph, told, options), judged)];
    }),
  );
}

/** One draw on an honest graph, whose largest component is taken, with a replica behind `edgeCount` random attack edges. */
export function replicaDraw(
  whole: Graph,
  edgeCount: number,
  draw: number,
  contenders: readonly Contender[] = REPLICA_CONTENDERS,
): Areas {
  const random = createPrng(draw, `replica ${edgeCount}`);
  const honest = largestComponent(whole).graph;
  const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount } as const;
  const { graph, kinds } = mountAttack(honest, attack, random.fork('attack'));
  const labels = drawLabels(kinds, { honest: 100, sybils: 100, noise: 0 }, random.fork('labels'));
  return areasOf(contenders, graph, labels, withoutLabelled(kinds, labels, UNJUDGED));
}

export interface RatingNetwork {
  /** Positive ratings, directed, weighed by their value. */
  readonly trust: Graph;
  /** Negative ratings, directed, weighed by how bad they are. */
  readonly distrust: Graph;
  readonly kinds: Uint8Array;
}

/**
 * The network of accounts with a positive rating, given or received. `values` are of the edges, above zero for trust and below it for
 * distrust; `kinds` is the truth by node of `edges`.
 */
export function ratingNetwork(edges: EdgeList, values: Float64Array, kinds: Uint8Array): RatingNetwork {
  const graphOf = (sign: number): Graph => {
    const kept = Uint32Array.from(values.keys()).filter((edge) => sign * (values[edge] as number) > 0);
    return buildGraph({
      nodeCount: edges.nodeCount,
      isDirected: true,
      sources: kept.map((edge) => edges.sources[edge] as number),
      targets: kept.map((edge) => edges.targets[edge] as number),
      weights: Float64Array.from(kept, (edge) => sign * (values[edge] as number)),
    }).graph;
  };
  const trust = graphOf(1);
  const around = undirectedForm(trust);
  const rated = [...kinds.keys()].filter((node) => degreeOf(around, node) > 0);
  return {
    trust: inducedSubgraph(trust, rated).graph,
    distrust: inducedSubgraph(graphOf(-1), rated).graph,
    kinds: Uint8Array.from(rated, (node) => kinds[node] as number),
  };
}

/** Each with the information that it uses beyond the seeds. */
export const RATING_CONTENDERS = {
  'positive ratings, without direction or value': [
    { name: 'SybilRank', ranking: sybilRank },
    { name: 'SCAR-C (also told 20 frauds)', ranking: sybilScarC },
    { name: 'ACL, 1 seed', ranking: acl, seeds: 1 },
    { name: 'ACL, 20 seeds', ranking: acl },
    { name: 'consensus', ranking: consensus },
  ],
  'positive ratings with direction': [
    { name: 'TrustRank', ranking: trustRank },
    { name: 'directed consensus', ranking: directedConsensus },
  ],
  'positive and negative ratings with direction and value': [
    { name: 'trusted balance', ranking: trustedBalance },
  ],
} satisfies Record<string, readonly Contender[]>;

/** One draw on ratings: 20 honest labels, and for who uses them 20 frauds; none of them is judged. */
export function ratingDraw({ trust, distrust, kinds }: RatingNetwork, draw: number): Areas {
  const labels = drawLabels(kinds, { honest: 20, sybils: 20, noise: 0 }, createPrng(draw, 'ratings'));
  const judged = withoutLabelled(kinds, labels, UNJUDGED);
  const arcs = { ...trust, weights: null };
  const [plain, directed, signed] = Object.values(RATING_CONTENDERS);
  return {
    ...areasOf(plain ?? [], undirectedForm(arcs), labels, judged),
    ...areasOf(directed ?? [], arcs, labels, judged),
    ...areasOf(signed ?? [], trust, labels, judged, { distrust }),
  };
}
