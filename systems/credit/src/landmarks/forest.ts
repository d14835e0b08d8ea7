/**
 * Trees towards landmarks (Canal, EuroSys 2012): for every account the next one on a way to its nearest landmark over links that
 * can pay, and on a way from it. Built a slice at a time beside the trees that are in use, so that no single turn is long.
 */

import type { Prng } from '@concordat/kernel';
import type { CreditNetwork } from '../network/network.ts';
import { settleLink } from '../network/recovery.ts';

/** In place of an account: no landmark is in reach. */
export const NOWHERE = 0xffff_ffff;

export interface Forest {
  /** Level `i` has about `2 ** i` landmarks. */
  readonly level: number;
  /** By account: whom it pays to get a step nearer; a landmark names itself. */
  readonly towards: Uint32Array;
  /** By account: who pays it, a step nearer. */
  readonly away: Uint32Array;
}

/** A forest that is being built: first the ways towards, then those away. */
export interface Building {
  readonly forest: Forest;
  readonly landmarks: Uint32Array;
  readonly queue: Uint32Array;
  head: number;
  tail: number;
  /** How many links of the account at the head have been looked at. */
  place: number;
  isAway: boolean;
}

/** Begins a forest in the arrays of `spare`, if it has room enough. */
export function startForest(
  network: CreditNetwork,
  level: number,
  prng: Prng,
  spare: Building | null = null,
): Building {
  const size = network.starts.length;
  const reuse = spare !== null && spare.forest.towards.length === size;
  const make = (old: Uint32Array | undefined): Uint32Array => (old ?? new Uint32Array(size)).fill(NOWHERE);
  const building: Building = {
    forest: {
      level,
      towards: make(reuse ? spare.forest.towards : undefined),
      away: make(reuse ? spare.forest.away : undefined),
    },
    landmarks: drawLandmarks(network, 2 ** level, prng),
    queue: reuse ? spare.queue : new Uint32Array(size),
    head: 0,
    tail: 0,
    place: 0,
    isAway: false,
  };
  seed(building, building.forest.towards);
  return building;
}

/**
 * Deviation: landmarks are drawn by degree, not uniformly. The other end of a random link lies in the large component and near
 * the middle of it, so ways over it exist and are short.
 */
function drawLandmarks(network: CreditNetwork, count: number, prng: Prng): Uint32Array {
  const drawn = new Uint32Array(Math.min(count, network.nodeCount));
  for (let i = 0; i < drawn.length; i += 1) {
    const node = prng.below(network.nodeCount);
    const [start, end] = [network.starts[node] as number, network.ends[node] as number];
    drawn[i] = start === end ? node : (network.targets[start + prng.below(end - start)] as number);
  }
  return drawn;
}

function seed(building: Building, parents: Uint32Array): void {
  building.head = building.tail = 0;
  building.place = 0;
  for (const landmark of building.landmarks) {
    if (parents[landmark] !== NOWHERE) continue;
    parents[landmark] = landmark;
    building.queue[building.tail] = landmark;
    building.tail += 1;
  }
}

/** Looks at no more than about `links` links; true once the forest is whole. */
export function growForest(network: CreditNetwork, building: Building, links: number): boolean {
  let left = links;
  while (left > 0) {
    if (building.head < building.tail) left -= visit(network, building, left);
    else if (building.isAway) return true;
    else {
      building.isAway = true;
      seed(building, building.forest.away);
    }
  }
  return false;
}

/** Goes on with the row of the account at the head of the queue; returns how many links it looked at, at least one. */
function visit(network: CreditNetwork, building: Building, limit: number): number {
  const { queue, forest, isAway } = building;
  const { starts, ends, targets, stamps, period } = network;
  const units = isAway ? network.out : network.back;
  const parents = isAway ? forest.away : forest.towards;
  const { grain } = network.policy;
  const node = queue[building.head] as number;
  // Rows may have moved or changed since the last slice: the rest of a row is looked at by what is left of it.
  const start = starts[node] as number;
  const end = ends[node] as number;
  const first = start + building.place;
  const last = Math.min(end, first + limit);
  for (let at = first; at < last; at += 1) {
    const target = targets[at] as number;
    if (target >= parents.length || parents[target] !== NOWHERE) continue;
    if (stamps[at] !== period) settleLink(network, node, at);
    if ((units[at] as number) < grain) continue;
    parents[target] = node;
    queue[building.tail] = target;
    building.tail += 1;
  }
  if (last >= end) {
    building.head += 1;
    building.place = 0;
  } else building.place = last - start;
  return Math.max(1, last - first);
}
