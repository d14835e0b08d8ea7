/**
 * SumUp's envelope (Tran, Min, Li and Subramanian, NSDI 2009, sections 4.1 to 4.3): the collector hands out tickets, level by level of a
 * breadth-first search, and a link may carry towards the collector one vote more than the tickets that came over it. Near the collector
 * links are then wide enough for everybody's votes; beyond the tickets each carries one, and so does nearly every attack edge.
 *
 * Invariant: tickets over links into a level are at most those handed out, less one for each node before that level.
 */

import { degreeOf, type Graph } from '@concordat/graph';
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
  /** The other arc of each arc's edge. */
  readonly twins: Uint32Array;
  /** By arc: 1 where votes may come over it, from its target to its source. */
  readonly isOpen: Uint8Array;
  /** Links of whoever within reach has most. */
  readonly longestRow: number;
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
 * carried. Null: no pruning. `twins` are those of the graph.
 *
 * Deviation: links to nearer nodes are kept before others, so that pruning cuts off nobody.
 */
export function surveyLinks(
  graph: Graph,
  twins: Uint32Array,
  collector: number,
  linkLimit: number | null,
  history: LinkHistory,
  random: Prng,
): Envelope {
  const { offsets, targets } = graph;
  const [levels, order] = measureLevels(graph, collector);
  const isOpen = new Uint8Array(targets.length);
  let longestRow = 0;
  for (const node of order) {
    longestRow = Math.max(longestRow, degreeOf(graph, node));
    const [inward, others]: [number[], number[]] = [[], []];
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      if (isEliminated(history, arc)) continue;
      const twin = twins[arc] as number;
      if (linkLimit === null) isOpen[twin] = 1;
      else if ((levels[targets[arc] as number] as number) < (levels[node] as number)) inward.push(twin);
      else others.push(twin);
    }
    if (linkLimit !== null) openSome(isOpen, others, openSome(isOpen, inward, linkLimit, random), random);
  }
  return { graph, twins, levels, order, isOpen, longestRow };
}

/** Tickets handed out so far, and what they let through. */
export interface Tickets {
  readonly envelope: Envelope;
  /** By arc: how many votes may come over it, from its target to its source. PERF: whoever looks outwards from the collector reads it in order. */
  readonly capacities: Int32Array;
  /** By arc: how many more votes may come over it; who counts votes takes from it. */
  readonly residuals: Int32Array;
  /** By node: tickets that came to it, those that it handed on among them. */
  readonly held: Uint32Array;
  /** By node: the place among its heirs where tickets that do not divide go next. */
  readonly turns: Uint32Array;
  /** C_max: tickets in all. */
  count: number;
}

/** No tickets yet: each open link carries one vote. */
export function createTickets(envelope: Envelope): Tickets {
  const { graph, isOpen } = envelope;
  const [held, turns] = [new Uint32Array(graph.nodeCount), new Uint32Array(graph.nodeCount)];
  const [capacities, residuals] = [new Int32Array(isOpen), new Int32Array(isOpen)];
  return { envelope, capacities, residuals, held, turns, count: 0 };
}

/** Over whom a node hands on tickets, side by side; made once, as long as the longest row. */
interface Heirs {
  readonly nodes: Uint32Array;
  /** Arcs from the node to the heirs, and what they count for. */
  readonly arcs: Uint32Array;
  readonly weights: Float64Array;
  /** Tickets that each gets. */
  readonly shares: Uint32Array;
}

function createHeirs(longestRow: number): Heirs {
  return {
    nodes: new Uint32Array(longestRow),
    arcs: new Uint32Array(longestRow),
    weights: new Float64Array(longestRow),
    shares: new Uint32Array(longestRow),
  };
}

/** Finds the nodes on the next level with an open link to `node`, and what those links weigh in all; returns how many there are. */
function findHeirs(
  { graph, twins, levels, isOpen }: Envelope,
  node: number,
  history: LinkHistory,
  heirs: Heirs,
): [count: number, total: number] {
  const { offsets, targets } = graph;
  const next = (levels[node] as number) + 1;
  let [count, total] = [0, 0];
  for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
    const target = targets[arc] as number;
    if (levels[target] !== next || isOpen[arc] === 0) continue;
    const weight = weightOf(history, twins[arc] as number);
    heirs.nodes[count] = target;
    heirs.arcs[count] = arc;
    heirs.weights[count] = weight;
    total += weight;
    count += 1;
  }
  return [count, total];
}

/**
 * Splits `given` tickets in proportion to weights, in whole tickets: shares rounded down, and what is left one each to a run of heirs from
 * the one at `first`. Returns where the run ended.
 */
function splitTickets(
  given: number,
  { weights, shares }: Heirs,
  count: number,
  total: number,
  first: number,
): number {
  let left = given;
  for (let heir = 0; heir < count; heir += 1) {
    const share = Math.floor((given * (weights[heir] as number)) / total);
    shares[heir] = share;
    left -= share;
  }
  let heir = first;
  for (; left > 0; heir = heir + 1 === count ? 0 : heir + 1) {
    if (!((weights[heir] as number) > 0)) continue;
    shares[heir]! += 1;
    left -= 1;
  }
  return heir;
}

/**
 * Hands out `more` tickets on top of those before, so links only get wider. A node keeps the first ticket that it ever gets, and splits the
 * others over its heirs; what does not divide begins at a random heir, and the next time goes on where it ended. Those of a node with
 * nobody farther out are lost. O(arcs of nodes that hand on).
 */
export function handOut(tickets: Tickets, more: number, history: LinkHistory, random: Prng): void {
  const { envelope, capacities, residuals, held, turns } = tickets;
  const { graph, order, longestRow } = envelope;
  const fresh = new Uint32Array(graph.nodeCount);
  const heirs = createHeirs(longestRow);
  fresh[order[0] as number] = more;
  tickets.count += more;
  let abroad = more;
  for (let at = 0; at < order.length && abroad > 0; at += 1) {
    const node = order[at] as number;
    const got = fresh[node] as number;
    if (got === 0) continue;
    abroad -= got;
    const before = held[node] as number;
    held[node] = before + got;
    const given = before === 0 ? got - 1 : got;
    if (given === 0) continue;
    const [count, total] = findHeirs(envelope, node, history, heirs);
    if (!(total > 0)) continue;
    const first = before <= 1 ? random.below(count) : (turns[node] as number);
    turns[node] = splitTickets(given, heirs, count, total, first);
    for (let heir = 0; heir < count; heir += 1) {
      const share = heirs.shares[heir] as number;
      const arc = heirs.arcs[heir] as number;
      capacities[arc]! += share;
      residuals[arc]! += share;
      fresh[heirs.nodes[heir] as number]! += share;
    }
    abroad += given;
  }
}
