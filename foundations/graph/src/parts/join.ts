/** Graphs put together: an honest region, a Sybil region and the attack edges between, as one graph. */

import { assert } from '@concordat/kernel';
import { type BuiltGraph, buildGraph, type EdgeList } from '../build.ts';
import { edgeCountOf, type Graph } from '../graph.ts';

/** Edges of a graph, each once: arcs of a directed one, else from the lower end to the higher. */
export function edgesOf(graph: Graph): EdgeList {
  const { nodeCount, isDirected, offsets, targets: ends, weights: weighed } = graph;
  const count = edgeCountOf(graph);
  const [sources, targets] = [new Uint32Array(count), new Uint32Array(count)];
  const weights = weighed === null ? null : new Float64Array(count);
  let filled = 0;
  for (let node = 0; node < nodeCount; node += 1)
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const target = ends[arc] as number;
      if (!isDirected && target < node) continue;
      sources[filled] = node;
      targets[filled] = target;
      if (weights !== null) weights[filled] = weighed?.[arc] as number;
      filled += 1;
    }
  return { nodeCount, isDirected, sources, targets, weights };
}

export interface ExtraEdges {
  /** Ends in the joint numbering. */
  readonly sources: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  /** Null: all 1. */
  readonly weights: ArrayLike<number> | null;
}

/**
 * Both graphs side by side, the nodes of `second` numbered from `first.nodeCount` on, with `extra` edges anywhere. Weighted if one of
 * the three is: edges without weights then weigh 1. An extra edge that is there already counts as a duplicate.
 */
export function joinGraphs(first: Graph, second: Graph, extra: ExtraEdges): BuiltGraph {
  assert(first.isDirected === second.isDirected, 'graphs that are joined are both directed, or both not');
  const parts = [edgesOf(first), edgesOf(second), extra];
  const count = parts.reduce((sum, { sources }) => sum + sources.length, 0);
  const [sources, targets] = [new Uint32Array(count), new Uint32Array(count)];
  const isWeighted = parts.some(({ weights }) => weights !== null);
  const weights = isWeighted ? new Float64Array(count).fill(1) : null;
  let filled = 0;
  for (const [at, part] of parts.entries()) {
    const shift = at === 1 ? first.nodeCount : 0;
    for (let edge = 0; edge < part.sources.length; edge += 1) {
      sources[filled + edge] = (part.sources[edge] as number) + shift;
      targets[filled + edge] = (part.targets[edge] as number) + shift;
    }
    if (part.weights !== null) weights?.set(part.weights, filled);
    filled += part.sources.length;
  }
  const nodeCount = first.nodeCount + second.nodeCount;
  return buildGraph({ nodeCount, isDirected: first.isDirected, sources, targets, weights });
}
