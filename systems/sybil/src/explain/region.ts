/**
 * What lies around an account, as far as anybody looks: personalised PageRank by pushes (Andersen, Chung and Lang, FOCS 2006) reaches
 * those to whom it is tied best first, and stops at a volume, whatever the size of the graph.
 */

import {
  type Graph,
  lowestWithin,
  orderByDensity,
  type PushScratch,
  pushPageRank,
  type SweepProfile,
  sweepProfile,
  weightedDegreeOf,
} from '@concordat/graph';

export interface Region {
  /** The account first, then by how much of its walk they hold for their degree. */
  readonly nodes: Uint32Array;
  readonly volume: number;
  readonly profile: SweepProfile;
  /** Length of the prefix with the lowest conductance. */
  readonly sweepLength: number;
}

const TELEPORT = 0.02;

/** Nodes in the order given while they have at most `volume` between them; the first is always taken. */
function withinVolume(graph: Graph, order: Uint32Array, volume: number): [Uint32Array, number] {
  let [count, sum] = [0, 0];
  for (const node of order) {
    const degree = weightedDegreeOf(graph, node);
    if (count > 0 && sum + degree > volume) break;
    sum += degree;
    count += 1;
  }
  return [order.slice(0, count), sum];
}

/**
 * The region around `account`, which has neighbours, of at most `volume`. `marks` is memory to work in: a zero for each node. O(volume)
 * time; the constant is the teleport's inverse.
 */
export function regionAround(scratch: PushScratch, account: number, volume: number, marks: Uint8Array): Region {
  const { graph } = scratch;
  const seeds = { nodes: [account], weights: null };
  const { nodes, estimates } = pushPageRank(scratch, seeds, { teleport: TELEPORT, tolerance: 1 / volume });
  const others = orderByDensity(graph, nodes, estimates).filter((node) => node !== account);
  const order = new Uint32Array(others.length + 1);
  order[0] = account;
  order.set(others, 1);
  const [within, sum] = withinVolume(graph, order, volume);
  const profile = sweepProfile(graph, within, marks);
  const lowest = lowestWithin(profile, { atLeast: 0, atMost: Number.POSITIVE_INFINITY });
  return { nodes: within, volume: sum, profile, sweepLength: lowest + 1 };
}
