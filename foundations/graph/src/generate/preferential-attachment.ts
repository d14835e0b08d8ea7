/**
 * Preferential attachment (Barabási and Albert, Science 1999): every new node befriends a few that are there, each as likely as it has
 * friends, which gives the hubs and the heavy tail of social graphs, but neither triangles nor communities.
 */

import { assert, type Prng } from '@concordat/kernel';
import { buildGraph } from '../build.ts';
import type { Graph } from '../graph.ts';

export interface AttachmentShape {
  readonly nodeCount: number;
  /** Edges that a new node brings, to distinct nodes; below `nodeCount`. */
  readonly edgesPerNode: number;
}

/** A connected undirected graph: a clique of `edgesPerNode + 1` nodes, then one node after the other. */
export function preferentialAttachment({ nodeCount, edgesPerNode }: AttachmentShape, random: Prng): Graph {
  assert(edgesPerNode >= 1 && edgesPerNode < nodeCount, 'a node brings edges, and there are nodes for them');
  const first = edgesPerNode + 1;
  const edgeCount = (first * edgesPerNode) / 2 + (nodeCount - first) * edgesPerNode;
  // Both ends of every edge: a place drawn from them is a node drawn by its degree.
  const ends = new Uint32Array(2 * edgeCount);
  let filled = 0;
  for (let node = 0; node < first; node += 1)
    for (let friend = 0; friend < node; friend += 1) {
      ends[filled] = node;
      ends[filled + 1] = friend;
      filled += 2;
    }
  for (let node = first; node < nodeCount; node += 1) {
    const start = filled;
    while (filled < start + 2 * edgesPerNode) {
      const friend = ends[random.below(start)] as number;
      let at = start + 1;
      while (at < filled && ends[at] !== friend) at += 2;
      if (at < filled) continue;
      ends[filled] = node;
      ends[filled + 1] = friend;
      filled += 2;
    }
  }
  const [sources, targets] = [new Uint32Array(edgeCount), new Uint32Array(edgeCount)];
  for (let edge = 0; edge < edgeCount; edge += 1) {
    sources[edge] = ends[2 * edge] as number;
    targets[edge] = ends[2 * edge + 1] as number;
  }
  return buildGraph({ nodeCount, isDirected: false, sources, targets, weights: null }).graph;
}
