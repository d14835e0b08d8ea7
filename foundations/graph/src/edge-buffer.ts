/** A list of edges that grows: typed arrays that double, so that ten million edges cost their bytes and no objects. */

import type { EdgeList } from './build.ts';

export interface EdgeBuffer {
  sources: Uint32Array;
  targets: Uint32Array;
  /** Null where edges have no weights. */
  weights: Float64Array | null;
  /** Edges so far; what lies beyond in the arrays means nothing. */
  count: number;
}

export function createEdgeBuffer(isWeighted = false): EdgeBuffer {
  const room = 1024;
  return {
    sources: new Uint32Array(room),
    targets: new Uint32Array(room),
    weights: isWeighted ? new Float64Array(room) : null,
    count: 0,
  };
}

function grow(edges: EdgeBuffer): void {
  const room = 2 * edges.sources.length;
  const [sources, targets] = [new Uint32Array(room), new Uint32Array(room)];
  sources.set(edges.sources);
  targets.set(edges.targets);
  edges.sources = sources;
  edges.targets = targets;
  if (edges.weights === null) return;
  const weights = new Float64Array(room);
  weights.set(edges.weights);
  edges.weights = weights;
}

/** Appends an edge; `weight` counts only where edges have weights. */
export function pushEdge(edges: EdgeBuffer, source: number, target: number, weight = 1): void {
  if (edges.count === edges.sources.length) grow(edges);
  edges.sources[edges.count] = source;
  edges.targets[edges.count] = target;
  if (edges.weights !== null) edges.weights[edges.count] = weight;
  edges.count += 1;
}

/** The edges so far, for `buildGraph`: views of the buffer, valid until the next edge. */
export function edgeListOf(edges: EdgeBuffer): Pick<EdgeList, 'sources' | 'targets' | 'weights'> {
  const { sources, targets, weights, count } = edges;
  return {
    sources: sources.subarray(0, count),
    targets: targets.subarray(0, count),
    weights: weights === null ? null : weights.subarray(0, count),
  };
}
