/** Degrees by weight and volumes: what conductance, walks and rankings divide by. */

import { degreeOf, type Graph } from './graph.ts';

/** Weights of the arcs that leave each node, summed; where edges have no weights their number. */
export function weightedDegrees(graph: Graph): Float64Array {
  const { nodeCount, offsets, weights } = graph;
  const degrees = new Float64Array(nodeCount);
  for (let node = 0; node < nodeCount; node += 1) {
    if (weights === null) degrees[node] = degreeOf(graph, node);
    else {
      let sum = 0;
      for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1)
        sum += weights[arc] as number;
      degrees[node] = sum;
    }
  }
  return degrees;
}

/** Weighted degree of one node. */
export function weightedDegreeOf(graph: Graph, node: number): number {
  const { offsets, weights } = graph;
  if (weights === null) return degreeOf(graph, node);
  let sum = 0;
  for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1)
    sum += weights[arc] as number;
  return sum;
}

/** Degrees of all nodes by weight: twice the weight of all edges of an undirected graph. */
export function volumeOf({ targets, weights }: Graph): number {
  if (weights === null) return targets.length;
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}
