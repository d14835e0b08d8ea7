/** Small graphs for tests: arbitrary ones, and honest regions under attack whose truth is known. */

import { buildGraph, type Graph, plantedCommunities } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';

export type Edge = readonly [from: number, to: number, weight?: number];

export function graphOf(nodeCount: number, edges: readonly Edge[], isDirected = false): Graph {
  const isWeighted = edges.some(([, , weight]) => weight !== undefined);
  return buildGraph({
    nodeCount,
    isDirected,
    sources: Uint32Array.from(edges, ([from]) => from),
    targets: Uint32Array.from(edges, ([, to]) => to),
    weights: isWeighted ? Float64Array.from(edges, ([, , weight]) => weight ?? 1) : null,
  }).graph;
}

/** Graphs of 3 to `most` nodes with small whole weights, or none. */
export const graphs = (most: number, isDirected = false): fc.Arbitrary<Graph> =>
  fc
    .record({
      nodeCount: fc.integer({ min: 3, max: most }),
      isWeighted: fc.boolean(),
      ends: fc.array(fc.tuple(fc.nat(most - 1), fc.nat(most - 1), fc.integer({ min: 1, max: 5 })), {
        maxLength: 4 * most,
      }),
    })
    .map(({ nodeCount, isWeighted, ends }) =>
      graphOf(
        nodeCount,
        ends
          .filter(([from, to]) => Math.max(from, to) < nodeCount)
          .map(([from, to, weight]) => (isWeighted ? [from, to, weight] : [from, to])),
        isDirected,
      ),
    );

/** The adjacency matrix. */
export function matrixOf(graph: Graph): number[][] {
  const rows = Array.from({ length: graph.nodeCount }, () => new Array<number>(graph.nodeCount).fill(0));
  for (const [node, row] of rows.entries())
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      row[graph.targets[arc] as number] = graph.weights?.[arc] ?? 1;
  return rows;
}

/** `graph` with node `u` renamed to `names[u]`. */
export function renamed(graph: Graph, names: readonly number[]): Graph {
  const edges: Edge[] = matrixOf(graph).flatMap((row, from) =>
    row.flatMap((weight, to): Edge[] =>
      weight > 0 ? [[names[from] as number, names[to] as number, weight]] : [],
    ),
  );
  const { weights, ...rest } = graphOf(graph.nodeCount, edges, graph.isDirected);
  return { ...rest, weights: graph.weights === null ? null : weights };
}

/** An honest graph of 4 communities of 100 with some 10 friends each inside, or as many as told, and 2 outside. */
export function honestGraph(seed: number, degreeInside = 10): Graph {
  const shape = { communityCount: 4, communitySize: 100, degreeInside, degreeOutside: 2 };
  return plantedCommunities(shape, createPrng(seed, 'honest')).graph;
}

export function close(actual: number, expected: number, tolerance = 1e-9): boolean {
  return Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));
}
