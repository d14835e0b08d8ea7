/**
 * Sweeps: of a ranking of nodes every prefix is a set, and one with low conductance is a community of those at its head (Andersen, Chung
 * and Lang, FOCS 2006). The lowest point of the whole profile may be the boundary of another set than the seed's, so what is asked for is
 * the lowest point within bounds of volume, or the first dip that the profile climbs out of (Yang and Leskovec, ICDM 2012).
 */

import { volumeOf, weightedDegreeOf } from '../degrees.ts';
import type { Graph } from '../graph.ts';
import { descendingOrder, rankNodes } from '../rank/order.ts';
import { conductanceBy } from './conductance.ts';

export interface SweepProfile {
  /** The ranking; prefix `k` of the arrays below is its first `k + 1` nodes. */
  readonly order: Uint32Array;
  readonly volumes: Float64Array;
  /** Weight of the edges that leave each prefix. */
  readonly cuts: Float64Array;
  readonly conductances: Float64Array;
}

/** Nodes from the highest to the lowest score for their weighted degree, which is the order that a sweep over PageRank takes. */
export function orderByDensity(graph: Graph, nodes: Uint32Array, scores: Float64Array): Uint32Array {
  const densities = scores.map((score, at) => score / (weightedDegreeOf(graph, nodes[at] as number) || 1));
  return rankNodes(nodes, densities);
}

/** The same for scores of all nodes; those without any score are left out. */
export function orderAllByDensity(graph: Graph, scores: Float64Array): Uint32Array {
  const order = descendingOrder(scores.map((score, node) => score / (weightedDegreeOf(graph, node) || 1)));
  return order.filter((node) => (scores[node] as number) > 0);
}

/**
 * The profile of a ranking of distinct nodes of an undirected graph, in the time that their arcs take. `marks` may be memory to work
 * in: a zero for each node of the graph, zero again afterwards.
 */
export function sweepProfile(
  graph: Graph,
  order: Uint32Array,
  marks = new Uint8Array(graph.nodeCount),
): SweepProfile {
  const { offsets, targets, weights } = graph;
  const total = volumeOf(graph);
  const volumes = new Float64Array(order.length);
  const cuts = new Float64Array(order.length);
  const conductances = new Float64Array(order.length);
  let [volume, cut] = [0, 0];
  for (let at = 0; at < order.length; at += 1) {
    const node = order[at] as number;
    let degree = 0;
    let inside = 0;
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const weight = weights === null ? 1 : (weights[arc] as number);
      degree += weight;
      if (marks[targets[arc] as number] !== 0) inside += weight;
    }
    marks[node] = 1;
    volumes[at] = volume += degree;
    // Sums of fractions may end a little below nothing.
    cuts[at] = cut = Math.max(0, cut + degree - 2 * inside);
    conductances[at] = conductanceBy(cut, volume, total);
  }
  for (const node of order) marks[node] = 0;
  return { order, volumes, cuts, conductances };
}

export interface VolumeBounds {
  readonly atLeast: number;
  readonly atMost: number;
}

/** The prefix (its last place) with the lowest conductance among those with a volume within `bounds`; -1 if there is none. */
export function lowestWithin(
  { volumes, conductances }: SweepProfile,
  { atLeast, atMost }: VolumeBounds,
): number {
  let best = -1;
  for (let at = 0; at < volumes.length && (volumes[at] as number) <= atMost; at += 1) {
    if ((volumes[at] as number) < atLeast) continue;
    if (best < 0 || (conductances[at] as number) < (conductances[best] as number)) best = at;
  }
  return best;
}

/**
 * The first prefix (its last place) whose conductance is the lowest so far and is left by a climb to `rise` times as much before anything
 * lower comes; -1 where the profile never climbs so. Prefixes below a volume of `atLeast` are passed over: the first few nodes dip and
 * climb with every friend.
 */
export function firstDip({ volumes, conductances }: SweepProfile, rise: number, atLeast = 0): number {
  let lowest = -1;
  for (let at = 0; at < volumes.length; at += 1) {
    if ((volumes[at] as number) < atLeast) continue;
    const here = conductances[at] as number;
    const floor = lowest < 0 ? Number.POSITIVE_INFINITY : (conductances[lowest] as number);
    if (here < floor) lowest = at;
    else if (here > 0 && here >= rise * floor) return lowest;
  }
  return -1;
}
