/**
 * The most votes that links can carry to a collector: a maximum flow by Dinic's algorithm (Doklady 1970), one unit from each voter. A round
 * measures how far each node is from the collector along links with room, up to the nearest voters who wait; then each of those in turn sends
 * its vote down the levels. So a few votes cost what lies around the collector, whatever the size of the graph, and a vote costs little
 * more than its path.
 *
 * Invariants: a vote once counted stays counted; what a link and its twin have left is a constant sum; while links do not get wider, the
 * nearest voters who wait are farther away in each round than in the one before.
 */

import type { Graph } from '@concordat/graph';

/** A collection under way, changed in place. */
export interface VoteFlow {
  readonly graph: Graph;
  readonly twins: Uint32Array;
  /** By arc: votes that may still come over it, from its target to its source. */
  readonly residuals: Int32Array;
  /** By node: 1 where a vote waits to be counted. */
  readonly isWaiting: Uint8Array;
}

export interface VoteSearch extends VoteFlow {
  /** Links to the collector with room for votes; -1 where not found, or found to be a dead end. */
  readonly levels: Int32Array;
  /** The first arc of each node found over which votes may still go. */
  readonly next: Uint32Array;
  readonly queue: Uint32Array;
  /** Arcs from a voter to where its vote stands. */
  readonly path: Uint32Array;
  /** Nodes in the queue: all that have a level. */
  found: number;
}

/** Finds nodes around the collector, level by level, until voters who wait are among them; whether there are any. */
function measureLevels(search: VoteSearch, collector: number): boolean {
  const { graph, residuals, isWaiting, levels, next, queue } = search;
  const { offsets, targets } = graph;
  for (let at = 0; at < search.found; at += 1) levels[queue[at] as number] = -1;
  queue[0] = collector;
  levels[collector] = 0;
  let [tail, isMet] = [1, isWaiting[collector] === 1];
  for (let head = 0; head < tail && !isMet; ) {
    // A whole level at a time: all who are equally near are heard in the same round.
    for (const end = tail; head < end; head += 1) {
      const node = queue[head] as number;
      const level = (levels[node] as number) + 1;
      const last = offsets[node + 1] as number;
      for (let arc = offsets[node] as number; arc < last; arc += 1) {
        const target = targets[arc] as number;
        if (residuals[arc] === 0 || levels[target] !== -1) continue;
        levels[target] = level;
        next[target] = offsets[target] as number;
        queue[tail++] = target;
        if (isWaiting[target] === 1) isMet = true;
      }
    }
  }
  search.found = tail;
  return isMet;
}

/** Sends the vote of `voter` down the levels to the collector; whether it arrived. */
function sendVote(search: VoteSearch, voter: number): boolean {
  const { graph, twins, residuals, levels, next, path } = search;
  const { offsets, targets } = graph;
  let [node, length] = [voter, 0];
  while (levels[node] !== 0) {
    const end = offsets[node + 1] as number;
    const level = (levels[node] as number) - 1;
    let arc = next[node] as number;
    while (arc < end && (levels[targets[arc] as number] !== level || residuals[twins[arc] as number] === 0))
      arc += 1;
    next[node] = arc;
    if (arc < end) {
      path[length++] = arc;
      node = targets[arc] as number;
      continue;
    }
    // A dead end: no vote comes here again in this round.
    levels[node] = -1;
    if (length === 0) return false;
    length -= 1;
    node = targets[twins[path[length] as number] as number] as number;
  }
  for (let at = 0; at < length; at += 1) {
    const arc = path[at] as number;
    residuals[arc]! += 1;
    residuals[twins[arc] as number]! -= 1;
  }
  return true;
}

/** A search of this flow, for as many counts as there are; 16 bytes for each node. */
export function createVoteSearch(flow: VoteFlow): VoteSearch {
  const { nodeCount } = flow.graph;
  return {
    ...flow,
    levels: new Int32Array(nodeCount).fill(-1),
    next: new Uint32Array(nodeCount),
    queue: new Uint32Array(nodeCount),
    path: new Uint32Array(nodeCount),
    found: 0,
  };
}

/** Counts as many more votes as the links can carry, but at most `limit`; returns how many. */
export function countVotes(search: VoteSearch, collector: number, limit: number): number {
  const { isWaiting, queue } = search;
  let count = 0;
  while (count < limit && measureLevels(search, collector)) {
    for (let at = 0; at < search.found && count < limit; at += 1) {
      const node = queue[at] as number;
      if (isWaiting[node] === 0 || !sendVote(search, node)) continue;
      isWaiting[node] = 0;
      count += 1;
    }
  }
  return count;
}
