/**
 * SybilRank (Cao et al., NSDI 2012): trust starts at the seeds and takes O(log n) steps of a random walk, too few to mix across a
 * sparse cut. What a node holds over its degree ranks it; the lowest are the suspects.
 */

import { degreeOf, type Graph } from '@concordat/graph';

/** Steps of the walk: ceil(log2 n), the paper's choice. */
export function walkLength(nodeCount: number): number {
  return Math.max(1, Math.ceil(Math.log2(nodeCount)));
}

/**
 * Trust of every node after `steps` steps (section 4.2), summing to `nodeCount`. `seeds` are distinct
 * trusted nodes; a node without neighbours keeps what it has.
 */
export function spreadTrust(
  graph: Graph,
  seeds: readonly number[],
  steps = walkLength(graph.nodeCount),
): Float64Array {
  const { nodeCount, offsets, targets } = graph;
  let trust = new Float64Array(nodeCount);
  const share = new Float64Array(nodeCount);
  for (const seed of seeds) trust[seed] = nodeCount / seeds.length;
  for (let step = 0; step < steps; step += 1) {
    for (let node = 0; node < nodeCount; node += 1)
      share[node] = (trust[node] as number) / degreeOf(graph, node);
    const next = new Float64Array(nodeCount);
    for (let node = 0; node < nodeCount; node += 1) {
      const [from, to] = [offsets[node] as number, offsets[node + 1] as number];
      let sum = from === to ? (trust[node] as number) : 0;
      for (let arc = from; arc < to; arc += 1) sum += share[targets[arc] as number] as number;
      next[node] = sum;
    }
    trust = next;
  }
  return trust;
}
