/**
 * Shortest paths on which each link can still pay, from both ends at once: the step of an exact payment. Levels are
 * expanded whole, the cheaper side first, so the first contact of the two sides closes a shortest path. One record
 * serves all searches of a network: marks carry the number of the search, and nothing is cleared or made in between.
 */

import type { CreditNetwork } from './network.ts';
import { settleLink } from './recovery.ts';

/** Why there was no path: which end's reach ran dry, or which limit was met. */
export type Dry = 'none' | 'from' | 'to' | 'hops' | 'visits' | 'landmarks';

export interface Search {
  /** Nodes reached forwards carry this mark, backwards the next. */
  mark: number;
  seen: Uint32Array;
  /** Reached forwards: the node before it on the path; backwards: the node after it. */
  via: Uint32Array;
  ahead: Uint32Array;
  behind: Uint32Array;
  aheadHead: number;
  aheadTail: number;
  behindHead: number;
  behindTail: number;
  /** Links of the nodes that wait at each end: what the next level costs. */
  aheadWork: number;
  behindWork: number;
  /** Where the two sides met: a link from the one node to the other. */
  meetFrom: number;
  meetTo: number;
  /** Nodes of the path that was found, ends included. */
  readonly path: number[];
  dry: Dry;
}

export function createSearch(nodes: number): Search {
  const make = (): Uint32Array => new Uint32Array(nodes);
  return {
    mark: 0,
    seen: make(),
    via: make(),
    ahead: make(),
    behind: make(),
    aheadHead: 0,
    aheadTail: 0,
    behindHead: 0,
    behindTail: 0,
    aheadWork: 0,
    behindWork: 0,
    meetFrom: 0,
    meetTo: 0,
    path: [],
    dry: 'none',
  };
}

/** Makes room for more nodes; marks stay. */
export function growSearch(search: Search, nodes: number): void {
  const grown = (array: Uint32Array): Uint32Array => {
    const larger = new Uint32Array(nodes);
    larger.set(array);
    return larger;
  };
  search.seen = grown(search.seen);
  search.via = grown(search.via);
  search.ahead = new Uint32Array(nodes);
  search.behind = new Uint32Array(nodes);
}

export interface SearchBounds {
  /** Links of the longest path that counts. */
  readonly hopsMax: number;
  /** Nodes reached before the search gives up: what one refused payment may cost. */
  readonly visitsMax: number;
}

export const UNBOUNDED: SearchBounds = { hopsMax: 0xffff_ffff, visitsMax: 0xffff_ffff };

const LAST_MARK = 0xffff_fffc;

/**
 * Finds a shortest path from `from` to another node `to`, each of whose links can pay `grain` units onwards (0: any link
 * counts), leaves it in `search.path`, and returns its hops; 0 if there is none, and `search.dry` says why.
 */
export function findPath(
  network: CreditNetwork,
  from: number,
  to: number,
  grain: number,
  bounds: SearchBounds = UNBOUNDED,
): number {
  const { search } = network;
  begin(network, from, to);
  let hops = 0;
  while (search.aheadHead < search.aheadTail && search.behindHead < search.behindTail) {
    if (hops === bounds.hopsMax) return without(search, 'hops');
    if (search.aheadTail + search.behindTail > bounds.visitsMax) return without(search, 'visits');
    hops += 1;
    const isForward = search.aheadWork <= search.behindWork;
    if (isForward ? expandAhead(network, grain) : expandBehind(network, grain))
      return tracePath(search, from, to);
  }
  return without(search, search.aheadHead < search.aheadTail ? 'to' : 'from');
}

function without(search: Search, dry: Dry): number {
  search.dry = dry;
  search.path.length = 0;
  return 0;
}

/** A mark that no node carries, and whose successor none does. */
export function nextMark(search: Search): number {
  if (search.mark > LAST_MARK) {
    search.seen.fill(0);
    search.mark = 0;
  }
  search.mark += 2;
  return search.mark;
}

function begin(network: CreditNetwork, from: number, to: number): void {
  const { search, starts, ends } = network;
  nextMark(search);
  search.seen[from] = search.mark;
  search.seen[to] = search.mark + 1;
  search.ahead[0] = from;
  search.behind[0] = to;
  search.aheadHead = search.behindHead = 0;
  search.aheadTail = search.behindTail = 1;
  search.aheadWork = (ends[from] as number) - (starts[from] as number);
  search.behindWork = (ends[to] as number) - (starts[to] as number);
  search.dry = 'none';
}

/** One more level forwards; true once it touches what was reached backwards. */
function expandAhead(network: CreditNetwork, grain: number): boolean {
  const { search, starts, ends, targets, out, stamps, period } = network;
  const { seen, via, ahead, mark, aheadTail: levelEnd } = search;
  let [tail, work] = [levelEnd, 0];
  for (let head = search.aheadHead; head < levelEnd; head += 1) {
    const node = ahead[head] as number;
    const end = ends[node] as number;
    for (let at = starts[node] as number; at < end; at += 1) {
      const target = targets[at] as number;
      const found = seen[target] as number;
      if (found === mark) continue;
      if ((out[at] as number) < grain) {
        if (stamps[at] === period) continue;
        settleLink(network, node, at);
        if ((out[at] as number) < grain) continue;
      }
      if (found === mark + 1) {
        search.meetFrom = node;
        search.meetTo = target;
        return true;
      }
      seen[target] = mark;
      via[target] = node;
      ahead[tail] = target;
      tail += 1;
      work += (ends[target] as number) - (starts[target] as number);
    }
  }
  search.aheadHead = levelEnd;
  search.aheadTail = tail;
  search.aheadWork = work;
  return false;
}

/** One more level backwards: over links whose other end can pay towards the row's node. */
function expandBehind(network: CreditNetwork, grain: number): boolean {
  const { search, starts, ends, targets, back, stamps, period } = network;
  const { seen, via, behind, mark, behindTail: levelEnd } = search;
  let [tail, work] = [levelEnd, 0];
  for (let head = search.behindHead; head < levelEnd; head += 1) {
    const node = behind[head] as number;
    const end = ends[node] as number;
    for (let at = starts[node] as number; at < end; at += 1) {
      const source = targets[at] as number;
      const found = seen[source] as number;
      if (found === mark + 1) continue;
      if ((back[at] as number) < grain) {
        if (stamps[at] === period) continue;
        settleLink(network, node, at);
        if ((back[at] as number) < grain) continue;
      }
      if (found === mark) {
        search.meetFrom = source;
        search.meetTo = node;
        return true;
      }
      seen[source] = mark + 1;
      via[source] = node;
      behind[tail] = source;
      tail += 1;
      work += (ends[source] as number) - (starts[source] as number);
    }
  }
  search.behindHead = levelEnd;
  search.behindTail = tail;
  search.behindWork = work;
  return false;
}

function tracePath(search: Search, from: number, to: number): number {
  const { path, via } = search;
  path.length = 0;
  for (let node = search.meetFrom; node !== from; node = via[node] as number) path.push(node);
  path.push(from);
  path.reverse();
  for (let node = search.meetTo; node !== to; node = via[node] as number) path.push(node);
  path.push(to);
  return path.length - 1;
}
