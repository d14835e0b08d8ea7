/**
 * SybilInfer (Danezis and Mittal, NDSS 2009): which sets of accounts could be the honest ones, given where short walks end? A Markov chain
 * draws such sets, each as often as it is likely, and says of each account how likely it is to be honest. Seeds are in every set.
 *
 * Deviations: the chain begins at the likeliest prefix of SybilRank's order, because one node at a time it would hardly ever get whole
 * communities from one side to the other. It draws the sides of all nodes in turn, each given those of the others (the paper: proposals for
 * random nodes, n ln n of them to come to everybody, where a turn through all takes n), and a score is the mean of those probabilities
 * instead of the share of sets that hold the node: both tend to the same, with less noise. Accounts are honest with a prior of 0.9 (the
 * paper: 1/2), which decides only where the traces show no cut at all.
 */

import { connectedComponents, descendingOrder, type Graph, inducedSubgraph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { scoreOfTrust, spreadTrust, walkLength } from '../rank/sybilrank.ts';
import { type Admissions, markedAbove } from './admission.ts';
import {
  type Cut,
  createLogTables,
  emptyCut,
  type LogTables,
  logLikelihood,
  moveNode,
} from './likelihood.ts';
import { type Traces, traceWalks } from './traces.ts';

export interface InferOptions {
  /** s, walks from each node: 20 in the paper. */
  readonly walksPerNode?: number;
  /** l, O(log n); default ceil(log2 n). */
  readonly steps?: number;
  /**
   * Sets that are kept of the chain: turns through all nodes. Default 50: means over them are nearer to those over 1,000 sets than shares
   * of 100 sets are.
   */
  readonly sampleCount?: number;
  /** Sets that are passed over first. */
  readonly burnIn?: number;
  /** Probability to be honest before anything is known, in (0, 1). */
  readonly prior?: number;
  /** Nodes of the largest graph that is taken on. */
  readonly nodeLimit?: number;
}

const NODE_LIMIT = 1_000_000;

/** Why the graph is not taken on, as a sentence, or null. */
export function inferObjection(
  graph: Graph,
  seeds: readonly number[],
  options: InferOptions = {},
): string | null {
  const { nodeLimit = NODE_LIMIT } = options;
  if (graph.isDirected) return 'SybilInfer needs an undirected graph';
  if (seeds.length === 0) return 'SybilInfer needs accounts known to be honest';
  if (graph.nodeCount <= nodeLimit) return null;
  return `SybilInfer keeps the ends of all walks in memory: a graph of ${graph.nodeCount} nodes is above its limit of ${nodeLimit}; take SybilRank, or raise the limit`;
}

/** Puts the likeliest prefix of `order` on the honest side of an empty cut; the first `least` nodes are in it in any case. */
function placePrefix(cut: Cut, tables: LogTables, order: Uint32Array, least: number, logOdds: number): void {
  const { offsets, others, loops } = cut.traces;
  const places = new Uint32Array(order.length);
  for (let at = 0; at < order.length; at += 1) places[order[at] as number] = at;
  let [honest, sybil] = [cut.stayingHonest, cut.stayingSybil];
  let [best, bestLength] = [Number.NEGATIVE_INFINITY, least];
  for (let at = 0; at < order.length; at += 1) {
    const node = order[at] as number;
    const [first, last] = [offsets[node] as number, offsets[node + 1] as number];
    let before = 0;
    for (let walk = first; walk < last; walk += 1)
      if ((places[others[walk] as number] as number) < at) before += 1;
    honest += before + (loops[node] as number);
    sybil -= last - first - before + (loops[node] as number);
    const value = logLikelihood(tables, at + 1, honest, sybil) + (at + 1) * logOdds;
    if (at + 1 >= least && value > best) [best, bestLength] = [value, at + 1];
  }
  for (const node of order.subarray(0, bestLength)) moveNode(cut, node);
}

/** Logarithm of odds beyond which the less likely side is not drawn: it would be once in 10 thousand million times. */
const CERTAIN = 23;

/**
 * Draws the side of each node in turn, given those of all others, and adds to `sums` how likely it was to be honest. Seeds stay where
 * they are.
 */
export function sweepSides(
  cut: Cut,
  tables: LogTables,
  isSeed: Uint8Array,
  logOdds: number,
  sums: Float64Array,
  random: Prng,
): void {
  const { isHonest, honestEnds } = cut;
  const { offsets, loops } = cut.traces;
  let current = logLikelihood(tables, cut.honestCount, cut.stayingHonest, cut.stayingSybil);
  for (let node = 0; node < isHonest.length; node += 1) {
    if (isSeed[node] === 1) continue;
    const change = isHonest[node] === 1 ? -1 : 1;
    const [ends, loop] = [honestEnds[node] as number, loops[node] as number];
    const otherEnds = (offsets[node + 1] as number) - (offsets[node] as number) - ends;
    const moved = logLikelihood(
      tables,
      cut.honestCount + change,
      cut.stayingHonest + change * (ends + loop),
      cut.stayingSybil - change * (otherEnds + loop),
    );
    const gain = moved - current + change * logOdds;
    const chance = gain < -CERTAIN ? 0 : 1 / (1 + Math.exp(-gain));
    sums[node]! += change === 1 ? chance : 1 - chance;
    if (chance === 0 || random.unit() >= chance) continue;
    moveNode(cut, node);
    current = moved;
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

/** The mean of each node's probability to be honest over the drawn sets. */
function sampleSets(
  graph: Graph,
  seeds: readonly number[],
  traces: Traces,
  options: InferOptions,
  random: Prng,
): Float64Array {
  const { sampleCount = 50, burnIn = 10, prior = 0.9 } = options;
  const { nodeCount } = graph;
  const logOdds = Math.log(prior / (1 - prior));
  const isSeed = new Uint8Array(nodeCount);
  for (const seed of seeds) isSeed[seed] = 1;
  const cut = emptyCut(traces);
  const tables = createLogTables(nodeCount, traces.perNode);
  placePrefix(cut, tables, seededOrder(graph, seeds, isSeed), seeds.length, logOdds);
  const sums = new Float64Array(nodeCount);
  for (let sweep = 0; sweep < burnIn; sweep += 1) sweepSides(cut, tables, isSeed, logOdds, sums, random);
  sums.fill(0);
  for (let sweep = 0; sweep < sampleCount; sweep += 1) sweepSides(cut, tables, isSeed, logOdds, sums, random);
  return sums.map((sum, node) => (isSeed[node] === 1 ? 1 : sum / sampleCount));
}

/**
 * The probability of each node to be honest; admitted is who has at least 1/2. Nodes out of reach of the seeds have 0. Only after
 * `inferObjection` returned null. O(n log n) for the walks and O(samples * n) for the chain, some 450 bytes for each node.
 */
export function inferAdmissions(
  graph: Graph,
  seeds: readonly number[],
  options: InferOptions,
  random: Prng,
): Admissions {
  const { walksPerNode = 20, steps = walkLength(graph.nodeCount) } = options;
  const { of, count } = connectedComponents(graph);
  const isHome = new Uint8Array(count);
  for (const seed of seeds) isHome[of[seed] as number] = 1;
  const everybody = new Uint32Array(graph.nodeCount).map((_, node) => node);
  const reached = everybody.filter((node) => isHome[of[node] as number] === 1);
  const { graph: part, nodes, numbers } = inducedSubgraph(graph, reached);
  const traces = traceWalks(part, walksPerNode, steps, random);
  const own = seeds.map((seed) => numbers[seed] as number);
  const scores = new Float64Array(graph.nodeCount);
  const shares = sampleSets(part, own, traces, options, random);
  for (let at = 0; at < shares.length; at += 1) scores[nodes[at] as number] = shares[at] as number;
  return { accepted: markedAbove(scores, 1 / 2), scores };
}
