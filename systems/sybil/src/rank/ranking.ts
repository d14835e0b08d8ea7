/**
 * What every ranking is: from a graph and a few accounts that somebody vouches for or has convicted to one score per node, higher
 * for more honest. Methods differ in what they need to know, and `needs` says so, because a comparison between one that was told
 * Sybils and one that was not is unfair. Scores of different methods have different units: only their order is comparable.
 */

import type { Graph } from '@concordat/graph';

/** Accounts that somebody decided about before; some of the decisions may be wrong. Distinct nodes of the graph. */
export interface Labels {
  readonly honest: readonly number[];
  readonly sybils: readonly number[];
}

/**
 * What the order is for. Suspects are taken from the low end, where a node's share of trust over its degree tells most; a whitelist
 * from the high end, where that quotient lets in nodes of degree 1 that hang on one attack edge, so plain trust orders it.
 */
export type Purpose = 'suspects' | 'whitelist';

export interface RankOptions {
  /** Default: suspects. */
  readonly purpose?: Purpose;
  /** Steps of a walk or rounds of propagation; each method has the default of its paper. */
  readonly steps?: number;
  /** Probability that a walk starts over, in (0, 1): CIA and TrustRank 0.15, ACL 0.01. */
  readonly restart?: number;
  /** ACL: a node's residual stays below this times its degree. Default 1e-6. */
  readonly residual?: number;
  /** How sure a label is, in (0.5, 1]: the probability to be honest of a node that is labelled so. Default 0.9. */
  readonly confidence?: number;
  /** SybilSCAR-C and GANG: what a neighbour's conviction counts for, `w - 0.5` of the papers. */
  readonly coupling?: number;
  /** SybilSCAR-C and GANG: refuse a coupling for which convergence is not proved. Default false: rounds are bounded instead. */
  readonly mustConverge?: boolean;
  /** SybilBelief: the probability that neighbours are of one kind, in (0.5, 1). Default 0.9. */
  readonly homophily?: number;
  /** Integro: for each node the probability that it has accepted a Sybil's request. */
  readonly victims?: Float64Array;
  /** Negative ratings over the same nodes, directed, weights above zero: what signed methods add to the graph. */
  readonly distrust?: Graph;
}

export interface Needs {
  readonly honest: boolean;
  readonly sybils: boolean;
  /** Directed methods read arcs as follows or ratings; the others take an undirected graph. */
  readonly isDirected: boolean;
  readonly victims: boolean;
  readonly distrust: boolean;
  /** Whether weights of edges change the result. */
  readonly usesWeights: boolean;
}

export interface Ranking {
  readonly name: string;
  /** Where it is from. */
  readonly source: string;
  readonly needs: Needs;
  /** Why this method cannot rank with these inputs beyond missing ones, with the formula that fails; null: it can. */
  readonly objection?: (graph: Graph, labels: Labels, options: RankOptions) => string | null;
  /** Scores by node; only after `objectionTo` returned null. */
  readonly rank: (graph: Graph, labels: Labels, options: RankOptions) => Float64Array;
}

export const NEEDS_SEEDS: Needs = {
  honest: true,
  sybils: false,
  isDirected: false,
  victims: false,
  distrust: false,
  usesWeights: true,
};

/** Why `nodes` cannot be labels of a graph of so many nodes, or null. */
export function labelObjection(kind: string, nodes: readonly number[], nodeCount: number): string | null {
  for (const node of nodes)
    if (!Number.isInteger(node) || node < 0 || node >= nodeCount)
      return `${kind} label ${node} is not a node of the graph (0 .. ${nodeCount - 1})`;
  return new Set(nodes).size < nodes.length ? `a node is twice among the ${kind} labels` : null;
}

const isBetween = (value: number | undefined, low: number, high: number): boolean =>
  value === undefined || (value > low && value < high);

function optionObjection(options: RankOptions): string | null {
  const { steps, restart, residual, confidence, homophily, coupling } = options;
  if (steps !== undefined && !(Number.isInteger(steps) && steps >= 0)) return 'steps: 0, 1, 2 ...';
  if (!isBetween(restart, 0, 1)) return `restart ${restart}: between 0 and 1, both excluded`;
  if (!isBetween(residual, 0, 1)) return `residual ${residual}: between 0 and 1, both excluded`;
  if (!isBetween(confidence, 0.5, 1) && confidence !== 1)
    return `confidence ${confidence}: above 0.5, at most 1`;
  if (!isBetween(homophily, 0.5, 1)) return `homophily ${homophily}: between 0.5 and 1, both excluded`;
  if (!isBetween(coupling, 0, Infinity)) return `coupling ${coupling}: finite and above 0`;
  return null;
}

function needsObjection(needs: Needs, graph: Graph, labels: Labels, options: RankOptions): string | null {
  if (needs.honest && labels.honest.length === 0) return 'needs accounts known to be honest';
  if (needs.sybils && labels.sybils.length === 0) return 'needs accounts known to be Sybils';
  if (needs.isDirected !== graph.isDirected)
    return `needs ${needs.isDirected ? 'a directed' : 'an undirected'} graph`;
  if (needs.distrust) {
    if (options.distrust === undefined) return 'needs negative ratings';
    if (options.distrust.nodeCount !== graph.nodeCount) return 'negative ratings are over other nodes';
    if (!options.distrust.isDirected) return 'negative ratings have a direction';
  }
  if (!needs.victims) return null;
  if (options.victims?.length !== graph.nodeCount) return 'needs a victim probability for every node';
  return options.victims.every((value) => value >= 0 && value <= 1)
    ? null
    : 'a victim probability is not in [0, 1]';
}

/** Why `ranking` cannot rank with these inputs, as a sentence for the user, or null when it can. Linear in labels and nodes. */
export function objectionTo(
  ranking: Ranking,
  graph: Graph,
  labels: Labels,
  options: RankOptions,
): string | null {
  const found =
    labelObjection('honest', labels.honest, graph.nodeCount) ??
    labelObjection('Sybil', labels.sybils, graph.nodeCount) ??
    optionObjection(options) ??
    needsObjection(ranking.needs, graph, labels, options) ??
    ranking.objection?.(graph, labels, options) ??
    null;
  return found === null ? null : `${ranking.name}: ${found}`;
}

/**
 * Residual priors (value - 0.5) by node: `confidence - 0.5` for honest labels, its negative for Sybil labels, 0 for everybody else.
 * A node that is labelled both ways counts as unlabelled.
 */
export function residualPriors(nodeCount: number, labels: Labels, confidence: number): Float64Array {
  const priors = new Float64Array(nodeCount);
  for (const node of labels.honest) priors[node]! += confidence - 0.5;
  for (const node of labels.sybils) priors[node]! -= confidence - 0.5;
  return priors;
}
