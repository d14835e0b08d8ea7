/** Conductance of a set of nodes: the weight of the edges that leave it over the smaller of its volume and that of the rest. */

import { volumeOf, weightedDegreeOf } from '../degrees.ts';
import type { Graph } from '../graph.ts';

export interface Cut {
  /** Weighted degrees of the set, summed. */
  readonly volume: number;
  /** Weight of the edges between the set and the rest. */
  readonly weight: number;
  /** `weight` over the smaller volume, in [0, 1]; 1 where one side has no edges. */
  readonly conductance: number;
}

/** By its cut weight, its volume and that of the graph. */
export function conductanceBy(weight: number, volume: number, totalVolume: number): number {
  const smaller = Math.min(volume, totalVolume - volume);
  return smaller > 0 ? weight / smaller : 1;
}

/** Marks of the nodes of a set, by node: what cuts, flows and samples of nodes are described by. */
export function marksOf(nodeCount: number, nodes: Iterable<number>): Uint8Array {
  const marks = new Uint8Array(nodeCount);
  for (const node of nodes) marks[node] = 1;
  return marks;
}

/** The cut of an undirected graph around the nodes that are marked. */
export function cutAround(graph: Graph, marks: Uint8Array): Cut {
  const { nodeCount, offsets, targets, weights } = graph;
  let [volume, weight] = [0, 0];
  for (let node = 0; node < nodeCount; node += 1) {
    if (marks[node] === 0) continue;
    volume += weightedDegreeOf(graph, node);
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1)
      if (marks[targets[arc] as number] === 0) weight += weights?.[arc] ?? 1;
  }
  return { volume, weight, conductance: conductanceBy(weight, volume, volumeOf(graph)) };
}
