/**
 * GateKeeper (Tran, Li, Subramanian and Chow, INFOCOM 2011): m sources, drawn by walks from the controller, each hand out tickets level by
 * level of a breadth-first search, as many as reach half of the honest nodes. Who gets tickets from enough sources is admitted. Few
 * tickets cross an attack edge, and no Sybil can make more of them.
 */

import { createWalker, type Graph, walkEnd } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import type { Admissions } from './admission.ts';

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

/** Breadth-first levels from a source; nodes out of reach have level -1. */
export interface Levels {
  readonly levels: Int32Array;
  readonly order: Uint32Array;
  reached: number;
}

export function createLevels(nodeCount: number): Levels {
  return { levels: new Int32Array(nodeCount), order: new Uint32Array(nodeCount), reached: 0 };
}

export function searchLevels(graph: Graph, source: number, into: Levels): void {
  const { offsets, targets } = graph;
  const { levels, order } = into;
  levels.fill(-1);
  levels[source] = 0;
  order[0] = source;
  let filled = 1;
  for (let at = 0; at < filled; at += 1) {
    const node = order[at] as number;
    const level = (levels[node] as number) + 1;
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const target = targets[arc] as number;
      if (levels[target] !== -1) continue;
      levels[target] = level;
      order[filled] = target;
      filled += 1;
    }
  }
  into.reached = filled;
}

/** Gives `tickets` of `node` evenly to its neighbours on the next level; what does not divide goes to a run of them from a random one. */
function handOn(
  graph: Graph,
  levels: Int32Array,
  node: number,
  tickets: number,
  held: Float64Array,
  random: Prng,
): boolean {
  const { offsets, targets } = graph;
  const [from, to] = [offsets[node] as number, offsets[node + 1] as number];
  const next = (levels[node] as number) + 1;
  let heirs = 0;
  for (let arc = from; arc < to; arc += 1) if (levels[targets[arc] as number] === next) heirs += 1;
  if (heirs === 0) return false;
  const each = Math.floor(tickets / heirs);
  const extra = tickets - each * heirs;
  const lucky = extra === 0 ? 0 : random.below(heirs);
  let heir = 0;
  for (let arc = from; arc < to; arc += 1) {
    const target = targets[arc] as number;
    if (levels[target] !== next) continue;
    const place = heir >= lucky ? heir - lucky : heir - lucky + heirs;
    held[target]! += each + (place < extra ? 1 : 0);
    heir += 1;
  }
  return true;
}

/**
 * Hands out `tickets` from the source of `search`: each node keeps one of those that it gets, and hands on the others; where there is nobody
 * farther out they are lost. Afterwards `held` is above zero for exactly the nodes that got some.
 */
export function distribute(
  graph: Graph,
  search: Levels,
  tickets: number,
  held: Float64Array,
  random: Prng,
): void {
  held.fill(0);
  held[search.order[0] as number] = tickets;
  let abroad = tickets;
  for (let at = 0; at < search.reached && abroad > 0; at += 1) {
    const node = search.order[at] as number;
    const got = held[node] as number;
    if (got === 0) continue;
    abroad -= 1;
    if (got > 1 && !handOn(graph, search.levels, node, got - 1, held, random)) abroad -= got - 1;
  }
}

/** Doubles the tickets until they reach enough of the benchmark, or everybody has one; `held` shows who got some. */
function distributeEnough(
  graph: Graph,
  search: Levels,
  benchmark: readonly number[],
  reachShare: number,
  held: Float64Array,
  random: Prng,
): void {
  for (let tickets = 1; ; tickets *= 2) {
    distribute(graph, search, tickets, held, random);
    const reached = benchmark.filter((node) => (held[node] as number) > 0).length;
    // Tickets die where a level ends, so some nodes may stay out of reach of any number that is worth handing out.
    if (reached >= reachShare * benchmark.length || tickets > 64 * search.reached) return;
  }
}

/**
 * Whom the controller, the `seeds` in turn, admits; the score is the share of the sources whose tickets arrived. O(m) searches of the
 * whole component. Without seeds nobody is admitted.
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
  const scores = new Float64Array(nodeCount);
  const search = createLevels(nodeCount);
  const held = new Float64Array(nodeCount);
  for (let turn = 0; turn < sourceCount && seeds.length > 0; turn += 1) {
    const source = walkEnd(walker, seeds[turn % seeds.length] as number, walkLength, random);
    const benchmark = Array.from({ length: benchmarkSize }, () =>
      walkEnd(walker, source, walkLength, random),
    );
    searchLevels(graph, source, search);
    distributeEnough(graph, search, benchmark, reachShare, held, random);
    for (let node = 0; node < nodeCount; node += 1)
      if ((held[node] as number) > 0) scores[node]! += 1 / sourceCount;
  }
  for (const seed of seeds) scores[seed] = 1;
  return { accepted: Uint8Array.from(scores, (share) => (share >= admitShare - 1e-9 ? 1 : 0)), scores };
}
