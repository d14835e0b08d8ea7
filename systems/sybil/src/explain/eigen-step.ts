/** The inner loop of mixing.ts: one step of a walk for eight vectors at once. */

import type { Graph } from '@concordat/graph';
import { WIDTH } from './eigen.ts';

/**
 * One step of the lazy symmetric walk, `(I + D^-1/2 A D^-1/2) / 2`, for `WIDTH` vectors side by side; `roots` are 1 / sqrt(degree).
 *
 * PERF: the eight numbers of a node are one cache line, so an arc costs one miss; sums in eight variables instead of an array are
 * five times as fast.
 */
export function stepAll(graph: Graph, roots: Float64Array, vectors: Float64Array, into: Float64Array): void {
  const { nodeCount, offsets, targets, weights } = graph;
  for (let node = 0; node < nodeCount; node += 1) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let e = 0;
    let f = 0;
    let g = 0;
    let h = 0;
    const end = offsets[node + 1] as number;
    for (let arc = offsets[node] as number; arc < end; arc += 1) {
      const target = targets[arc] as number;
      const factor = (weights === null ? 1 : (weights[arc] as number)) * (roots[target] as number);
      const base = target * WIDTH;
      a += factor * (vectors[base] as number);
      b += factor * (vectors[base + 1] as number);
      c += factor * (vectors[base + 2] as number);
      d += factor * (vectors[base + 3] as number);
      e += factor * (vectors[base + 4] as number);
      f += factor * (vectors[base + 5] as number);
      g += factor * (vectors[base + 6] as number);
      h += factor * (vectors[base + 7] as number);
    }
    const own = 0.5 * (roots[node] as number);
    const base = node * WIDTH;
    into[base] = 0.5 * (vectors[base] as number) + own * a;
    into[base + 1] = 0.5 * (vectors[base + 1] as number) + own * b;
    into[base + 2] = 0.5 * (vectors[base + 2] as number) + own * c;
    into[base + 3] = 0.5 * (vectors[base + 3] as number) + own * d;
    into[base + 4] = 0.5 * (vectors[base + 4] as number) + own * e;
    into[base + 5] = 0.5 * (vectors[base + 5] as number) + own * f;
    into[base + 6] = 0.5 * (vectors[base + 6] as number) + own * g;
    into[base + 7] = 0.5 * (vectors[base + 7] as number) + own * h;
  }
}
