/**
 * Rankings put together by the mean of their places (Borda's count), which needs no common unit. Ours, not of a paper.
 *
 * Why both orders of each walk: trust over degree is even across an honest region, but of an account with two friends it is the mean of
 * two numbers, and half of all accounts have few: its noise falls as 1 / degree. Trust alone has little noise and a bias for hubs.
 * One errs on accounts of low degree, the other on those of high degree. Why two walks: SybilRank's has one length and sees the global
 * shape, ACL's mixes all lengths, mostly short ones, and sees the neighbourhood of the seeds.
 *
 * Where not to use it: trust alone counts friends, which Sybils make among themselves for nothing. It is for networks of single frauds, where
 * an edge costs a deal with somebody; against a dense Sybil region it is worse than SybilRank. The directed one counts in half what
 * comes along arcs from trusted accounts, which cannot be made for nothing.
 */

import { descendingOrder, type Graph, undirectedForm } from '@concordat/graph';
import { seedPageRank } from './acl.ts';
import { NEEDS_SEEDS, type Ranking } from './ranking.ts';
import { scoreOfTrust, spreadTrust } from './sybilrank.ts';
import { trustAlongArcs } from './trustrank.ts';

/** The place of each score as a share of all, 0 the lowest; equal scores have the mean of their places. */
export function placesOf(scores: Float64Array): Float64Array {
  const order = descendingOrder(scores).reverse();
  const places = new Float64Array(scores.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && scores[order[to] as number] === scores[order[from] as number]) to += 1;
    for (let at = from; at < to; at += 1) places[order[at] as number] = (from + to - 1) / 2 / order.length;
    from = to;
  }
  return places;
}

/** The mean place of each node in several lists of scores, at least one. */
export function meanPlaces(lists: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(lists[0]?.length ?? 0);
  for (const list of lists)
    for (const [node, place] of placesOf(list).entries()) sum[node]! += place / lists.length;
  return sum;
}

/** Both walks in both orders over an undirected graph. */
export function walksInBothOrders(graph: Graph, seeds: readonly number[]): Float64Array[] {
  return [spreadTrust(graph, seeds), seedPageRank(graph, seeds)].flatMap((trust) => [
    trust,
    scoreOfTrust(graph, trust, 'suspects'),
  ]);
}

export const consensus: Ranking = {
  name: 'consensus',
  source: 'mean place of SybilRank and ACL, each by trust and by trust over degree',
  needs: NEEDS_SEEDS,
  rank: (graph, labels) => meanPlaces(walksInBothOrders(graph, labels.honest)),
};

/** The same on a directed graph, where TrustRank along the arcs counts as much as all four lists of the undirected reading. */
export const directedConsensus: Ranking = {
  name: 'directed-consensus',
  source: 'mean place of TrustRank along arcs and of consensus on the undirected graph',
  needs: { ...NEEDS_SEEDS, isDirected: true },
  rank: (graph, labels) =>
    meanPlaces([
      trustAlongArcs(graph, labels.honest),
      meanPlaces(walksInBothOrders(undirectedForm(graph), labels.honest)),
    ]),
};
