/** Parts of a graph on some of its nodes, with the map between both numberings. */

import { assert } from '@concordat/kernel';
import type { Graph } from '../graph.ts';

/** In `Subgraph.numbers`: a node that is not part of it. */
export const ABSENT = 0xffff_ffff;

export interface Subgraph {
  readonly graph: Graph;
  /** The original number of each node, ascending. */
  readonly nodes: Uint32Array;
  /** For each node of the original its number here, or ABSENT. */
  readonly numbers: Uint32Array;
}

/** The graph on `nodes`, in any order and each once, with every arc between two of them. */
export function inducedSubgraph(graph: Graph, nodes: Iterable<number>): Subgraph {
  const chosen = Uint32Array.from(nodes).sort();
  const numbers = new Uint32Array(graph.nodeCount).fill(ABSENT);
  for (const [at, node] of chosen.entries()) {
    assert(
      node < graph.nodeCount && numbers[node] === ABSENT,
      'each node of a subgraph is there, and named once',
    );
    numbers[node] = at;
  }
  const offsets = new Uint32Array(chosen.length + 1);
  const { offsets: rows, targets: all, weights: weighed } = graph;
  let arcCount = 0;
  for (let at = 0; at < chosen.length; at += 1) {
    const node = chosen[at] as number;
    for (let arc = rows[node] as number; arc < (rows[node + 1] as number); arc += 1)
      if (numbers[all[arc] as number] !== ABSENT) arcCount += 1;
    offsets[at + 1] = arcCount;
  }
  const targets = new Uint32Array(arcCount);
  const weights = weighed === null ? null : new Float64Array(arcCount);
  let filled = 0;
  for (let at = 0; at < chosen.length; at += 1) {
    const node = chosen[at] as number;
    for (let arc = rows[node] as number; arc < (rows[node + 1] as number); arc += 1) {
      const number = numbers[all[arc] as number] as number;
      if (number === ABSENT) continue;
      // Numbers keep the order of nodes, so rows stay sorted.
      targets[filled] = number;
      if (weights !== null) weights[filled] = weighed?.[arc] as number;
      filled += 1;
    }
  }
  const part = { nodeCount: chosen.length, isDirected: graph.isDirected, offsets, targets, weights };
  return { graph: part, nodes: chosen, numbers };
}
