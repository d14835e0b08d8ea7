/**
 * Where a random walk is after so many steps, exactly: mass spreads along the arcs, none of it is lost. With few steps it stays on the
 * side of a sparse cut where it began, which is what SybilRank and its kin rank by.
 */

import { weightedDegrees } from '../degrees.ts';
import type { Graph } from '../graph.ts';
import { reversed } from '../parts/directions.ts';
import { plannedSums, planSums } from '../rank/neighbour-sums.ts';

/**
 * The mass of `start` after `steps` steps, by node. Each step divides a node's mass over its arcs by weight; a node without arcs keeps
 * what it has.
 */
export function spreadMass(graph: Graph, start: Float64Array, steps: number): Float64Array {
  const plan = planSums(reversed(graph));
  const inverses = weightedDegrees(graph).map((degree) => (degree === 0 ? 0 : 1 / degree));
  const hasStranded = inverses.includes(0);
  const shares = new Float64Array(graph.nodeCount);
  let mass = start.slice();
  let next = new Float64Array(graph.nodeCount);
  for (let step = 0; step < steps; step += 1) {
    for (let node = 0; node < mass.length; node += 1)
      shares[node] = (mass[node] as number) * (inverses[node] as number);
    plannedSums(plan, shares, next);
    for (let node = 0; hasStranded && node < mass.length; node += 1)
      if (inverses[node] === 0) next[node]! += mass[node] as number;
    [mass, next] = [next, mass];
  }
  return mass;
}
