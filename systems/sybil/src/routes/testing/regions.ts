/** Small social graphs for tests: regions, each a random expander, and edges between them that the test decides on. */

import { buildGraph, type Graph } from '@concordat/graph';
import { assert, type Prng } from '@concordat/kernel';

export type Edge = readonly [number, number];

export function graphOf(nodeCount: number, edges: readonly Edge[]): Graph {
  return buildGraph({
    nodeCount,
    isDirected: false,
    sources: Uint32Array.from(edges, ([from]) => from),
    targets: Uint32Array.from(edges, ([, to]) => to),
    weights: null,
  }).graph;
}

/** Every edge among the nodes `first .. first + size - 1`. */
export function cliqueEdges(first: number, size: number): Edge[] {
  const edges: Edge[] = [];
  for (let from = first; from < first + size; from += 1)
    for (let to = from + 1; to < first + size; to += 1) edges.push([from, to]);
  return edges;
}

/** Each of the `size` nodes from `first` on draws `half` neighbours: degrees are about `2 * half`, and such graphs mix fast. */
export function expanderEdges(first: number, size: number, half: number, random: Prng): Edge[] {
  const edges: Edge[] = [];
  for (let node = 0; node < size; node += 1)
    for (let drawn = 0; drawn < half; drawn += 1) edges.push([first + node, first + random.below(size)]);
  return edges;
}

/** `count` distinct edges with the first end in `[0, honest)` and the second in `[honest, honest + sybils)`. */
export function attackEdges(honest: number, sybils: number, count: number, random: Prng): Edge[] {
  assert(count <= honest * sybils, 'there are so many pairs');
  const drawn = new Map<number, Edge>();
  while (drawn.size < count) {
    const [from, to] = [random.below(honest), honest + random.below(sybils)];
    drawn.set(from * (honest + sybils) + to, [from, to]);
  }
  return [...drawn.values()];
}

/** Honest nodes `0 .. honest - 1`, Sybils after them, both expanders, and `attacks` edges between. */
export function attackedGraph(
  honest: number,
  sybils: number,
  half: number,
  attacks: number,
  random: Prng,
): Graph {
  return graphOf(honest + sybils, [
    ...expanderEdges(0, honest, half, random),
    ...expanderEdges(honest, sybils, half, random),
    ...attackEdges(honest, sybils, attacks, random),
  ]);
}

/** Of the nodes `from .. to - 1`, those that are marked. */
export function markedBetween(marks: Uint8Array, from: number, to: number): number {
  return marks.subarray(from, to).reduce((sum, mark) => sum + mark, 0);
}
