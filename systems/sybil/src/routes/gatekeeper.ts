/**
 * GateKeeper (Tran, Li, Subramanian and Chow, INFOCOM 2011): m sources, drawn by walks from the controller, each hand out tickets level by
 * level of a breadth-first search, as many as reach half of the honest nodes. Who gets tickets from enough sources is admitted. Few
 * tickets cross an attack edge, and no Sybil can make more of them.
 */

import {
  createWalker,
  degreeOf,
  type Graph,
  levelsAround,
  SOURCES_AT_ONCE,
  type SourceLevels,
  walkEnd,
} from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { type Admissions, markedAbove } from './admission.ts';

export interface GateOptions {
  /** m, 100 in the paper. */
  readonly sourceCount?: number;
  /** f_admit: share of the sources whose tickets must reach a node, 0.2 in the paper. */
  readonly admitShare?: number;
  /** Steps of the walks that draw sources and benchmarks: about the mixing time, O(log n). */
  readonly walkLength: number;
  /** Nodes drawn, by walks from a source, to see whether its tickets reach half of the honest region. */
  readonly benchmarkSize?: number;
  /** Share of the benchmark that the tickets of a source must reach: 1/2 in the paper. */
  readonly reachShare?: number;
}

/** Tickets of one source, in memory that serves one source after the other. */
export interface Tickets {
  /** By node, those that came to it. */
  readonly held: Uint32Array;
  /** Who got some, from the source outwards. */
  readonly holders: Uint32Array;
  holderCount: number;
  /** Room for the heirs of one node. */
  readonly heirs: Uint32Array;
}

export function createTickets(graph: Graph): Tickets {
  const { nodeCount } = graph;
  let longestRow = 0;
  for (let node = 0; node < nodeCount; node += 1) longestRow = Math.max(longestRow, degreeOf(graph, node));
  const [held, holders] = [new Uint32Array(nodeCount), new Uint32Array(nodeCount)];
  return { held, holders, holderCount: 0, heirs: new Uint32Array(longestRow) };
}

function give(into: Tickets, node: number, tickets: number): void {
  if (into.held[node] === 0) into.holders[into.holderCount++] = node;
  into.held[node]! += tickets;
}

/**
 * Gives `tickets` of `node` evenly to its neighbours on the next level; what does not divide goes to a run of them from a random one. Where
 * there is nobody farther out they are lost.
 */
function handOn(
  { offsets, targets }: Graph,
  levels: Uint8Array,
  node: number,
  tickets: number,
  into: Tickets,
  random: Prng,
): void {
  const { heirs } = into;
  const next = ((levels[node] as number) + 1) & 0xff;
  const end = offsets[node + 1] as number;
  let count = 0;
  for (let arc = offsets[node] as number; arc < end; arc += 1) {
    const target = targets[arc] as number;
    if (levels[target] === next) heirs[count++] = target;
  }
  if (count === 0) return;
  const each = Math.floor(tickets / count);
  const extra = tickets - each * count;
  if (each > 0) for (let at = 0; at < count; at += 1) give(into, heirs[at] as number, each);
  let at = extra === 0 ? 0 : random.below(count);
  for (let left = extra; left > 0; left -= 1) {
    give(into, heirs[at] as number, 1);
    at = at + 1 === count ? 0 : at + 1;
  }
}

/**
 * Hands out `tickets` from `source`, around which nodes have `levels`: each node keeps one of those that it gets, and hands on the others. Tickets
 * come from the level before alone, so whoever gets some is in `holders` behind those who gave them. O(arcs of who hands on).
 */
export function distribute(
  graph: Graph,
  source: number,
  levels: Uint8Array,
  tickets: number,
  into: Tickets,
  random: Prng,
): void {
  const { held, holders } = into;
  for (let at = 0; at < into.holderCount; at += 1) held[holders[at] as number] = 0;
  into.holderCount = 0;
  give(into, source, tickets);
  for (let at = 0; at < into.holderCount; at += 1) {
    const node = holders[at] as number;
    const got = held[node] as number;
    if (got > 1) handOn(graph, levels, node, got - 1, into, random);
  }
}

/** Doubles the tickets until they reach enough of the benchmark, or everybody has one. */
function distributeEnough(
  graph: Graph,
  source: number,
  { levels, reachedCount }: SourceLevels,
  benchmark: readonly number[],
  reachShare: number,
  into: Tickets,
  random: Prng,
): void {
  for (let tickets = 1; ; tickets *= 2) {
    distribute(graph, source, levels, tickets, into, random);
    let reached = 0;
    for (const node of benchmark) if (into.held[node] !== 0) reached += 1;
    // Tickets die where a level ends, so some nodes may stay out of reach of any number that is worth handing out.
    if (reached >= reachShare * benchmark.length || tickets > 64 * reachedCount) return;
  }
}

/**
 * Whom the controller, the `seeds` in turn, admits; the score is the share of the sources whose tickets arrived. O(m) times the arcs within
 * reach of the tickets, and m / 32 searches of the whole component. Without seeds nobody is admitted. Graphs have fewer than 2^25 nodes.
 */
export function gateAdmissions(
  graph: Graph,
  seeds: readonly number[],
  options: GateOptions,
  random: Prng,
): Admissions {
  const {
    sourceCount = 100,
    admitShare = 0.2,
    benchmarkSize = 100,
    reachShare = 1 / 2,
    walkLength,
  } = options;
  const { nodeCount } = graph;
  const walker = createWalker(graph);
  const tickets = createTickets(graph);
  const arrivals = new Uint32Array(nodeCount);
  const sources = Array.from({ length: seeds.length === 0 ? 0 : sourceCount }, (_, turn) =>
    walkEnd(walker, seeds[turn % seeds.length] as number, walkLength, random),
  );
  for (let first = 0; first < sources.length; first += SOURCES_AT_ONCE) {
    const group = sources.slice(first, first + SOURCES_AT_ONCE);
    const around = levelsAround(graph, group);
    for (const [at, source] of group.entries()) {
      const benchmark = Array.from({ length: benchmarkSize }, () =>
        walkEnd(walker, source, walkLength, random),
      );
      distributeEnough(graph, source, around[at] as SourceLevels, benchmark, reachShare, tickets, random);
      for (const holder of tickets.holders.subarray(0, tickets.holderCount)) arrivals[holder]! += 1;
    }
  }
  const scores = new Float64Array(arrivals).map((count) => count / sourceCount);
  for (const seed of seeds) scores[seed] = 1;
  return { accepted: markedAbove(scores, admitShare - 1e-9), scores };
}
