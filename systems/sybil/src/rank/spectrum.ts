/** Bounds of the spectral radius of a graph, which convergence conditions are about. */

import { type Graph, neighbourSums } from '@concordat/graph';

export interface SpectralBounds {
  readonly low: number;
  readonly high: number;
}

/**
 * Bounds of the spectral radius of an undirected graph's adjacency matrix A. For a positive vector x the radius of A + I is at most
 * the largest (A x + x)_i / x_i (Collatz and Wielandt), and for a symmetric matrix at least the Rayleigh quotient; power iteration
 * from the all-ones vector draws both together. The shift by I keeps bipartite graphs from swinging.
 */
export function spectralBounds(graph: Graph, rounds = 30): SpectralBounds {
  const { nodeCount } = graph;
  let x = new Float64Array(nodeCount).fill(1);
  let next = new Float64Array(nodeCount);
  let [low, high] = [0, Infinity];
  for (let round = 0; round < rounds; round += 1) {
    neighbourSums(graph, x, next);
    let [top, dot, norm, largest] = [0, 0, 0, 0];
    for (let node = 0; node < nodeCount; node += 1) {
      const before = x[node] as number;
      const after = (next[node] as number) + before;
      next[node] = after;
      top = Math.max(top, after / before);
      dot += before * after;
      norm += before * before;
      largest = Math.max(largest, after);
    }
    high = Math.min(high, Math.max(0, top - 1));
    low = norm === 0 ? 0 : Math.max(low, dot / norm - 1);
    // Far from the core entries shrink by a constant factor a round: the floor keeps them positive, which both bounds need.
    for (let node = 0; node < nodeCount; node += 1)
      next[node] = Math.max((next[node] as number) / largest, 1e-200);
    [x, next] = [next, x];
  }
  return { low, high: nodeCount === 0 ? 0 : high };
}
