/**
 * PageRank of all nodes (Brin and Page, 1998) by power iteration: in each round every node gathers what its neighbours pass on. Exact to
 * any tolerance, in time that grows with the graph; `rank/push.ts` is for what lies around a few seeds.
 */

import { assert } from '@concordat/kernel';
import { weightedDegrees } from '../degrees.ts';
import type { Graph } from '../graph.ts';
import { reversed } from '../parts/directions.ts';
import { plannedSums, planSums } from './neighbour-sums.ts';

export interface PageRankOptions {
  /** Probability per step of going on, in [0, 1). */
  readonly damping: number;
  /** Where the walk begins again, by node, not negative and of any sum above zero; null: anywhere, each node as likely. */
  readonly reset: Float64Array | null;
  /** Sum of the changes of the last round at which to stop. */
  readonly tolerance: number;
  readonly maxRounds: number;
}

export interface PageRank {
  /** By node; they sum to 1. */
  readonly scores: Float64Array;
  readonly rounds: number;
  /** Sum of the changes in the last round. */
  readonly change: number;
}

/** A walk on a node without arcs begins again. */
export function pageRank(graph: Graph, options: PageRankOptions): PageRank {
  const { damping, reset, tolerance, maxRounds } = options;
  assert(damping >= 0 && damping < 1, 'damping is in [0, 1)');
  const { nodeCount } = graph;
  const plan = planSums(reversed(graph));
  // Rounds multiply by these; a node without arcs has nothing to pass on.
  const inverses = weightedDegrees(graph).map((degree) => (degree === 0 ? 0 : 1 / degree));
  const restart = new Float64Array(nodeCount).fill(1 / nodeCount);
  if (reset !== null) {
    const total = reset.reduce((sum, value) => sum + value, 0);
    for (let node = 0; node < nodeCount; node += 1) restart[node] = (reset[node] as number) / total;
  }
  const scores = restart.slice();
  const gathered = new Float64Array(nodeCount);
  // What each node passes on along an arc of weight 1, and what nodes without arcs cannot pass on.
  const shares = scores.map((score, node) => score * (inverses[node] as number));
  let stranded = scores.reduce((sum, score, node) => sum + (inverses[node] === 0 ? score : 0), 0);
  let rounds = 0;
  let change = Number.POSITIVE_INFINITY;
  for (; rounds < maxRounds && change > tolerance; rounds += 1) {
    plannedSums(plan, shares, gathered);
    const again = 1 - damping + damping * stranded;
    change = stranded = 0;
    for (let node = 0; node < nodeCount; node += 1) {
      const inverse = inverses[node] as number;
      const score = damping * (gathered[node] as number) + again * (restart[node] as number);
      change += Math.abs(score - (scores[node] as number));
      scores[node] = score;
      shares[node] = score * inverse;
      if (inverse === 0) stranded += score;
    }
  }
  return { scores, rounds, change };
}
