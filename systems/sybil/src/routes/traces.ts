/**
 * What SybilInfer looks at (Danezis and Mittal, NDSS 2009, section 3.1): where short walks from every account end. The walk steps to a
 * neighbour with probability min(1 / own degree, 1 / its degree) and else stays, so that in the limit every node is equally likely: an
 * account with many friends counts no more than others.
 */

import type { Graph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';

/** Walks by the accounts at both their ends: it does not matter which of them was the beginning. */
export interface Traces {
  /** Walks from each node. */
  readonly perNode: number;
  /**
   * For each walk that begins or ends at node `u`, and not both, the node at its other end:
   * `others[offsets[u] .. offsets[u + 1] - 1]`.
   */
  readonly offsets: Uint32Array;
  readonly others: Uint32Array;
  /** By node: walks from it that end at it. */
  readonly loops: Uint32Array;
}

/**
 * Takes walks from a node, all of which stand there, in turn through their steps. One draw gives the neighbour and, by what is left of it,
 * whether to go: at least 12 bits for degrees up to a million. PERF: nobody can guess who goes and who stays, so what would be a branch is a
 * mask; 10 ns for a step instead of 16.
 */
function walkOn({ offsets, targets }: Graph, steps: number, at: Uint32Array, random: Prng): void {
  for (let step = 0; step < steps; step += 1)
    for (let walk = 0; walk < at.length; walk += 1) {
      const node = at[walk] as number;
      const first = offsets[node] as number;
      const degree = (offsets[node + 1] as number) - first;
      const mark = random.unit() * degree;
      const place = mark | 0;
      const target = targets[first + place] as number;
      const targetDegree = (offsets[target + 1] as number) - (offsets[target] as number);
      // All ones if below zero: with a probability of own degree / its degree, and always if that is above 1.
      const goes = ((((mark - place) * targetDegree) | 0) - degree) >> 31;
      at[walk] = node ^ ((node ^ target) & goes);
    }
}

/** Where `perNode` walks from each node end: those of node `u` at `perNode * u` and on. */
export function walkEnds(graph: Graph, perNode: number, steps: number, random: Prng): Uint32Array {
  const { nodeCount, offsets } = graph;
  const ends = new Uint32Array(nodeCount * perNode);
  for (let node = 0; node < nodeCount; node += 1) {
    const at = ends.subarray(node * perNode, (node + 1) * perNode).fill(node);
    if (offsets[node] !== offsets[node + 1]) walkOn(graph, steps, at, random);
  }
  return ends;
}

/** Walks by both their ends. */
export function tracesOf(perNode: number, ends: Uint32Array): Traces {
  const nodeCount = ends.length / perNode;
  const loops = new Uint32Array(nodeCount);
  const offsets = new Uint32Array(nodeCount + 1);
  for (let node = 0, walk = 0; node < nodeCount; node += 1)
    for (const next = walk + perNode; walk < next; walk += 1) {
      const end = ends[walk] as number;
      if (end === node) {
        loops[node]! += 1;
        continue;
      }
      offsets[node + 1]! += 1;
      offsets[end + 1]! += 1;
    }
  for (let node = 0; node < nodeCount; node += 1) offsets[node + 1]! += offsets[node] as number;
  const next = offsets.slice(0, nodeCount);
  const others = new Uint32Array(offsets[nodeCount] as number);
  for (let node = 0, walk = 0; node < nodeCount; node += 1)
    for (const last = walk + perNode; walk < last; walk += 1) {
      const end = ends[walk] as number;
      if (end === node) continue;
      others[next[node] as number] = end;
      next[node]! += 1;
      others[next[end] as number] = node;
      next[end]! += 1;
    }
  return { perNode, offsets, others, loops };
}

/** `perNode` walks of `steps` steps from every node. 12 bytes for each walk. */
export function traceWalks(graph: Graph, perNode: number, steps: number, random: Prng): Traces {
  return tracesOf(perNode, walkEnds(graph, perNode, steps, random));
}
