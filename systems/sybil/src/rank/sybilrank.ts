/**
 * SybilRank (Cao et al., NSDI 2012): trust starts at the seeds and takes O(log n) steps of a random walk, too few to mix across a
 * sparse cut. What a node holds over its degree ranks it; the lowest are the suspects. A whitelist is ordered by trust alone
 * (see `Purpose`). Trust is conserved: it sums to the number of nodes after every step.
 */

import { type Graph, spreadMass, weightedDegrees } from '@concordat/graph';
import { assert } from '@concordat/kernel';
import { NEEDS_SEEDS, type Purpose, type Ranking } from './ranking.ts';

/** Steps of the walk: ceil(log2 n), the paper's choice. */
export function walkLength(nodeCount: number): number {
  return Math.max(1, Math.ceil(Math.log2(nodeCount)));
}

/**
 * Trust of every node after `steps` steps (section 4.2), summing to `nodeCount`; a step divides a node's trust over its edges by
 * weight. `seeds` are distinct trusted nodes, at least one; a node without neighbours keeps what it has.
 */
export function spreadTrust(
  graph: Graph,
  seeds: readonly number[],
  steps = walkLength(graph.nodeCount),
): Float64Array {
  assert(seeds.length > 0, 'trust starts at a seed');
  const start = new Float64Array(graph.nodeCount);
  for (const seed of seeds) start[seed] = graph.nodeCount / seeds.length;
  return spreadMass(graph, start, steps);
}

/** Trust as a score: by degree for suspects, as it is for a whitelist. A node without neighbours scores what it holds. */
export function scoreOfTrust(graph: Graph, trust: Float64Array, purpose: Purpose): Float64Array {
  if (purpose === 'whitelist') return trust;
  const degrees = weightedDegrees(graph);
  return trust.map((value, node) => (degrees[node] === 0 ? value : value / (degrees[node] as number)));
}

export const sybilRank: Ranking = {
  name: 'sybilrank',
  source: 'Cao, Sirivianos, Yang, Pregueiro: Aiding the detection of fake accounts, NSDI 2012',
  needs: NEEDS_SEEDS,
  rank: (graph, labels, options) =>
    scoreOfTrust(graph, spreadTrust(graph, labels.honest, options.steps), options.purpose ?? 'suspects'),
};
