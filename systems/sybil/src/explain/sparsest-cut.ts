/**
 * The sparsest cut around an account (or the seeds: its anchors), exactly, within a bounded region. Of all sets of nodes of the region
 * that contain the anchors it finds one with the lowest conductance, by minimum cuts (Dinkelbach's method, Management Science 1967, over flows as in Andersen and Lang,
 * SODA 2008).
 *
 * Why these capacities: with capacity 1 on each edge alone the minimum cut between an account and the seeds is nearly always the few
 * edges of the account itself, which says nothing. What an attacker pays for is edges, and what he gets is accounts with their edges; so a
 * cut is worth its edges less a price for the volume that it sets apart. Each node therefore draws `price * degree` from the source, an
 * edge costs its weight, and an edge out of the region leads to the sink. Where the price is the conductance of the best set so far, a
 * minimum cut is a better set, or shows that there is none.
 */

import {
  buildGraph,
  edgesOf,
  flowNetwork,
  type Graph,
  inducedSubgraph,
  marksOf,
  maxFlow,
  weightedDegreeOf,
} from '@concordat/graph';

export interface SparseCut {
  /** Nodes on the anchors' side, ascending. */
  readonly members: Uint32Array;
  readonly volume: number;
  /** Weight of the edges between the members and all others. */
  readonly weight: number;
  readonly conductance: number;
}

/** A region as a network: its nodes, then the source, then the sink. */
interface RegionNetwork {
  readonly nodes: Uint32Array;
  readonly joint: Graph;
  readonly degrees: Float64Array;
  /** By number within the region. */
  readonly isAnchor: Uint8Array;
}

/** The source has an edge to each node, with its degree as weight; the sink one to each that has neighbours outside. */
function networkOf(graph: Graph, region: Uint32Array, anchors: Uint32Array): RegionNetwork {
  const part = inducedSubgraph(graph, region);
  const size = part.nodes.length;
  const inside = edgesOf(part.graph);
  const degrees = Float64Array.from(part.nodes, (node) => weightedDegreeOf(graph, node));
  const outward = degrees.map((degree, at) => degree - weightedDegreeOf(part.graph, at));
  const leaving = [...outward.keys()].filter((at) => (outward[at] as number) > 0);
  const count = inside.sources.length;
  const [sources, targets] = [
    new Uint32Array(count + size + leaving.length),
    new Uint32Array(count + size + leaving.length),
  ];
  const weights = new Float64Array(sources.length).fill(1);
  sources.set(inside.sources);
  targets.set(inside.targets);
  if (inside.weights !== null) weights.set(inside.weights);
  for (let at = 0; at < size; at += 1) {
    sources[count + at] = size;
    targets[count + at] = at;
    weights[count + at] = degrees[at] as number;
  }
  for (const [place, at] of leaving.entries()) {
    sources[count + size + place] = at;
    targets[count + size + place] = size + 1;
    weights[count + size + place] = outward[at] as number;
  }
  const { graph: joint } = buildGraph({ nodeCount: size + 2, isDirected: false, sources, targets, weights });
  const isAnchor = marksOf(
    size + 2,
    anchors.map((node) => part.numbers[node] as number),
  );
  return { nodes: part.nodes, joint, degrees, isAnchor };
}

/** Weights of the joint graph as capacities: what the source gives is multiplied by `price`, and the anchors are tied to it. */
function pricedCapacities({ joint, nodes, isAnchor }: RegionNetwork, price: number): Float64Array {
  const capacities = Float64Array.from(joint.weights ?? []);
  const [from, to] = [joint.offsets[nodes.length] as number, joint.offsets[nodes.length + 1] as number];
  for (let arc = from; arc < to; arc += 1)
    capacities[arc] =
      isAnchor[joint.targets[arc] as number] === 1
        ? Number.MAX_SAFE_INTEGER
        : price * (capacities[arc] as number);
  // Nothing flows back into the source; its twins are the last but one, or the last, of each node's row.
  for (let at = 0; at < nodes.length; at += 1)
    for (let arc = joint.offsets[at + 1] as number; arc > (joint.offsets[at] as number); arc -= 1)
      if (joint.targets[arc - 1] === nodes.length) {
        capacities[arc - 1] = 0;
        break;
      }
  return capacities;
}

/** The cut around those nodes of the region that are marked. */
function cutOf({ nodes, joint, degrees }: RegionNetwork, marks: Uint8Array): SparseCut {
  const members: number[] = [];
  let [volume, weight] = [0, 0];
  for (let at = 0; at < nodes.length; at += 1) {
    if (marks[at] === 0) continue;
    members.push(nodes[at] as number);
    volume += degrees[at] as number;
    for (let arc = joint.offsets[at] as number; arc < (joint.offsets[at + 1] as number); arc += 1) {
      const target = joint.targets[arc] as number;
      if (target !== nodes.length && marks[target] === 0) weight += joint.weights?.[arc] as number;
    }
  }
  return {
    members: Uint32Array.from(members),
    volume,
    weight,
    conductance: volume > 0 ? weight / volume : 1,
  };
}

/**
 * The sparsest cut around the `anchors` within `region`, distinct nodes that include them and together have at most half of the volume of its
 * component; no sparser one is there. `atMost` is the conductance of a set that is known (a sweep's): the closer, the fewer flows.
 */
export function sparsestCut(graph: Graph, region: Uint32Array, anchors: Uint32Array, atMost = 1): SparseCut {
  const network = networkOf(graph, region, anchors);
  const { nodes, joint } = network;
  let best = cutOf(network, network.isAnchor);
  // A price above all conductances could only mark everything; one a little above that of the known set finds that set, or a better one.
  for (let price = Math.min(best.conductance, atMost * (1 + 1e-9)); ; price = best.conductance) {
    const flow = flowNetwork(joint, pricedCapacities(network, price));
    const { sourceSide } = maxFlow(flow, [nodes.length], [nodes.length + 1]);
    if (sourceSide === null) return best;
    const found = cutOf(network, sourceSide);
    if (!(found.conductance < best.conductance * (1 - 1e-9))) return best;
    best = found;
  }
}
