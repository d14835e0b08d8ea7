/**
 * What lies around an account (or the seeds: the anchors), as far as anybody looks: personalised PageRank by pushes (Andersen, Chung and Lang, FOCS 2006) reaches
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
  /** The anchors first, then by how much of its walk they hold for their degree. */
  readonly nodes: Uint32Array;
  readonly volume: number;
  readonly profile: SweepProfile;
  /** Length of the prefix with the lowest conductance. */
  readonly sweepLength: number;
}

const TELEPORT = 0.02;

/** Nodes in the order given while they have at most `volume` between them; the first `always` of them are taken in any case. */
function withinVolume(
  graph: Graph,
  order: Uint32Array,
  always: number,
  volume: number,
): [Uint32Array, number] {
  let [count, sum] = [0, 0];
  for (const node of order) {
    const degree = weightedDegreeOf(graph, node);
    if (count >= always && sum + degree > volume) break;
    sum += degree;
    count += 1;
  }
  return [order.slice(0, count), sum];
}

/**
 * The region around distinct `anchors`, which have neighbours, of at most `volume` or what they themselves have. `marks` is memory to
 * work in: a zero for each node. O(volume) time; the constant is the teleport's inverse.
 */
export function regionAround(
  scratch: PushScratch,
  anchors: Uint32Array,
  volume: number,
  marks: Uint8Array<ArrayBuffer>,
): Region {
  const { graph } = scratch;
  const { nodes, estimates } = pushPageRank(
    scratch,
    { nodes: anchors, weights: null },
    {
      teleport: TELEPORT,
      tolerance: 1 / volume,
    },
  );
  for (const anchor of anchors) marks[anchor] = 1;
  const others = orderByDensity(graph, nodes, estimates).filter((node) => marks[node] === 0);
  for (const anchor of anchors) marks[anchor] = 0;
  const order = new Uint32Array(anchors.length + others.length);
  order.set(anchors);
  order.set(others, anchors.length);
  const [within, sum] = withinVolume(graph, order, anchors.length, volume);
  const profile = sweepProfile(graph, within, marks);
  const atLeast = profile.volumes[anchors.length - 1] as number;
  return {
    nodes: within,
    volume: sum,
    profile,
    sweepLength: lowestWithin(profile, { atLeast, atMost: sum }) + 1,
  };
}
