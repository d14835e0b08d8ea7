/**
 * Random walks: each step takes an arc of the node as likely as it weighs. A walk that stands on a node without arcs stays there.
 * Walks of a length drawn anew end where personalised PageRank says (`rank/push.ts`).
 */

import type { Prng } from '@concordat/kernel';
import type { Graph } from '../graph.ts';

export interface Walker {
  readonly graph: Graph;
  /** Weights summed along each row; null where all weigh 1. */
  readonly sums: Float64Array | null;
}

/** Prepares walks. O(arcs) once for a weighted graph, nothing for others. */
export function createWalker(graph: Graph): Walker {
  const { nodeCount, offsets, weights } = graph;
  if (weights === null) return { graph, sums: null };
  const sums = new Float64Array(weights.length);
  for (let node = 0; node < nodeCount; node += 1) {
    let sum = 0;
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      sum += weights[arc] as number;
      sums[arc] = sum;
    }
  }
  return { graph, sums };
}

/** An arc of `node` drawn by weight, or -1 if it has none. */
export function drawArc({ graph, sums }: Walker, node: number, random: Prng): number {
  const from = graph.offsets[node] as number;
  const end = graph.offsets[node + 1] as number;
  if (from === end) return -1;
  if (sums === null) return from + random.below(end - from);
  const mark = random.unit() * (sums[end - 1] as number);
  let [low, high] = [from, end - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (mark < (sums[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Where a walk of `steps` steps from `start` ends. */
export function walkEnd(walker: Walker, start: number, steps: number, random: Prng): number {
  let node = start;
  for (let step = 0; step < steps; step += 1) {
    const arc = drawArc(walker, node, random);
    if (arc < 0) return node;
    node = walker.graph.targets[arc] as number;
  }
  return node;
}

/** The nodes of a walk, `start` first; at most `steps + 1`, fewer where it comes to a node without arcs. */
export function walkFrom(walker: Walker, start: number, steps: number, random: Prng): Uint32Array {
  const nodes = new Uint32Array(steps + 1);
  nodes[0] = start;
  for (let step = 0; step < steps; step += 1) {
    const arc = drawArc(walker, nodes[step] as number, random);
    if (arc < 0) return nodes.slice(0, step + 1);
    nodes[step + 1] = walker.graph.targets[arc] as number;
  }
  return nodes;
}
