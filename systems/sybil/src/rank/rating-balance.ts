/**
 * What trusted accounts say about an account, good against bad: trust spreads along positive ratings (TrustRank), each rating that an
 * account has received counts with its rater's trust, and the score is (good - bad) / (good + bad), in [-1, 1]; 0 where nobody
 * trusted has rated. Bad ratings by strangers count for nothing, so a Sybil cannot slander. Ours; the idea of signed propagation
 * is that of Guha et al. (WWW 2004), one step of distrust: whom a distrusted account rates says nothing.
 */

import type { Graph } from '@concordat/graph';
import { NEEDS_SEEDS, type Ranking } from './ranking.ts';
import { trustAlongArcs } from './trustrank.ts';

/** For each node the weights of the arcs that lead to it, each times the score of where it comes from. */
function receivedFrom(graph: Graph, scores: Float64Array): Float64Array {
  const received = new Float64Array(graph.nodeCount);
  for (let node = 0; node < graph.nodeCount; node += 1) {
    const score = scores[node] as number;
    if (score === 0) continue;
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      received[graph.targets[arc] as number]! += score * (graph.weights?.[arc] ?? 1);
  }
  return received;
}

/** Balance by node of positive ratings `trust` and negative ones `distrust`, both directed over the same nodes, in one unit. */
export function ratingBalance(trust: Graph, distrust: Graph, raters: Float64Array): Float64Array {
  const bad = receivedFrom(distrust, raters);
  return receivedFrom(trust, raters).map((good, node) => {
    const all = good + (bad[node] as number);
    return all === 0 ? 0 : (good - (bad[node] as number)) / all;
  });
}

export const trustedBalance: Ranking = {
  name: 'trusted-balance',
  source: 'positive against negative ratings received, by the TrustRank of the raters',
  needs: { ...NEEDS_SEEDS, isDirected: true, distrust: true },
  rank: (graph, labels, options) =>
    options.distrust === undefined
      ? new Float64Array(graph.nodeCount)
      : ratingBalance(graph, options.distrust, trustAlongArcs(graph, labels.honest)),
};
