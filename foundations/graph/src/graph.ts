/**
 * A graph in compressed sparse rows: the neighbours of a node lie side by side in one typed array, so a walk over ten million
 * edges touches memory in order and makes nothing for the collector. An undirected edge is two arcs. Invariants: rows are sorted,
 * hold each target once and never the node itself; a weight is finite and above zero.
 */

export interface Graph {
  readonly nodeCount: number;
  /** Whether arcs stand for themselves; else each edge is stored from both its ends. */
  readonly isDirected: boolean;
  /** `nodeCount + 1` entries: the arcs of node `u` are `offsets[u] .. offsets[u + 1] - 1`. */
  readonly offsets: Uint32Array;
  /** For each arc the node that it leads to, ascending within a row. */
  readonly targets: Uint32Array;
  /** For each arc its weight, or null where every edge weighs 1. */
  readonly weights: Float64Array | null;
}

/** Edges: pairs of ends in an undirected graph, arcs in a directed one. */
export function edgeCountOf(graph: Graph): number {
  return graph.isDirected ? graph.targets.length : graph.targets.length / 2;
}

/** Arcs that leave `node`; in an undirected graph its degree. */
export function degreeOf(graph: Graph, node: number): number {
  return (graph.offsets[node + 1] as number) - (graph.offsets[node] as number);
}

/** The place of the arc from `source` to `target` in `targets`, or -1: a binary search of the row. */
export function arcBetween(graph: Graph, source: number, target: number): number {
  let low = graph.offsets[source] as number;
  let high = (graph.offsets[source + 1] as number) - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = graph.targets[middle] as number;
    if (found === target) return middle;
    if (found < target) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
