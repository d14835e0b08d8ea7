/**
 * Edges weighed by the triangles that they close (motif conductance: Benson, Gleich, Leskovec, Science 2016; locally: Yin, Benson,
 * Leskovec, Gleich, KDD 2017). Friends of honest accounts mostly know each other, while a stranger who accepts a Sybil has no friend in
 * common with it, so the same attack edges are a far smaller part of the graph's weight. An attacker who befriends friends of
 * friends gains some of that back, at a price: an attack edge of weight 1 + t takes t others that close triangles with it.
 *
 * Deviation: edges without a triangle keep their weight, so that sparse graphs stay connected.
 */

import { degreeOf, type Graph, twinsOf } from '@concordat/graph';

/**
 * For each arc of an undirected graph the triangles that its edge is part of. Edges are looked at from the end of the higher degree, whose
 * friends are marked, over the friends of the other: the sum over edges of the smaller degree.
 */
export function trianglesByArc(graph: Graph): Uint32Array {
  const { nodeCount, offsets, targets } = graph;
  const twins = twinsOf(graph);
  const triangles = new Uint32Array(targets.length);
  const marks = new Uint32Array(nodeCount);
  for (let node = 0; node < nodeCount; node += 1) {
    const [from, to] = [offsets[node] as number, offsets[node + 1] as number];
    for (let arc = from; arc < to; arc += 1) marks[targets[arc] as number] = node + 1;
    for (let arc = from; arc < to; arc += 1) {
      const friend = targets[arc] as number;
      const degree = degreeOf(graph, friend);
      if (degree > to - from || (degree === to - from && friend > node)) continue;
      let common = 0;
      const end = (offsets[friend] as number) + degree;
      for (let at = offsets[friend] as number; at < end; at += 1)
        if (marks[targets[at] as number] === node + 1) common += 1;
      triangles[arc] = triangles[twins[arc] as number] = common;
    }
  }
  return triangles;
}

/** The graph with each edge's weight times one more than its triangles. */
export function weighByTriangles(graph: Graph): Graph {
  const { weights } = graph;
  return {
    ...graph,
    weights: Float64Array.from(
      trianglesByArc(graph),
      (triangles, arc) => (1 + triangles) * (weights === null ? 1 : (weights[arc] as number)),
    ),
  };
}
