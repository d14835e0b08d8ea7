/** The votes that links can carry, in the plainest way: a maximum flow from one more node, the ballot box, with an edge to each voter. */

import { buildGraph, edgesOf, flowNetwork, type Graph, maxFlow } from '@concordat/graph';

/** How many votes of `voters` reach the collector; `capacities` by arc of the graph, from its source to its target. */
export function votesByBallotBox(
  graph: Graph,
  collector: number,
  voters: Uint32Array,
  capacities: Int32Array,
): number {
  const box = graph.nodeCount;
  const edges = edgesOf(graph);
  const joint = buildGraph({
    nodeCount: box + 1,
    isDirected: false,
    sources: Uint32Array.of(...edges.sources, ...voters.map(() => box)),
    targets: Uint32Array.of(...edges.targets, ...voters),
    weights: null,
  }).graph;
  // The box has the highest number, so it is the last of each voter's row, and its own row the last of all.
  const placed = new Float64Array(joint.targets.length);
  for (let node = 0; node < box; node += 1)
    placed.set(
      capacities.subarray(graph.offsets[node], graph.offsets[node + 1]),
      joint.offsets[node] as number,
    );
  placed.fill(1, joint.offsets[box]);
  return maxFlow(flowNetwork(joint, placed), [box], [collector]).value;
}
