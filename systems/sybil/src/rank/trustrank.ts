/**
 * TrustRank (Gyöngyi, Garcia-Molina, Pedersen, VLDB 2004): PageRank along arcs that begins again at trusted seeds. An arc is made by
 * its source, so an attacker pays only for arcs that come from honest accounts; what his accounts say about others earns them nothing,
 * while in an undirected reading of the same ratings each of those arcs would be an attack edge for free.
 */

import { type Graph, pageRank } from '@concordat/graph';
import { NEEDS_SEEDS, type Ranking } from './ranking.ts';

/** The paper's: it goes on with 0.85, for 20 rounds. */
export const TRUSTRANK_RESTART = 0.15;
export const TRUSTRANK_ROUNDS = 20;

/** Trust by node along the arcs of a directed graph, by weight, summing to 1; a walk that comes to a node without arcs begins again. */
export function trustAlongArcs(
  graph: Graph,
  seeds: readonly number[],
  restart = TRUSTRANK_RESTART,
  rounds = TRUSTRANK_ROUNDS,
): Float64Array {
  const reset = new Float64Array(graph.nodeCount);
  for (const seed of seeds) reset[seed] = 1;
  return pageRank(graph, { damping: 1 - restart, reset, tolerance: 0, maxRounds: rounds }).scores;
}

export const trustRank: Ranking = {
  name: 'trustrank',
  source: 'Gyöngyi, Garcia-Molina, Pedersen: Combating web spam with TrustRank, VLDB 2004',
  needs: { ...NEEDS_SEEDS, isDirected: true },
  rank: (graph, labels, options) => trustAlongArcs(graph, labels.honest, options.restart, options.steps),
};
