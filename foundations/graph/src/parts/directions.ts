/** What a directed graph says about pairs: those who chose each other, those of whom one chose the other, and who chose whom. */

import { buildGraph } from '../build.ts';
import { createEdgeBuffer, edgeListOf, pushEdge } from '../edge-buffer.ts';
import { arcBetween, type Graph } from '../graph.ts';
import { edgesOf } from './join.ts';

/**
 * The undirected graph of pairs with arcs both ways, weighing the lighter of the two: links that the other side has agreed to, which an
 * attacker cannot make alone. An undirected graph is its own.
 */
export function reciprocalPart(graph: Graph): Graph {
  if (!graph.isDirected) return graph;
  const { nodeCount, offsets, targets, weights } = graph;
  const edges = createEdgeBuffer(weights !== null);
  for (let node = 0; node < nodeCount; node += 1)
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const target = targets[arc] as number;
      if (target < node) continue;
      const back = arcBetween(graph, target, node);
      if (back < 0) continue;
      pushEdge(edges, node, target, Math.min(weights?.[arc] ?? 1, weights?.[back] ?? 1));
    }
  return buildGraph({ nodeCount, isDirected: false, ...edgeListOf(edges) }).graph;
}

/** The undirected graph of pairs with an arc either way; of two the weight of the one from the lower node. */
export function undirectedForm(graph: Graph): Graph {
  if (!graph.isDirected) return graph;
  return buildGraph({ ...edgesOf(graph), isDirected: false }).graph;
}

/** Every arc turned round. An undirected graph is its own. */
export function reversed(graph: Graph): Graph {
  if (!graph.isDirected) return graph;
  const { sources, targets, ...rest } = edgesOf(graph);
  return buildGraph({ ...rest, sources: targets, targets: sources }).graph;
}
