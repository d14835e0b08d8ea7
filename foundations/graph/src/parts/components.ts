/**
 * Connected components: nodes between which there is a path, arcs taken both ways. Union-find with path halving (Tarjan and van
 * Leeuwen, JACM 1984), the lower number as root, so that components are numbered by their first nodes.
 */

import type { Graph } from '../graph.ts';
import { inducedSubgraph, type Subgraph } from './subgraph.ts';

export interface Components {
  readonly count: number;
  /** The component of each node. */
  readonly of: Uint32Array;
  /** Nodes of each component. */
  readonly sizes: Uint32Array;
}

function rootOf(parents: Uint32Array, node: number): number {
  let at = node;
  while (parents[at] !== at) {
    parents[at] = parents[parents[at] as number] as number;
    at = parents[at] as number;
  }
  return at;
}

export function connectedComponents({ nodeCount, offsets, targets }: Graph): Components {
  const parents = Uint32Array.from({ length: nodeCount }, (_, node) => node);
  for (let node = 0; node < nodeCount; node += 1)
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const a = rootOf(parents, node);
      const b = rootOf(parents, targets[arc] as number);
      if (a < b) parents[b] = a;
      else parents[a] = b;
    }
  const of = new Uint32Array(nodeCount);
  const sizes: number[] = [];
  for (let node = 0; node < nodeCount; node += 1) {
    const root = rootOf(parents, node);
    // Roots are the lowest numbers of their components, so they have theirs before anybody asks.
    if (root === node) of[node] = sizes.push(0) - 1;
    else of[node] = of[root] as number;
    sizes[of[node] as number]! += 1;
  }
  return { count: sizes.length, of, sizes: Uint32Array.from(sizes) };
}

/** The largest component, of equal ones that with the lowest node, and its nodes' numbers in `graph`. */
export function largestComponent(graph: Graph): Subgraph {
  const { of, sizes } = connectedComponents(graph);
  const largest = sizes.reduce((best, size, at) => (size > (sizes[best] ?? 0) ? at : best), 0);
  const nodes = new Uint32Array(sizes[largest] ?? 0);
  let filled = 0;
  for (let node = 0; node < graph.nodeCount; node += 1)
    if (of[node] === largest) {
      nodes[filled] = node;
      filled += 1;
    }
  return inducedSubgraph(graph, nodes);
}
