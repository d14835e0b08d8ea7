/**
 * SybilSCAR (Wang, Zhang, Gong, INFOCOM 2017; TNSE 2019): a node's residual, its probability to be honest less a half, becomes its
 * prior's plus what its neighbours' residuals add, cut to [-0.5, 0.5], until little changes:
 *
 *     p[u] <- q[u] + sum over neighbours v of 2 w(u, v) p[v]
 *
 * C: w = coupling x weight of the edge. The round contracts, and so has one fixed point, if 2 coupling rho(A) < 1; the papers' usual
 * 1 / (2 average degree) does not promise that, so rounds are bounded. D: w(u, v) = weight / (2 degree of u), a mean of neighbours.
 */

import { type Graph, neighbourSums, weightedDegrees } from '@concordat/graph';
import { type Needs, type Ranking, residualPriors } from './ranking.ts';
import { spectralBounds } from './spectrum.ts';

export const SCAR_ROUNDS = 20;
/** Rounds end when residuals change by less than this share of themselves, both in sums of magnitudes. */
export const SCAR_TOLERANCE = 1e-3;

/** The papers' usual coupling: 1 / (2 average degree). */
export function usualCoupling(graph: Graph): number {
  const total = weightedDegrees(graph).reduce((sum, degree) => sum + degree, 0);
  return total === 0 ? 0.5 : graph.nodeCount / (2 * total);
}

/** The formula that fails where `coupling` is not proved to converge on an undirected graph, or null. */
export function couplingObjection(graph: Graph, coupling: number): string | null {
  const { low, high } = spectralBounds(graph);
  if (2 * coupling * high < 1) return null;
  const bound = `rho(A) is between ${low.toPrecision(4)} and ${high.toPrecision(4)}`;
  return (
    `2 coupling rho(A) < 1 is not proved: coupling is ${coupling.toPrecision(4)}, ${bound}; ` +
    `take less than ${(1 / (2 * high)).toPrecision(4)}`
  );
}

/** Share by which `after` differs from `before`, in sums of magnitudes. */
export function relativeChange(before: Float64Array, after: Float64Array): number {
  let [change, size] = [0, 0];
  for (let node = 0; node < after.length; node += 1) {
    change += Math.abs((after[node] as number) - (before[node] as number));
    size += Math.abs(after[node] as number);
  }
  return size === 0 ? 0 : change / size;
}

/** Residuals after at most `rounds` rounds; `factor` gives for each node what the sum over its neighbours is multiplied by. */
export function propagateResiduals(
  graph: Graph,
  priors: Float64Array,
  factor: (node: number) => number,
  rounds: number,
): Float64Array {
  const factors = new Float64Array(graph.nodeCount).map((_, node) => factor(node));
  let residuals = priors.slice();
  let next = new Float64Array(graph.nodeCount);
  for (let round = 0; round < rounds; round += 1) {
    neighbourSums(graph, residuals, next);
    for (let node = 0; node < next.length; node += 1) {
      const sum = (priors[node] as number) + (factors[node] as number) * (next[node] as number);
      next[node] = Math.min(0.5, Math.max(-0.5, sum));
    }
    const change = relativeChange(residuals, next);
    [residuals, next] = [next, residuals];
    if (change < SCAR_TOLERANCE) break;
  }
  return residuals;
}

const NEEDS: Needs = {
  honest: true,
  sybils: true,
  isDirected: false,
  victims: false,
  distrust: false,
  usesWeights: true,
};
const SOURCE = 'Wang, Zhang, Gong: SybilSCAR, INFOCOM 2017; Wang, Jia, Zhang, Gong, TNSE 2019';

export const sybilScarC: Ranking = {
  name: 'sybilscar-c',
  source: SOURCE,
  needs: NEEDS,
  objection: (graph, _labels, options) =>
    options.mustConverge === true ? couplingObjection(graph, options.coupling ?? usualCoupling(graph)) : null,
  rank: (graph, labels, options) => {
    const coupling = options.coupling ?? usualCoupling(graph);
    const priors = residualPriors(graph.nodeCount, labels, options.confidence ?? 0.9);
    return propagateResiduals(graph, priors, () => 2 * coupling, options.steps ?? SCAR_ROUNDS);
  },
};

export const sybilScarD: Ranking = {
  name: 'sybilscar-d',
  source: SOURCE,
  needs: NEEDS,
  rank: (graph, labels, options) => {
    const degrees = weightedDegrees(graph);
    const priors = residualPriors(graph.nodeCount, labels, options.confidence ?? 0.9);
    const mean = (node: number): number => (degrees[node] === 0 ? 0 : 1 / (degrees[node] as number));
    return propagateResiduals(graph, priors, mean, options.steps ?? SCAR_ROUNDS);
  },
};
