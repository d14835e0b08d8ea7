/**
 * SumUp (Tran, Min, Li and Subramanian, NSDI 2009): votes are a flow to the collector, one unit from each voter, within capacities that
 * tickets give (envelope.ts). Whatever Sybils there are, their votes cross the attack edges, so at most as many are counted as those edges
 * carry: one each, and the few tickets that strayed over them.
 */

import { type FlowNetwork, flowNetwork, type Graph, joinGraphs, maxFlow, twinsOf } from '@concordat/graph';
import { assert, type Prng } from '@concordat/kernel';
import type { Admissions } from '../routes/admission.ts';
import { capacitiesFor, surveyLinks } from './envelope.ts';
import { createLinkHistory, type LinkHistory } from './history.ts';

export interface VoteOptions {
  /** C_max to begin with: 100 in the paper. */
  readonly firstTickets?: number;
  /** C_max doubles while more than this share of it was collected: 0.5 in the paper. */
  readonly fullness?: number;
  /**
   * Links over which a node may send votes: 3 in the paper; null, as by default: all. Pruning halves what attack edges carry, and on a
   * graph of communities most honest votes too.
   */
  readonly linkLimit?: number | null;
}

export interface Collection {
  /** By place in the list of voters: the arcs that the vote took to the collector; null: it was not counted. */
  readonly paths: readonly (Uint32Array | null)[];
  readonly collectedCount: number;
  /** C_max in the end. */
  readonly ticketCount: number;
  /** By arc: votes that it could carry. */
  readonly capacities: Float64Array;
}

/** The graph and one node more, the last, with an edge to each voter: where all votes come from. */
function withBallotBox(graph: Graph, voters: Uint32Array): Graph {
  const box: Graph = {
    nodeCount: 1,
    isDirected: false,
    offsets: new Uint32Array(2),
    targets: new Uint32Array(0),
    weights: null,
  };
  const sources = new Uint32Array(voters.length).fill(graph.nodeCount);
  const { graph: joint, duplicateCount } = joinGraphs(graph, box, {
    sources,
    targets: voters,
    weights: null,
  });
  assert(duplicateCount === 0, 'everybody has one vote');
  return joint;
}

/** Capacities of the graph's arcs, and one for each voter, in the places of the joint graph: there a voter's row has one arc more, its last. */
function jointCapacities(graph: Graph, joint: Graph, capacities: Float64Array): Float64Array {
  const placed = new Float64Array(joint.targets.length);
  for (let node = 0; node < graph.nodeCount; node += 1)
    placed.set(
      capacities.subarray(graph.offsets[node], graph.offsets[node + 1]),
      joint.offsets[node] as number,
    );
  return placed.fill(1, joint.offsets[graph.nodeCount]);
}

/** What flows along each arc of the graph: what it could carry less what it still can. */
function flowOf(
  graph: Graph,
  { graph: joint, residuals }: FlowNetwork,
  capacities: Float64Array,
): Float64Array {
  const flow = new Float64Array(capacities.length);
  for (let node = 0; node < graph.nodeCount; node += 1) {
    const shift = (joint.offsets[node] as number) - (graph.offsets[node] as number);
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      flow[arc] = Math.max(0, (capacities[arc] as number) - (residuals[arc + shift] as number));
  }
  return flow;
}

/** Takes one vote out of the flow: its arcs from `voter` to `collector`, without the circles that a flow may contain. */
export function takePath(
  graph: Graph,
  flow: Float64Array,
  voter: number,
  collector: number,
  places: Int32Array,
): Uint32Array {
  const path: number[] = [];
  const nodes = [voter];
  places[voter] = 0;
  for (let node = voter; node !== collector; ) {
    let arc = graph.offsets[node] as number;
    while (arc < (graph.offsets[node + 1] as number) && !((flow[arc] as number) > 0)) arc += 1;
    assert(arc < (graph.offsets[node + 1] as number), 'what flows into a node flows out of it');
    flow[arc]! -= 1;
    node = graph.targets[arc] as number;
    const place = places[node] as number;
    if (place < 0) {
      places[node] = nodes.length;
      nodes.push(node);
      path.push(arc);
      continue;
    }
    for (const left of nodes.splice(place + 1)) places[left] = -1;
    path.length = place;
  }
  for (const node of nodes) places[node] = -1;
  return Uint32Array.from(path);
}

function tracePaths(
  graph: Graph,
  flow: Float64Array,
  voters: Uint32Array,
  isCounted: (voter: number) => boolean,
  collector: number,
) {
  const places = new Int32Array(graph.nodeCount).fill(-1);
  return Array.from(voters, (voter) =>
    isCounted(voter) ? takePath(graph, flow, voter, collector, places) : null,
  );
}

/**
 * Collects votes from distinct `voters` of an undirected graph. O(log votes) maximum flows (`maxFlow`), 60 bytes for each arc. The
 * history may be that of earlier collections around the same collector.
 */
export function collectVotes(
  graph: Graph,
  collector: number,
  voters: Uint32Array,
  options: VoteOptions,
  history: LinkHistory,
  random: Prng,
): Collection {
  const { firstTickets = 100, fullness = 0.5, linkLimit = null } = options;
  const twins = twinsOf(graph);
  const envelope = surveyLinks(graph, collector, linkLimit, history, random);
  const joint = withBallotBox(graph, voters);
  for (let ticketCount = firstTickets; ; ticketCount *= 2) {
    const capacities = capacitiesFor(envelope, twins, ticketCount, history, random);
    const network = flowNetwork(joint, jointCapacities(graph, joint, capacities));
    const { value } = maxFlow(network, [graph.nodeCount], [collector]);
    // More tickets than voters never help: then links are as wide as they need to be, and only let Sybils in.
    if (value > fullness * ticketCount && ticketCount < voters.length) continue;
    // What came over a voter's last arc, that from the box, may flow back over its twin.
    const isCounted = (voter: number): boolean =>
      network.residuals[(joint.offsets[voter + 1] as number) - 1] === 1;
    const paths = tracePaths(graph, flowOf(graph, network, capacities), voters, isCounted, collector);
    return { paths, collectedCount: value, ticketCount, capacities };
  }
}

/** Everybody votes: admitted is whose vote the collector counts, and that is the score. */
export function voteAdmissions(
  graph: Graph,
  collector: number,
  options: VoteOptions,
  random: Prng,
): Admissions {
  const voters = Uint32Array.from({ length: graph.nodeCount }, (_, node) => node);
  const history = createLinkHistory(graph.targets.length);
  const { paths } = collectVotes(graph, collector, voters, options, history, random);
  const accepted = Uint8Array.from(paths, (path) => (path === null ? 0 : 1));
  return { accepted, scores: Float64Array.from(accepted) };
}
