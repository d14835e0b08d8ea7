/**
 * The schemes that admit, as rankings: by the score that each gives beside its yes or no. They draw routes, walks and tickets, so each
 * takes a seed of its own: the same inputs give the same scores. SybilLimit's score, a count of few, is ranked by its expectation.
 */

import { degreeOf, type Graph, twinsOf } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import { type Labels, NEEDS_SEEDS, type Ranking, type RankOptions } from '../rank/ranking.ts';
import { walkLength } from '../rank/sybilrank.ts';
import { voteAdmissions } from '../votes/sumup.ts';
import { type Admissions, combinedAdmissions } from './admission.ts';
import { gateAdmissions } from './gatekeeper.ts';
import { createRouting } from './route.ts';
import { guardAdmissionsOf, guardRouteLength } from './sybilguard.ts';
import { inferAdmissions, inferObjection } from './sybilinfer.ts';
import { estimateInstances, expectedLimitScores, limitAdmissions } from './sybillimit.ts';

/** Seeds that act as verifiers, each at full cost; more of them change the mean little. */
const VERIFIERS = 5;

/** How a scheme admits, given what a ranking is given. */
export type Admit = (graph: Graph, labels: Labels, options: RankOptions, random: Prng) => Admissions;

function verifiersOf(graph: Graph, { honest }: Labels): readonly number[] {
  const able = honest.filter((seed) => degreeOf(graph, seed) > 0);
  return (able.length > 0 ? able : honest).slice(0, VERIFIERS);
}

function byVerifier(graph: Graph, labels: Labels, admit: (verifier: number) => Admissions): Admissions {
  return combinedAdmissions(graph.nodeCount, verifiersOf(graph, labels).map(admit));
}

const stepsOf = (graph: Graph, { steps }: RankOptions): number => steps ?? walkLength(graph.nodeCount);

/** Suspects in a random order: by number those who came first would be served first. */
export function randomOrder(nodeCount: number, random: Prng): Uint32Array {
  const order = new Uint32Array(nodeCount).map((_, node) => node);
  for (let at = nodeCount - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [order[at], order[other]] = [order[other] as number, order[at] as number];
  }
  return order;
}

export const admitByGuard: Admit = (graph, labels, { steps }, random) => {
  const routing = createRouting(graph);
  const routeLength = steps ?? guardRouteLength(graph.nodeCount);
  const each = guardAdmissionsOf(routing, verifiersOf(graph, labels), { routeLength }, random);
  return combinedAdmissions(graph.nodeCount, each);
};

export const admitByLimit: Admit = (graph, labels, options, random) => {
  const routing = createRouting(graph);
  const routeLength = stepsOf(graph, options);
  const order = randomOrder(graph.nodeCount, random);
  return byVerifier(graph, labels, (verifier) => {
    const { instanceCount } = estimateInstances(routing, verifier, routeLength, random);
    return limitAdmissions(routing, verifier, { instanceCount, routeLength, order }, random);
  });
};

export const admitByInference: Admit = (graph, { honest }, { steps, confidence }, random) =>
  inferAdmissions(
    graph,
    honest,
    { ...(steps === undefined ? {} : { steps }), ...(confidence === undefined ? {} : { prior: confidence }) },
    random,
  );

export const admitByGate: Admit = (graph, { honest }, options, random) =>
  gateAdmissions(graph, honest, { walkLength: stepsOf(graph, options) }, random);

export const admitByVotes: Admit = (graph, labels, _, random) => {
  const twins = twinsOf(graph);
  return byVerifier(graph, labels, (collector) => voteAdmissions(graph, collector, {}, random, twins));
};

/** A scheme as a ranking; `seed` of its dice. */
export function rankingOf(name: string, source: string, admit: Admit, seed = 1): Ranking {
  return {
    name,
    source,
    needs: { ...NEEDS_SEEDS, usesWeights: false },
    rank: (graph, labels, options) => admit(graph, labels, options, createPrng(seed, name)).scores,
  };
}

/** All of them, by name. */
export const ROUTE_RANKINGS: readonly Ranking[] = [
  rankingOf(
    'gatekeeper',
    'Tran, Li, Subramanian, Chow: Optimal Sybil-resilient node admission control, INFOCOM 2011',
    admitByGate,
  ),
  rankingOf(
    'sumup',
    'Tran, Min, Li, Subramanian: Sybil-resilient online content voting, NSDI 2009',
    admitByVotes,
  ),
  rankingOf('sybilguard', 'Yu, Kaminsky, Gibbons, Flaxman: SybilGuard, SIGCOMM 2006', admitByGuard),
  {
    ...rankingOf('sybilinfer', 'Danezis, Mittal: SybilInfer, NDSS 2009', admitByInference),
    objection: (graph, labels) => inferObjection(graph, labels.honest),
  },
  {
    name: 'sybillimit',
    source: 'Yu, Gibbons, Kaminsky, Xiao: SybilLimit, IEEE S&P 2008',
    needs: { ...NEEDS_SEEDS, usesWeights: false },
    rank: (graph, { honest }, options) =>
      expectedLimitScores({ ...graph, weights: null }, honest, stepsOf(graph, options)),
  },
];
