/** A graph with the names that its accounts have in the user's file: what goes in and comes out are names, never numbers. */

import { degreeOf, type Graph, reciprocalPart, undirectedForm } from '@concordat/graph';

export interface NamedGraph {
  readonly graph: Graph;
  readonly nameOf: (node: number) => string;
  /** Undefined for names that the graph does not have. */
  readonly nodeOf: (name: string) => number | undefined;
  /** What was dropped or merged on the way in, as sentences for the user. */
  readonly remarks: readonly string[];
}

/** How arcs are read: as friendships whichever way they are written, as they stand, or only where both sides agree. */
export type Reading = 'undirected' | 'directed' | 'reciprocal';

export function readAs({ graph, ...rest }: NamedGraph, reading: Reading): NamedGraph {
  if (!graph.isDirected || reading === 'directed') return { graph, ...rest };
  return { graph: reading === 'reciprocal' ? reciprocalPart(graph) : undirectedForm(graph), ...rest };
}

/** Accounts that no walk from the seeds can reach: nothing that looks at the graph can judge them. 1 by node where it can. */
export function reachableFrom(graph: Graph, seeds: readonly number[]): Uint8Array {
  const links = undirectedForm(graph);
  const marks = new Uint8Array(graph.nodeCount);
  const queue = new Uint32Array(graph.nodeCount);
  let [head, tail] = [0, 0];
  const visit = (node: number): void => {
    if (marks[node] !== 0) return;
    marks[node] = 1;
    queue[tail] = node;
    tail += 1;
  };
  for (const seed of seeds) visit(seed);
  while (head < tail) {
    const node = queue[head] as number;
    head += 1;
    const from = links.offsets[node] as number;
    for (let arc = from; arc < from + degreeOf(links, node); arc += 1) visit(links.targets[arc] as number);
  }
  return marks;
}
