/**
 * Personalised PageRank from trusted seeds (Andersen, Chung, Lang, FOCS 2006) as a ranking: the SoK of Alvisi et al. (S&P 2013) whitelists
 * by it. Local: work and reach depend on the restart and the residual, not on the graph. Who is not reached scores 0.
 */

import { createPushScratch, type Graph, pushPageRank, scoresOfAll } from '@concordat/graph';
import { NEEDS_SEEDS, type Ranking } from './ranking.ts';
import { scoreOfTrust } from './sybilrank.ts';

export const ACL_RESTART = 0.01;
export const ACL_RESIDUAL = 1e-6;

/**
 * Probability mass by node of the lazy walk from `seeds`, up to `residual` times the degree too low. Each seed starts it as often, or, with
 * `weights`, as often as those say.
 */
export function seedPageRank(
  graph: Graph,
  seeds: readonly number[],
  restart = ACL_RESTART,
  residual = ACL_RESIDUAL,
  weights: readonly number[] | null = null,
): Float64Array {
  const options = { teleport: restart, tolerance: residual };
  const ranked = pushPageRank(createPushScratch(graph), { nodes: seeds, weights }, options);
  return scoresOfAll(graph.nodeCount, ranked.nodes, ranked.estimates);
}

export const acl: Ranking = {
  name: 'acl',
  source: 'Andersen, Chung, Lang: Local graph partitioning using PageRank vectors, FOCS 2006',
  needs: NEEDS_SEEDS,
  rank: (graph, labels, { restart, residual, purpose = 'suspects' }) =>
    scoreOfTrust(graph, seedPageRank(graph, labels.honest, restart, residual), purpose),
};
