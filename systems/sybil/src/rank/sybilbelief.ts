/**
 * SybilBelief (Gong, Frank, Mittal, TIFS 2014): every account is honest or not; a pairwise Markov random field says that neighbours
 * are of one kind with probability `homophily`, and loopy belief propagation finds how likely each account is honest. Messages and
 * beliefs are odds, honest to Sybil, so that a round multiplies and never takes a logarithm: within (1/h, h) for messages, with
 * h = homophily / (1 - homophily). Products over a thousand neighbours leave the doubles, so they carry a power of SCALE beside them.
 */

import { type Graph, twinsOf } from '@concordat/graph';
import { NEEDS_SEEDS, type Ranking, residualPriors } from './ranking.ts';

export const BELIEF_ROUNDS = 10;
const SCALE = 2 ** 400;
const LN_SCALE = 400 * Math.LN2;

/** The odds that a prior probability means, kept away from certainty so that no belief is infinite. */
function priorOdds(residual: number): number {
  const probability = Math.min(1 - 1e-10, Math.max(1e-10, residual + 0.5));
  return probability / (1 - probability);
}

/** `belief x SCALE ** power`, cut to where every message has long reached its limit. `belief` is within 1 / SCALE and SCALE. */
function boundedOdds(belief: number, power: number): number {
  if (power === 0) return belief;
  const factor = power > 0 ? SCALE : 1 / SCALE;
  return Math.abs(power) === 1 ? belief * factor : factor;
}

/**
 * Natural logarithms of the odds to be honest, by node, after `rounds` rounds in which all messages are sent at once. `priors` are
 * residuals (probability - 0.5) by node. Exact on trees of a diameter up to `rounds`. Weights are not used.
 */
export function beliefs(graph: Graph, priors: Float64Array, homophily: number, rounds: number): Float64Array {
  const { nodeCount, offsets } = graph;
  const twins = twinsOf(graph);
  const other = 1 - homophily;
  const odds = priors.map(priorOdds);
  // The message to the owner of a row from the node that the arc leads to.
  let inbox = new Float64Array(twins.length).fill(1);
  let outbox = new Float64Array(twins.length);
  const logOdds = new Float64Array(nodeCount);
  for (let round = 0; round <= rounds; round += 1) {
    for (let node = 0; node < nodeCount; node += 1) {
      const [from, to] = [offsets[node] as number, offsets[node + 1] as number];
      let [belief, power] = [odds[node] as number, 0];
      for (let arc = from; arc < to; arc += 1) {
        belief *= inbox[arc] as number;
        if (belief > SCALE) {
          belief /= SCALE;
          power += 1;
        } else if (belief < 1 / SCALE) {
          belief *= SCALE;
          power -= 1;
        }
      }
      if (round === rounds) logOdds[node] = Math.log(belief) + power * LN_SCALE;
      belief = boundedOdds(belief, power);
      for (let arc = from; arc < to && round < rounds; arc += 1) {
        const cavity = belief / (inbox[arc] as number);
        outbox[twins[arc] as number] = (homophily * cavity + other) / (other * cavity + homophily);
      }
    }
    [inbox, outbox] = [outbox, inbox];
  }
  return logOdds;
}

export const sybilBelief: Ranking = {
  name: 'sybilbelief',
  source: 'Gong, Frank, Mittal: SybilBelief, IEEE TIFS 9(6), 2014',
  needs: { ...NEEDS_SEEDS, usesWeights: false },
  rank: (graph, labels, options) => {
    const priors = residualPriors(graph.nodeCount, labels, options.confidence ?? 0.9);
    return beliefs(graph, priors, options.homophily ?? 0.9, options.steps ?? BELIEF_ROUNDS);
  },
};
