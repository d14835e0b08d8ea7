/**
 * One augmenting path at a time, from both ends at once: what payments over a credit network are made of. Two searches of half the
 * length meet after a few hundred nodes where one would visit them all. Marks carry the number of their search, so that nothing is ever
 * cleared and a search costs only what it visits.
 *
 * Invariant: the path found is a shortest one. Levels are expanded whole and in turn, so the first meeting is between the two newest.
 */

import { assert } from '@concordat/kernel';
import type { FlowNetwork } from './network.ts';

export interface PathSearch {
  readonly network: FlowNetwork;
  /**
   * For node `u` at `2 u` the mark of the side that found it, at `2 u + 1` the arc that it was found by (the side of the target: the
   * arc that leads on). PERF: side by side they are one cache line.
   */
  readonly found: Uint32Array;
  /** Nodes by the order in which each side found them. */
  readonly forward: Uint32Array;
  readonly backward: Uint32Array;
  /** The arcs of the last path found, from source to target. */
  readonly path: Uint32Array;
  /** Mark of the forward side of the last search; the backward side's is one more. */
  mark: number;
  /** Nodes that the last search found. */
  visited: number;
}

/** 20 bytes for each node, made once for many searches. */
export function createPathSearch(network: FlowNetwork): PathSearch {
  const { nodeCount } = network.graph;
  return {
    network,
    found: new Uint32Array(2 * nodeCount),
    forward: new Uint32Array(nodeCount),
    backward: new Uint32Array(nodeCount),
    path: new Uint32Array(nodeCount),
    mark: 0,
    visited: 0,
  };
}

export interface PathLimits {
  /** Arcs of a path. */
  readonly maxHops: number;
  /** Nodes that a search may find, in all, before it gives up. */
  readonly maxVisits: number;
}

export const UNBOUNDED: PathLimits = {
  maxHops: Number.POSITIVE_INFINITY,
  maxVisits: Number.POSITIVE_INFINITY,
};

/** In place of an arc: the two sides have not met. */
const APART = -1;

/** Adds the next level of the source's side; returns the arc by which it met the other, or APART. `end` is how many it has found. */
function expandForward(search: PathSearch, from: number, end: number, least: number): number {
  const { found, forward, mark, network } = search;
  const { residuals } = network;
  const { offsets, targets } = network.graph;
  let tail = end;
  for (let at = from; at < end; at += 1) {
    const node = forward[at] as number;
    const last = offsets[node + 1] as number;
    for (let arc = offsets[node] as number; arc < last; arc += 1) {
      if ((residuals[arc] as number) < least) continue;
      const target = targets[arc] as number;
      const seen = found[2 * target] as number;
      if (seen === mark) continue;
      if (seen === mark + 1) return arc;
      found[2 * target] = mark;
      found[2 * target + 1] = arc;
      forward[tail++] = target;
    }
  }
  search.visited += tail - end;
  return APART;
}

/** The same for the target's side, which looks for arcs that lead to it; the arc returned leads from the other side to this. */
function expandBackward(search: PathSearch, from: number, end: number, least: number): number {
  const { found, backward, mark, network } = search;
  const { residuals, twins } = network;
  const { offsets, targets } = network.graph;
  let tail = end;
  for (let at = from; at < end; at += 1) {
    const node = backward[at] as number;
    const last = offsets[node + 1] as number;
    for (let arc = offsets[node] as number; arc < last; arc += 1) {
      const source = targets[arc] as number;
      const seen = found[2 * source] as number;
      if (seen === mark + 1) continue;
      const inward = twins[arc] as number;
      if ((residuals[inward] as number) < least) continue;
      if (seen === mark) return inward;
      found[2 * source] = mark + 1;
      found[2 * source + 1] = inward;
      backward[tail++] = source;
    }
  }
  search.visited += tail - end;
  return APART;
}

/** Writes the arcs of the path through `meeting` into `search.path`; returns how many there are. */
function tracePath(search: PathSearch, source: number, target: number, meeting: number): number {
  const { found, path, network } = search;
  const { twins, graph } = network;
  let length = 0;
  for (let arc = meeting; ; ) {
    path[length++] = arc;
    const node = graph.targets[twins[arc] as number] as number;
    if (node === source) break;
    arc = found[2 * node + 1] as number;
  }
  path.subarray(0, length).reverse();
  for (let node = graph.targets[meeting] as number; node !== target; ) {
    const arc = found[2 * node + 1] as number;
    path[length++] = arc;
    node = graph.targets[arc] as number;
  }
  return length;
}

/**
 * Finds a shortest path from `source` to `target`, which differ, along arcs that have `least` left, which is above zero. Returns
 * its length, with its arcs in `search.path`, or 0 where there is none within the limits.
 */
export function findPath(
  search: PathSearch,
  source: number,
  target: number,
  least: number,
  limits: PathLimits = UNBOUNDED,
): number {
  assert(source !== target && least > 0, 'a path has two ends, and its arcs have room');
  const { found, forward, backward } = search;
  search.mark += 2;
  if (search.mark > 0xffff_fff0) {
    found.fill(0);
    search.mark = 2;
  }
  found[2 * source] = search.mark;
  found[2 * target] = search.mark + 1;
  forward[0] = source;
  backward[0] = target;
  search.visited = 2;
  // Where the newest level of each side begins and ends.
  let [forwardFrom, forwardEnd, backwardFrom, backwardEnd] = [0, 1, 0, 1];
  for (let hops = 1; hops <= limits.maxHops && search.visited <= limits.maxVisits; hops += 1) {
    const before = search.visited;
    const isForward = forwardEnd - forwardFrom <= backwardEnd - backwardFrom;
    const meeting = isForward
      ? expandForward(search, forwardFrom, forwardEnd, least)
      : expandBackward(search, backwardFrom, backwardEnd, least);
    if (meeting !== APART) return tracePath(search, source, target, meeting);
    const more = search.visited - before;
    if (more === 0) return 0;
    if (isForward) [forwardFrom, forwardEnd] = [forwardEnd, forwardEnd + more];
    else [backwardFrom, backwardEnd] = [backwardEnd, backwardEnd + more];
  }
  return 0;
}
