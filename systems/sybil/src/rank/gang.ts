/**
 * GANG (Wang, Gong, Fu, ICDM 2017): guilt by association on a directed graph. Two accounts that follow each other are of one kind.
 * A one-way arc from u to v says less: honest accounts rarely follow Sybils, while Sybils follow anybody; so v's guilt falls on u,
 * and u's honesty on v, and nothing else passes. In residuals, linearised as SybilSCAR and cut to [-0.5, 0.5]:
 *
 *     p[u] <- q[u] + 2 coupling (sum of p[v], mutual; of min(p[v], 0), v followed by u; of max(p[v], 0), v a follower of u)
 */

import { type Graph, twinsOf, undirectedForm } from '@concordat/graph';
import { NEEDS_SEEDS, type Ranking, residualPriors } from './ranking.ts';
import {
  couplingObjection,
  relativeChange,
  SCAR_ROUNDS,
  SCAR_TOLERANCE,
  usualCoupling,
} from './sybilscar.ts';

/** How an arc of the merged graph was met from its owner's side. */
const MUTUAL = 0;
const FOLLOWS = 1;
const FOLLOWED = 2;

export interface FollowGraph {
  /** The undirected graph of who follows whom in any direction. */
  readonly around: Graph;
  /** For each of its arcs, seen from the row's owner: mutual, followed by the owner, or following it. */
  readonly kinds: Uint8Array;
}

/** Both directions of a directed graph in one. O(arcs log degree). Weights are not used. */
export function followGraph(graph: Graph): FollowGraph {
  const { nodeCount, offsets, targets } = graph;
  const around = undirectedForm({ ...graph, weights: null });
  const kinds = new Uint8Array(around.targets.length).fill(FOLLOWED);
  for (let node = 0; node < nodeCount; node += 1) {
    let arc = offsets[node] as number;
    const end = offsets[node + 1] as number;
    for (let at = around.offsets[node] as number; at < (around.offsets[node + 1] as number); at += 1) {
      if (arc === end || targets[arc] !== around.targets[at]) continue;
      kinds[at] = FOLLOWS;
      arc += 1;
    }
  }
  return { around, kinds: withMutual(around, kinds) };
}

/** Arcs that both ends own as follows become mutual. */
function withMutual(around: Graph, kinds: Uint8Array): Uint8Array {
  const twins = twinsOf(around);
  return kinds.map((kind, arc) =>
    kind === FOLLOWS && kinds[twins[arc] as number] === FOLLOWS ? MUTUAL : kind,
  );
}

/** Residuals by node after at most `rounds` rounds. */
export function propagateOverFollows(
  follows: FollowGraph,
  priors: Float64Array,
  coupling: number,
  rounds: number,
): Float64Array {
  const { around, kinds } = follows;
  const { nodeCount, offsets, targets } = around;
  let residuals = priors.slice();
  let next = new Float64Array(nodeCount);
  for (let round = 0; round < rounds; round += 1) {
    for (let node = 0; node < nodeCount; node += 1) {
      let sum = 0;
      for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
        const residual = residuals[targets[arc] as number] as number;
        const kind = kinds[arc];
        if (kind === MUTUAL || (kind === FOLLOWS ? residual < 0 : residual > 0)) sum += residual;
      }
      const value = (priors[node] as number) + 2 * coupling * sum;
      next[node] = Math.min(0.5, Math.max(-0.5, value));
    }
    const change = relativeChange(residuals, next);
    [residuals, next] = [next, residuals];
    if (change < SCAR_TOLERANCE) break;
  }
  return residuals;
}

export const gang: Ranking = {
  name: 'gang',
  source: 'Wang, Gong, Fu: GANG, ICDM 2017',
  needs: { ...NEEDS_SEEDS, sybils: true, isDirected: true, usesWeights: false },
  // A round is dominated, arc by arc, by one on the undirected graph: its contraction is enough.
  objection: (graph, _labels, options) => {
    if (options.mustConverge !== true) return null;
    const { around } = followGraph(graph);
    return couplingObjection(around, options.coupling ?? usualCoupling(around));
  },
  rank: (graph, labels, options) => {
    const follows = followGraph(graph);
    const coupling = options.coupling ?? usualCoupling(follows.around);
    const priors = residualPriors(graph.nodeCount, labels, options.confidence ?? 0.9);
    return propagateOverFollows(follows, priors, coupling, options.steps ?? SCAR_ROUNDS);
  },
};
