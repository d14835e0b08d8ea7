/**
 * What SybilInfer looks at (Danezis and Mittal, NDSS 2009, section 3.1): where short walks from every account end. The walk steps to a
 * neighbour with probability min(1 / own degree, 1 / its degree) and else stays, so that in the limit every node is equally likely: an
 * account with many friends counts no more than others.
 */

import { degreeOf, type Graph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';

/** Walks by where they began, and by where they ended. */
export interface Traces {
  /** Walks from each node. */
  readonly perNode: number;
  /** Ends of the walks from node `u` at `perNode * u` and on. */
  readonly ends: Uint32Array;
  /** Where the walks that ended at `u` began: `begins[offsets[u] .. offsets[u + 1] - 1]`. */
  readonly offsets: Uint32Array;
  readonly begins: Uint32Array;
}

function traceEnd(graph: Graph, start: number, steps: number, random: Prng): number {
  let node = start;
  let degree = degreeOf(graph, node);
  for (let step = 0; step < steps && degree > 0; step += 1) {
    const target = graph.targets[(graph.offsets[node] as number) + random.below(degree)] as number;
    const targetDegree = degreeOf(graph, target);
    if (targetDegree > degree && random.unit() * targetDegree >= degree) continue;
    node = target;
    degree = targetDegree;
  }
  return node;
}

/** `perNode` walks of `steps` steps from every node. 8 bytes for each walk. */
export function traceWalks(graph: Graph, perNode: number, steps: number, random: Prng): Traces {
  const { nodeCount } = graph;
  const ends = new Uint32Array(nodeCount * perNode);
  const offsets = new Uint32Array(nodeCount + 1);
  for (let node = 0; node < nodeCount; node += 1)
    for (let walk = 0; walk < perNode; walk += 1) {
      const end = traceEnd(graph, node, steps, random);
      ends[node * perNode + walk] = end;
      offsets[end + 1]! += 1;
    }
  for (let node = 0; node < nodeCount; node += 1) offsets[node + 1]! += offsets[node] as number;
  const next = offsets.slice(0, nodeCount);
  const begins = new Uint32Array(ends.length);
  for (let at = 0; at < ends.length; at += 1) {
    const end = ends[at] as number;
    begins[next[end] as number] = Math.floor(at / perNode);
    next[end]! += 1;
  }
  return { perNode, ends, offsets, begins };
}
