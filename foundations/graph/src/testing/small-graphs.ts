/** Arbitrary small graphs for property tests, and what they are checked against: plain matrices. */

import fc from 'fast-check';
import { buildGraph, type Graph } from '../index.ts';

/** Graphs of 2 to `maxNodes` nodes, weighted or not. */
export const smallGraphs = (maxNodes: number, isDirected: boolean): fc.Arbitrary<Graph> =>
  fc.integer({ min: 2, max: maxNodes }).chain((nodeCount) =>
    fc
      .tuple(
        fc.array(fc.tuple(fc.nat(nodeCount - 1), fc.nat(nodeCount - 1), fc.integer({ min: 1, max: 9 })), {
          maxLength: 3 * nodeCount,
        }),
        fc.boolean(),
      )
      .map(
        ([edges, isWeighted]) =>
          buildGraph({
            nodeCount,
            isDirected,
            sources: Uint32Array.from(edges, ([from]) => from),
            targets: Uint32Array.from(edges, ([, to]) => to),
            weights: isWeighted ? Float64Array.from(edges, ([, , weight]) => weight) : null,
          }).graph,
      ),
  );

/** Weights of the arcs as rows of a matrix, 0 where there is none. */
export function matrixOf(graph: Graph): number[][] {
  const rows = Array.from({ length: graph.nodeCount }, () => new Array<number>(graph.nodeCount).fill(0));
  for (const [node, row] of rows.entries())
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      row[graph.targets[arc] as number] = graph.weights?.[arc] ?? 1;
  return rows;
}

/** Edges as text, each once, in order. */
export const pairsOf = (graph: Graph): string[] =>
  matrixOf(graph).flatMap((row, from) =>
    row.flatMap((weight, to) => (weight > 0 && (graph.isDirected || from < to) ? [`${from},${to}`] : [])),
  );

/** A graph with edges `a-b`, undirected unless told. */
export function graphOf(
  nodeCount: number,
  edges: readonly (readonly [number, number])[],
  isDirected = false,
): Graph {
  return buildGraph({
    nodeCount,
    isDirected,
    sources: Uint32Array.from(edges, ([from]) => from),
    targets: Uint32Array.from(edges, ([, to]) => to),
    weights: null,
  }).graph;
}
