/**
 * SumUp (Tran, Min, Li and Subramanian, NSDI 2009): votes are a flow to the collector, one unit from each voter, within capacities that
 * tickets give (envelope.ts). Whatever Sybils there are, their votes cross the attack edges, so at most as many are counted as those edges
 * carry: one each, and the few tickets that strayed over them.
 */

import { type Graph, twinsOf } from '@concordat/graph';
import { assert, type Prng } from '@concordat/kernel';
import type { Admissions } from '../routes/admission.ts';
import { createTickets, handOut, surveyLinks, type Tickets } from './envelope.ts';
import { createLinkHistory, type LinkHistory } from './history.ts';
import { countVotes, createVoteSearch } from './vote-flow.ts';

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
  readonly capacities: Int32Array;
}

/** Takes one vote out of the flow: its arcs from `voter` to `collector`, without the circles that a flow may contain. */
export function takePath(
  graph: Graph,
  flow: Int32Array,
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

/** Votes counted: how many, under which tickets, and by node who still waits. */
interface Count {
  readonly value: number;
  readonly tickets: Tickets;
  readonly isWaiting: Uint8Array;
}

/** Doubles the tickets until fewer votes come than they let through, and counts all that come then. The flow goes on: links only get wider. */
function countAdapted(
  graph: Graph,
  twins: Uint32Array,
  collector: number,
  voters: Uint32Array,
  options: VoteOptions,
  history: LinkHistory,
  random: Prng,
): Count {
  const { firstTickets = 100, fullness = 0.5, linkLimit = null } = options;
  const tickets = createTickets(surveyLinks(graph, twins, collector, linkLimit, history, random));
  const isWaiting = new Uint8Array(graph.nodeCount);
  for (const voter of voters) isWaiting[voter] = 1;
  const search = createVoteSearch({ graph, twins, residuals: tickets.residuals, isWaiting });
  let value = 0;
  for (let more = firstTickets; ; more = tickets.count) {
    handOut(tickets, more, history, random);
    // More tickets than voters never help: then links are as wide as they need to be, and only let Sybils in.
    const isLast = tickets.count >= voters.length;
    // One vote more than what makes the tickets too few says enough.
    const enough = isLast ? voters.length : Math.floor(fullness * tickets.count) + 1;
    value += countVotes(search, collector, enough - value);
    if (isLast || value < enough) return { value, tickets, isWaiting };
  }
}

/**
 * Collects votes from distinct `voters` of an undirected graph. One maximum flow, whatever the number of doublings; 20 bytes for each
 * arc. The history may be that of earlier collections around the same collector.
 */
export function collectVotes(
  graph: Graph,
  collector: number,
  voters: Uint32Array,
  options: VoteOptions,
  history: LinkHistory,
  random: Prng,
): Collection {
  assert(new Set(voters).size === voters.length, 'everybody has one vote');
  const twins = twinsOf(graph);
  const { value, tickets, isWaiting } = countAdapted(
    graph,
    twins,
    collector,
    voters,
    options,
    history,
    random,
  );
  // From who hears to who votes: what may come over an arc is what its twin carries.
  const capacities = tickets.capacities.map((_, arc) => tickets.capacities[twins[arc] as number] as number);
  const flow = capacities.map((capacity, arc) =>
    Math.max(0, capacity - (tickets.residuals[twins[arc] as number] as number)),
  );
  const places = new Int32Array(graph.nodeCount).fill(-1);
  const paths = Array.from(voters, (voter) =>
    isWaiting[voter] === 0 ? takePath(graph, flow, voter, collector, places) : null,
  );
  return { paths, collectedCount: value, ticketCount: tickets.count, capacities };
}

/** Everybody votes: admitted is whose vote the collector counts, and that is the score. `twins` are those of the graph. */
export function voteAdmissions(
  graph: Graph,
  collector: number,
  options: VoteOptions,
  random: Prng,
  twins = twinsOf(graph),
): Admissions {
  const voters = new Uint32Array(graph.nodeCount).map((_, node) => node);
  const history = createLinkHistory(graph.targets.length);
  const { isWaiting } = countAdapted(graph, twins, collector, voters, options, history, random);
  const accepted = isWaiting.map((waits) => 1 - waits);
  return { accepted, scores: new Float64Array(accepted) };
}
