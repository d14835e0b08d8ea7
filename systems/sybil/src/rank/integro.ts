/**
 * Integro (Boshmaf et al., NDSS 2015): attack edges end at victims, honest accounts that accept requests from strangers. Edges of likely
 * victims get little weight, so little trust crosses them, and SybilRank runs on the weighted graph. The bound counts attack edges by
 * weight: O(weight of attack edges x log n) Sybils. A wrong guess costs an honest account part of its edges' weight, never all of it.
 */

import { buildGraph, edgesOf, type Graph } from '@concordat/graph';
import { NEEDS_SEEDS, type Ranking } from './ranking.ts';
import { scoreOfTrust, spreadTrust } from './sybilrank.ts';

/** An edge of two accounts that are no likelier victims than a half weighs all it did. */
const SLOPE = 2;
/** Least share of its weight that an edge keeps: a node whose friends are all sure victims still has a degree. */
const LEAST = 1e-6;

/** The graph with each edge's weight times min(1, 2 (1 - the larger victim probability of its ends)). */
export function discountVictims(graph: Graph, victims: Float64Array): Graph {
  const edges = edgesOf(graph);
  const weights = Float64Array.from(edges.sources, (source, edge) => {
    const likelier = Math.max(victims[source] as number, victims[edges.targets[edge] as number] as number);
    return (edges.weights?.[edge] ?? 1) * Math.min(1, Math.max(LEAST, SLOPE * (1 - likelier)));
  });
  return buildGraph({ ...edges, weights }).graph;
}

export const integro: Ranking = {
  name: 'integro',
  source: 'Boshmaf et al.: Integro, NDSS 2015',
  needs: { ...NEEDS_SEEDS, victims: true },
  rank: (graph, labels, options) => {
    const weighted = discountVictims(graph, options.victims ?? new Float64Array(graph.nodeCount));
    const trust = spreadTrust(weighted, labels.honest, options.steps);
    return scoreOfTrust(weighted, trust, options.purpose ?? 'suspects');
  },
};
