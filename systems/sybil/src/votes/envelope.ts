/**
 * SumUp's envelope (Tran, Min, Li and Subramanian, NSDI 2009, sections 4.1 to 4.3): the collector hands out tickets, level by level of a
 * breadth-first search, and a link may carry towards the collector one vote more than the tickets that came over it. Near the collector
 * links are then wide enough for everybody's votes; beyond the tickets each carries one, and so does nearly every attack edge.
 *
 * Invariant: tickets over links into a level are at most those handed out, less one for each node before that level.
 */

import type { Graph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import type { LinkHistory } from './history.ts';
import { isEliminated, weightOf } from './history.ts';

/** What does not depend on the number of tickets: levels, and the links that votes may take. */
export interface Envelope {
  readonly graph: Graph;
  /** Links to the collector; -1 out of reach. */
  readonly levels: Int32Array;
  /** Nodes within reach by level. */
  readonly order: Uint32Array;
  /** By arc: 1 where votes may go from the arc's source to its target. */
  readonly isOpen: Uint8Array;
}

function measureLevels({ nodeCount, offsets, targets }: Graph, collector: number): [Int32Array, Uint32Array] {
  const levels = new Int32Array(nodeCount).fill(-1);
  const order = new Uint32Array(nodeCount);
  levels[collector] = 0;
  order[0] = collector;
  let filled = 1;
  for (let at = 0; at < filled; at += 1) {
    const node = order[at] as number;
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const target = targets[arc] as number;
      if (levels[target] !== -1) continue;
      levels[target] = (levels[node] as number) + 1;
      order[filled++] = target;
    }
  }
  return [levels, order.slice(0, filled)];
}

/** Opens at most `limit` of the arcs in `candidates`, drawn without preference; returns how many more may be opened. */
function openSome(isOpen: Uint8Array, candidates: number[], limit: number, random: Prng): number {
  let opened = 0;
  for (; opened < limit && opened < candidates.length; opened += 1) {
    const drawn = opened + random.below(candidates.length - opened);
    const arc = candidates[drawn] as number;
    candidates[drawn] = candidates[opened] as number;
    isOpen[arc] = 1;
  }
  return limit - opened;
}

/**
 * Levels around the collector and the links that stay: each node may send votes over at most `linkLimit` links (pruning, section 4.3,
 * after which somebody whom many befriended has no more ways in than others), and over none that was eliminated for the bogus votes it
 * carried. Null: no pruning.
 *
 * Deviation: links to nearer nodes are kept before others, so that pruning cuts off nobody.
 */
export function surveyLinks(
  graph: Graph,
  collector: number,
  linkLimit: number | null,
  history: LinkHistory,
  random: Prng,
): Envelope {
  const { offsets, targets } = graph;
  const [levels, order] = measureLevels(graph, collector);
  const isOpen = new Uint8Array(targets.length);
  for (const node of order) {
    const [inward, others]: [number[], number[]] = [[], []];
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      if (isEliminated(history, arc)) continue;
      if (linkLimit === null) isOpen[arc] = 1;
      else if ((levels[targets[arc] as number] as number) < (levels[node] as number)) inward.push(arc);
      else others.push(arc);
    }
    if (linkLimit !== null) openSome(isOpen, others, openSome(isOpen, inward, linkLimit, random), random);
  }
  return { graph, levels, order, isOpen };
}

/** Splits `tickets` over links in proportion to weights, in whole tickets: shares rounded down, the rest over links drawn by weight. */
function splitTickets(tickets: number, weights: readonly number[], random: Prng): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return weights.map(() => 0);
  const shares = weights.map((weight) => Math.floor((tickets * weight) / total));
  let left = tickets - shares.reduce((sum, share) => sum + share, 0);
  // A run of links from a random one on gets one more each: fractions are evened out over draws, and it takes one draw.
  for (
    let at = left > 0 ? random.below(weights.length) : 0;
    left > 0;
    at = at + 1 === weights.length ? 0 : at + 1
  ) {
    if (!((weights[at] as number) > 0)) continue;
    shares[at]! += 1;
    left -= 1;
  }
  return shares;
}

/**
 * Hands out tickets and returns, by arc, how many votes it may carry. `twins` are those of the graph. A node keeps one of the tickets it
 * gets; those of a node with nobody farther out are lost.
 */
export function capacitiesFor(
  envelope: Envelope,
  twins: Uint32Array,
  tickets: number,
  history: LinkHistory,
  random: Prng,
): Float64Array {
  const { graph, levels, order, isOpen } = envelope;
  const { offsets, targets } = graph;
  const capacities = Float64Array.from(isOpen);
  const held = new Float64Array(graph.nodeCount);
  held[order[0] as number] = tickets;
  let abroad = tickets;
  for (const node of order) {
    if (abroad <= 0) break;
    const got = held[node] as number;
    if (got === 0) continue;
    abroad -= got;
    const [inward, weights]: [number[], number[]] = [[], []];
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const twin = twins[arc] as number;
      if (isOpen[twin] === 0 || levels[targets[arc] as number] !== (levels[node] as number) + 1) continue;
      inward.push(twin);
      weights.push(weightOf(history, twin));
    }
    for (const [at, share] of splitTickets(got - 1, weights, random).entries()) {
      const arc = inward[at] as number;
      capacities[arc]! += share;
      held[graph.targets[twins[arc] as number] as number]! += share;
      abroad += share;
    }
  }
  return capacities;
}
