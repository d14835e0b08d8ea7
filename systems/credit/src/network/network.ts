/**
 * A credit network: accounts joined by links, and on each link units that either end may still pay to the other. A payment
 * moves units along paths; so whoever sits behind a cut takes no more than the cut gives, whatever accounts he makes.
 *
 * Rows are those of `Graph` with room to grow: sorted by target, each link stored from both its ends, in typed arrays side by
 * side. Invariant of a link without reservations: what both directions have left adds up to what both began with.
 */

import type { Graph } from '@concordat/graph';
import { assert } from '@concordat/kernel';
import { type LinkPolicy, policyProblems } from '../policies/policy.ts';
import { type Cuts, createCuts } from './cuts.ts';
import { createHolds, type Holds } from './holds.ts';
import { createSearch, type Search } from './search.ts';

export interface CreditNetwork {
  policy: LinkPolicy;
  /** Accounts are the nodes below this. */
  nodeCount: number;
  linkCount: number;
  /** Node `u` has its links at places `starts[u] .. ends[u] - 1`, and room for more before `rooms[u]`. */
  starts: Uint32Array;
  ends: Uint32Array;
  rooms: Uint32Array;
  /** By place: the other end, ascending within a row. */
  targets: Uint32Array;
  /** Units that the row's node can pay to the other end. */
  out: Int32Array;
  /** The same from the other end: a copy of its `out`. PERF: a search backwards reads in order instead of at random. */
  back: Int32Array;
  /** What `out` began with and recovers to. */
  base: Int32Array;
  /** The period up to which both copies of the link have recovered. */
  stamps: Uint32Array;
  /** Places in use or left behind by rows that moved. */
  filled: number;
  /** Places that rows left behind when they grew. */
  wasted: number;
  /** The current period of recovery; only grows. */
  period: number;
  readonly holds: Holds;
  /** Links that were removed before all was as they began, by `pairKey`. */
  readonly parked: Map<string, ParkedLink>;
  readonly search: Search;
  /** What searches have run into. */
  readonly cuts: Cuts;
}

/** A link that was removed: what its end with the smaller number could pay and began with, then the other end. */
export interface ParkedLink {
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
  /** Up to which it has recovered. */
  readonly period: number;
}

export interface NetworkOptions {
  /** Undirected. */
  readonly graph: Graph;
  readonly policy: LinkPolicy;
  /** Units by arc of the graph, where they differ from the policy's. */
  readonly credits?: Int32Array;
  /** Reservations that may stand at a time; more are refused. */
  readonly holdsMax?: number;
  readonly nowMs: number;
}

/** The network of a graph, all links fresh. O(nodes + links). */
export function createNetwork(options: NetworkOptions): CreditNetwork {
  const { graph, policy, credits, holdsMax } = options;
  assert(!graph.isDirected, 'a credit network lies on an undirected graph');
  assert(policyProblems(policy).length === 0, 'the policy of a network is sound');
  const arcs = graph.targets.length;
  assert(credits === undefined || credits.length === arcs, 'each arc has its credit');
  const { nodeCount } = graph;
  const base = credits === undefined ? new Int32Array(arcs).fill(policy.credit) : credits.slice();
  const back = base.slice();
  if (credits !== undefined) mirror(graph, base, back);
  const period = periodOf(policy, options.nowMs);
  return {
    policy,
    nodeCount,
    linkCount: arcs / 2,
    starts: graph.offsets.slice(0, nodeCount),
    ends: graph.offsets.slice(1),
    rooms: graph.offsets.slice(1),
    targets: graph.targets.slice(),
    out: base.slice(),
    back,
    base,
    stamps: new Uint32Array(arcs).fill(period),
    filled: arcs,
    wasted: 0,
    period,
    holds: createHolds(holdsMax),
    parked: new Map(),
    search: createSearch(nodeCount),
    cuts: createCuts(nodeCount),
  };
}

/** Puts each arc's value at its twin. Rows are sorted, so the twins in a row come up in the order of their sources. */
function mirror(graph: Graph, values: Int32Array, mirrored: Int32Array): void {
  const next = graph.offsets.slice(0, graph.nodeCount);
  for (let at = 0; at < graph.targets.length; at += 1) {
    const target = graph.targets[at] as number;
    mirrored[next[target] as number] = values[at] as number;
    next[target]! += 1;
  }
}

/** Where `source` keeps its link with `target`, or -1: a binary search of the row. */
export function placeBetween(network: CreditNetwork, source: number, target: number): number {
  const { targets } = network;
  let low = network.starts[source] as number;
  let high = (network.ends[source] as number) - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = targets[middle] as number;
    if (found === target) return middle;
    if (found < target) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

export const isAccount = (network: CreditNetwork, node: number): boolean =>
  Number.isInteger(node) && node >= 0 && node < network.nodeCount;

export const pairKey = (a: number, b: number): string => (a < b ? `${a},${b}` : `${b},${a}`);

function periodOf(policy: LinkPolicy, nowMs: number): number {
  return policy.recovery === null ? 0 : Math.max(0, Math.floor(nowMs / policy.recovery.everyMs));
}

/** Tells the network the time. Links recover when they are next looked at; a clock that goes back changes nothing. */
export function advance(network: CreditNetwork, nowMs: number): void {
  network.period = Math.max(network.period, periodOf(network.policy, nowMs));
}
