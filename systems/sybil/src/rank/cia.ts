/**
 * CIA, criminal account inference (Yang et al., WWW 2012): badness starts at known Sybils and walks; at every step a share of it
 * starts over. Who holds much is near many of them. Badness is conserved and sums to 1.
 */

import { type Graph, neighbourSums, weightedDegrees } from '@concordat/graph';
import { NEEDS_SEEDS, type Ranking } from './ranking.ts';
import { relativeChange } from './sybilscar.ts';

/** The share of badness that starts over: the paper's damping of 0.85 read as the share that walks on. */
export const CIA_RESTART = 0.15;
const MAX_STEPS = 100;
const TOLERANCE = 1e-4;

/** Probability by node of a walk with restarts from `starts`, to a relative change of 1e-4 or `steps` steps; it contracts by 1 - restart a step. */
export function walkWithRestart(
  graph: Graph,
  starts: readonly number[],
  restart: number,
  steps = MAX_STEPS,
): Float64Array {
  const { nodeCount } = graph;
  const degrees = weightedDegrees(graph);
  const begin = new Float64Array(nodeCount);
  for (const node of starts) begin[node] = 1 / starts.length;
  let mass = begin.slice();
  let next = new Float64Array(nodeCount);
  const share = new Float64Array(nodeCount);
  for (let step = 0; step < steps; step += 1) {
    for (let node = 0; node < nodeCount; node += 1)
      share[node] = degrees[node] === 0 ? 0 : (mass[node] as number) / (degrees[node] as number);
    neighbourSums(graph, share, next);
    for (let node = 0; node < nodeCount; node += 1) {
      const arrived = degrees[node] === 0 ? (mass[node] as number) : (next[node] as number);
      next[node] = (1 - restart) * arrived + restart * (begin[node] as number);
    }
    const change = relativeChange(mass, next);
    [mass, next] = [next, mass];
    if (change < TOLERANCE) break;
  }
  return mass;
}

export const cia: Ranking = {
  name: 'cia',
  source:
    "Yang, Harkreader, Zhang, Shin, Gu: Analyzing spammers' social networks for fun and profit, WWW 2012",
  needs: { ...NEEDS_SEEDS, honest: false, sybils: true },
  rank: (graph, labels, options) =>
    walkWithRestart(graph, labels.sybils, options.restart ?? CIA_RESTART, options.steps).map(
      (badness) => -badness,
    ),
};
