/**
 * Graphs from lists of edges, by two counting sorts: linear in edges, whatever their order. Self-loops are dropped and duplicates
 * merged, both counted, because real edge lists have them and formulas over degrees assume that they have not.
 */

import { assert } from '@concordat/kernel';
import type { Graph } from './graph.ts';

export interface EdgeList {
  readonly nodeCount: number;
  readonly isDirected: boolean;
  /** Ends of edge `i`, each below `nodeCount`. */
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
  /** Weights by edge, finite and above zero; null: all 1. */
  readonly weights: Float64Array | null;
}

export interface BuiltGraph {
  readonly graph: Graph;
  readonly selfLoopCount: number;
  /** Edges that repeat an earlier one (in an undirected graph also against its direction); the first one's weight stays. */
  readonly duplicateCount: number;
}

/** Arcs grouped by `keys`, in the order in which `order` names them (null: as they stand). */
function groupedBy(
  keys: Uint32Array,
  nodeCount: number,
  order: Uint32Array | null,
): [Uint32Array, Uint32Array] {
  const offsets = new Uint32Array(nodeCount + 1);
  for (let at = 0; at < keys.length; at += 1) offsets[(keys[at] as number) + 1]! += 1;
  for (let node = 0; node < nodeCount; node += 1) offsets[node + 1]! += offsets[node] as number;
  const next = offsets.slice(0, nodeCount);
  const places = new Uint32Array(keys.length);
  for (let at = 0; at < keys.length; at += 1) {
    const arc = order === null ? at : (order[at] as number);
    const key = keys[arc] as number;
    places[next[key] as number] = arc;
    next[key]! += 1;
  }
  return [offsets, places];
}

/** Both arcs of each undirected edge, that of edge `i` at `2 i` and `2 i + 1`; arcs of a directed list are its edges. */
function arcEnds(edges: EdgeList): [Uint32Array, Uint32Array] {
  if (edges.isDirected) return [edges.sources, edges.targets];
  const count = edges.sources.length;
  const [from, to] = [new Uint32Array(2 * count), new Uint32Array(2 * count)];
  for (let at = 0; at < count; at += 1) {
    from[2 * at] = to[2 * at + 1] = edges.sources[at] as number;
    to[2 * at] = from[2 * at + 1] = edges.targets[at] as number;
  }
  return [from, to];
}

/** The graph of a list of edges. O(nodes + edges) time, some 40 bytes per undirected edge while it runs. */
export function buildGraph(edges: EdgeList): BuiltGraph {
  assert(edges.sources.length === edges.targets.length, 'each edge has two ends');
  const [from, to] = arcEnds(edges);
  const [, byTarget] = groupedBy(to, edges.nodeCount, null);
  const [rows, arcs] = groupedBy(from, edges.nodeCount, byTarget);
  const offsets = new Uint32Array(edges.nodeCount + 1);
  const targets = new Uint32Array(arcs.length);
  const weights = edges.weights === null ? null : new Float64Array(arcs.length);
  let [filled, loops, repeats] = [0, 0, 0];
  for (let node = 0; node < edges.nodeCount; node += 1) {
    let last = -1;
    for (let at = rows[node] as number; at < (rows[node + 1] as number); at += 1) {
      const arc = arcs[at] as number;
      const target = to[arc] as number;
      if (target === node) loops += 1;
      else if (target === last) repeats += 1;
      else {
        targets[filled] = last = target;
        if (weights !== null) weights[filled] = edges.weights?.[edges.isDirected ? arc : arc >>> 1] as number;
        filled += 1;
      }
    }
    offsets[node + 1] = filled;
  }
  const arcsPerEdge = edges.isDirected ? 1 : 2;
  const graph: Graph = {
    nodeCount: edges.nodeCount,
    isDirected: edges.isDirected,
    offsets,
    targets: targets.slice(0, filled),
    weights: weights === null ? null : weights.slice(0, filled),
  };
  return { graph, selfLoopCount: loops / arcsPerEdge, duplicateCount: repeats / arcsPerEdge };
}
