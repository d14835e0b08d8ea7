/**
 * Properties of an account that people take for signs of honesty, each as a ranking. Local ones look at an account and its friends; those that
 * are like conductance look at how well what trusted accounts hold can flow to it.
 */

import { degreeOf, type Graph } from '@concordat/graph';
import { trianglesByArc } from '@concordat/sybil';
import { scoresBy } from '../../harness/sybil-trial.ts';

export interface Property {
  readonly name: string;
  readonly isLikeConductance: boolean;
  readonly scores: (graph: Graph, seeds: readonly number[]) => Float64Array;
}

const degrees = (graph: Graph): Float64Array =>
  new Float64Array(graph.nodeCount).map((_, node) => degreeOf(graph, node));

/** Fewer steps to the nearest seed are better; out of reach is worst. */
function closeness({ nodeCount, offsets, targets }: Graph, seeds: readonly number[]): Float64Array {
  const scores = new Float64Array(nodeCount).fill(-nodeCount);
  const queue = [...seeds];
  for (const seed of seeds) scores[seed] = 0;
  for (const node of queue)
    for (let arc = offsets[node] ?? 0; arc < (offsets[node + 1] ?? 0); arc += 1) {
      const target = targets[arc] ?? 0;
      if (scores[target] !== -nodeCount) continue;
      scores[target] = (scores[node] ?? 0) - 1;
      queue.push(target);
    }
  return scores;
}

/** Triangles that each account is part of. */
function triangles(graph: Graph): Float64Array {
  const byArc = trianglesByArc(graph);
  return new Float64Array(graph.nodeCount).map((_, node) => {
    const own = byArc.subarray(graph.offsets[node], graph.offsets[node + 1]);
    return own.reduce((sum, count) => sum + count, 0) / 2;
  });
}

/** Of all pairs of an account's friends, those who know each other. */
function clustering(graph: Graph): Float64Array {
  return triangles(graph).map((count, node) => {
    const degree = degreeOf(graph, node);
    return degree < 2 ? 0 : (2 * count) / (degree * (degree - 1));
  });
}

const ranked =
  (method: string) =>
  (graph: Graph, seeds: readonly number[]): Float64Array =>
    scoresBy(method, graph, { honest: seeds, sybils: [] });

export const PROPERTIES: readonly Property[] = [
  { name: 'degree', isLikeConductance: false, scores: degrees },
  { name: 'distance to seeds', isLikeConductance: false, scores: closeness },
  { name: 'clustering', isLikeConductance: false, scores: clustering },
  { name: 'triangles', isLikeConductance: false, scores: triangles },
  { name: 'sybilrank', isLikeConductance: true, scores: ranked('sybilrank') },
  { name: 'acl', isLikeConductance: true, scores: ranked('acl') },
  { name: 'local-community', isLikeConductance: true, scores: ranked('local-community') },
];
