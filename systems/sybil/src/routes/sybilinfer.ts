/**
 * SybilInfer (Danezis and Mittal, NDSS 2009): which sets of accounts could be the honest ones, given where short walks end? A Metropolis-
 * Hastings chain draws such sets, each as often as it is likely, and the share of them that hold an account is its probability to be honest.
 * Seeds are in every set.
 *
 * Deviations: the chain begins at the likeliest prefix of SybilRank's order, because one node at a time it would hardly ever get whole
 * communities from one side to the other; and accounts are honest with a prior of 0.9 (the paper: 1/2), which decides only where the
 * traces show no cut at all.
 */

import { connectedComponents, descendingOrder, type Graph, inducedSubgraph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { scoreOfTrust, spreadTrust, walkLength } from '../rank/sybilrank.ts';
import type { Admissions } from './admission.ts';
import { type Cut, countsAfter, countsOf, emptyCut, logLikelihood, moveNode } from './likelihood.ts';
import { type Traces, traceWalks } from './traces.ts';

export interface InferOptions {
  /** s, walks from each node: 20 in the paper. */
  readonly walksPerNode?: number;
  /** l, O(log n); default ceil(log2 n). */
  readonly steps?: number;
  /** Sets that are kept of the chain. */
  readonly sampleCount?: number;
  /** Sets that are passed over first. */
  readonly burnIn?: number;
  /** Probability to be honest before anything is known, in (0, 1). */
  readonly prior?: number;
  /** Nodes of the largest graph that is taken on. */
  readonly nodeLimit?: number;
}

const NODE_LIMIT = 100_000;

/** Why the graph is not taken on, as a sentence, or null. */
export function inferObjection(
  graph: Graph,
  seeds: readonly number[],
  options: InferOptions = {},
): string | null {
  const { nodeLimit = NODE_LIMIT, sampleCount = 100 } = options;
  if (graph.isDirected) return 'SybilInfer needs an undirected graph';
  if (seeds.length === 0) return 'SybilInfer needs accounts known to be honest';
  if (graph.nodeCount <= nodeLimit) return null;
  return `SybilInfer draws n ln n proposals for each of ${sampleCount} samples: a graph of ${graph.nodeCount} nodes is above its limit of ${nodeLimit}; take SybilRank, or raise the limit and wait`;
}

/** Puts the likeliest prefix of `order` on the honest side of an empty cut; the first `least` nodes are in it in any case. */
function placePrefix(cut: Cut, order: Uint32Array, least: number, logOdds: number): void {
  let [best, bestLength] = [Number.NEGATIVE_INFINITY, least];
  for (let length = 1; length <= order.length; length += 1) {
    moveNode(cut, order[length - 1] as number);
    const value = logLikelihood(cut.traces, countsOf(cut)) + length * logOdds;
    if (length >= least && value > best) [best, bestLength] = [value, length];
  }
  for (let at = order.length - 1; at >= bestLength; at -= 1) moveNode(cut, order[at] as number);
}

/** One period of the chain: as many proposals as it takes to try every node some times. */
function runChain(cut: Cut, isSeed: Uint8Array, proposals: number, logOdds: number, random: Prng): void {
  const nodeCount = isSeed.length;
  let current = logLikelihood(cut.traces, countsOf(cut));
  for (let turn = 0; turn < proposals; turn += 1) {
    const node = random.below(nodeCount);
    if (isSeed[node] === 1) continue;
    const proposed = logLikelihood(cut.traces, countsAfter(cut, node));
    const gain = proposed - current + (cut.isHonest[node] === 1 ? -logOdds : logOdds);
    if (gain < 0 && random.unit() >= Math.exp(gain)) continue;
    moveNode(cut, node);
    current = proposed;
  }
}

/** Seeds first, then everybody by SybilRank. */
function seededOrder(graph: Graph, seeds: readonly number[], isSeed: Uint8Array): Uint32Array {
  const trust = spreadTrust(graph, seeds);
  const scores = scoreOfTrust(graph, trust, 'suspects');
  const order = descendingOrder(
    scores.map((score, node) => (isSeed[node] === 1 ? Number.POSITIVE_INFINITY : score)),
  );
  return order;
}

/** Share of the drawn sets that hold each node. */
function sampleSets(
  graph: Graph,
  seeds: readonly number[],
  traces: Traces,
  options: InferOptions,
  random: Prng,
): Float64Array {
  const { sampleCount = 100, burnIn = 10, prior = 0.9 } = options;
  const { nodeCount } = graph;
  const logOdds = Math.log(prior / (1 - prior));
  const isSeed = new Uint8Array(nodeCount);
  for (const seed of seeds) isSeed[seed] = 1;
  const cut = emptyCut(traces);
  placePrefix(cut, seededOrder(graph, seeds, isSeed), seeds.length, logOdds);
  const proposals = Math.ceil(nodeCount * Math.log(Math.max(2, nodeCount)));
  const share = new Float64Array(nodeCount);
  for (let sample = -burnIn; sample < sampleCount; sample += 1) {
    runChain(cut, isSeed, proposals, logOdds, random);
    if (sample < 0) continue;
    for (let node = 0; node < nodeCount; node += 1)
      share[node]! += (cut.isHonest[node] as number) / sampleCount;
  }
  return share;
}

/**
 * The probability of each node to be honest; admitted is who has at least 1/2. Nodes out of reach of the seeds have 0. Only after
 * `inferObjection` returned null. O(samples * n log n) time, some 250 bytes for each node.
 */
export function inferAdmissions(
  graph: Graph,
  seeds: readonly number[],
  options: InferOptions,
  random: Prng,
): Admissions {
  const { walksPerNode = 20, steps = walkLength(graph.nodeCount) } = options;
  const { of } = connectedComponents(graph);
  const homes = new Set(seeds.map((seed) => of[seed]));
  const reached: number[] = [];
  for (let node = 0; node < graph.nodeCount; node += 1) if (homes.has(of[node])) reached.push(node);
  const { graph: part, nodes, numbers } = inducedSubgraph(graph, reached);
  const traces = traceWalks(part, walksPerNode, steps, random);
  const own = seeds.map((seed) => numbers[seed] as number);
  const scores = new Float64Array(graph.nodeCount);
  for (const [at, share] of sampleSets(part, own, traces, options, random).entries())
    scores[nodes[at] as number] = share;
  return { accepted: Uint8Array.from(scores, (score) => (score >= 1 / 2 ? 1 : 0)), scores };
}
