/**
 * SumUp (NSDI 2009): votes are payments to a collector. Tickets flow from it over the links that lead outwards, level by level,
 * and a link can carry one vote more than it got tickets; so near the collector there is room for all honest votes, and
 * an attack edge far out carries about one vote, whatever is behind it.
 */

import { arcBetween, type Graph } from '@concordat/graph';
import { assert } from '@concordat/kernel';
import type { LinkPolicy } from './policy.ts';

/** Votes stay: nothing recovers. */
export function sumUp(): LinkPolicy {
  return {
    name: 'sum-up',
    credit: 1,
    grain: 1,
    recovery: null,
    isSymmetric: false,
    holdMs: 60_000,
    onExpiry: 'release',
  };
}

/**
 * Units by arc (towards the collector) for votes to `collector` of which about `tickets + 1` are expected. A node keeps one of the
 * tickets it gets and passes the others on over its links to the next level, in equal parts, the first ones one more.
 */
export function sumUpCredits(graph: Graph, collector: number, tickets: number): Int32Array {
  assert(!graph.isDirected, 'votes go over an undirected graph');
  const levels = new Int32Array(graph.nodeCount).fill(-1);
  const kept = new Float64Array(graph.nodeCount);
  const credits = new Int32Array(graph.targets.length).fill(1);
  const order = [collector];
  levels[collector] = 0;
  kept[collector] = tickets;
  for (const node of order) {
    const outwards = outwardArcs(graph, node, levels, order);
    const count = outwards.length;
    const left = Math.max(0, (kept[node] as number) - (node === collector ? 0 : 1));
    for (const [index, arc] of outwards.entries()) {
      const share = Math.floor(left / count) + (index < left % count ? 1 : 0);
      const target = graph.targets[arc] as number;
      kept[target]! += share;
      credits[arcBetween(graph, target, node)] = 1 + share;
    }
  }
  return credits;
}

/** Arcs of `node` to the level behind it; nodes not met before join that level. */
function outwardArcs(graph: Graph, node: number, levels: Int32Array, order: number[]): number[] {
  const arcs: number[] = [];
  const next = (levels[node] as number) + 1;
  for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1) {
    const target = graph.targets[arc] as number;
    if (levels[target] === -1) {
      levels[target] = next;
      order.push(target);
    }
    if (levels[target] === next) arcs.push(arc);
  }
  return arcs;
}
