/**
 * Whether a graph mixes fast, which the bounds of most schemes assume of its honest part: a few of the largest eigenvalues of its random
 * walk, by subspace iteration with Rayleigh and Ritz, and how far the seeds' own walk is from its limit after O(log n) steps.
 *
 * Each eigenvalue above `1 - 1 / log2 n` is a direction in which a walk of log2 n steps does not mix, so their number is that of communities
 * as such a walk sees them (the higher-order Cheeger inequality: Lee, Oveis Gharan and Trevisan, STOC 2012). Values come from below: there
 * may be more communities than are counted, not fewer.
 */

import { type Graph, weightedDegrees } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { walkLength } from '../rank/sybilrank.ts';
import { eigenSymmetric, orthonormalise, products, WIDTH } from './eigen.ts';
import { stepAll } from './eigen-step.ts';

const TURNS = 40;

export interface Mixing {
  /** Eigenvalues of the walk (not lazy; signs dropped by making it so first), descending; the first is 1. */
  readonly eigenvalues: readonly number[];
  /** 1 less the second of them. */
  readonly spectralGap: number;
  /** Directions that a walk of `steps` does not mix, the trivial one included: 1 in a graph that mixes fast. */
  readonly communityCount: number;
  /** Whether all eigenvalues that were looked at are so: there may be more communities than counted. */
  readonly isCountCut: boolean;
  /** Steps of the walks meant here: ceil(log2 n). */
  readonly steps: number;
  /** Half of the summed difference, in [0, 1], between where the seeds' walk is after that many (lazy) steps and its limit; null without seeds. */
  readonly walkDistance: number | null;
}

/** The largest eigenvalues of the lazy walk, descending: of a connected graph the first is 1. */
function largestEigenvalues(graph: Graph, degrees: Float64Array, random: Prng): number[] {
  const { nodeCount } = graph;
  const roots = degrees.map((degree) => (degree > 0 ? 1 / Math.sqrt(degree) : 0));
  let vectors = new Float64Array(nodeCount * WIDTH);
  let next = new Float64Array(nodeCount * WIDTH);
  for (let at = 0; at < vectors.length; at += 1) vectors[at] = random.unit() - 0.5;
  // The limit of the walk is known: the first vector is exact from the start, and the others stay orthogonal to it.
  for (let node = 0; node < nodeCount; node += 1) vectors[node * WIDTH] = Math.sqrt(degrees[node] as number);
  orthonormalise(vectors);
  for (let turn = 0; turn < TURNS; turn += 1) {
    stepAll(graph, roots, vectors, next);
    [vectors, next] = [next, vectors];
    if (turn % 8 === 7) orthonormalise(vectors);
  }
  // Again: once loses digits of vectors that nearly agree.
  orthonormalise(vectors);
  stepAll(graph, roots, vectors, next);
  return eigenSymmetric(products(vectors, next), WIDTH).slice(0, Math.min(WIDTH, nodeCount));
}

/** How far the walk from `seeds` is from its limit after `steps` lazy steps. */
function distanceAfter(graph: Graph, degrees: Float64Array, seeds: Uint32Array, steps: number): number {
  const { nodeCount, offsets, targets, weights } = graph;
  const volume = degrees.reduce((sum, degree) => sum + degree, 0);
  let mass = new Float64Array(nodeCount);
  let next = new Float64Array(nodeCount);
  for (const seed of seeds) mass[seed]! += 1 / seeds.length;
  for (let step = 0; step < steps; step += 1) {
    for (let node = 0; node < nodeCount; node += 1) {
      let sum = 0;
      for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
        const target = targets[arc] as number;
        sum +=
          ((weights === null ? 1 : (weights[arc] as number)) * (mass[target] as number)) /
          (degrees[target] as number);
      }
      next[node] =
        (degrees[node] as number) > 0 ? 0.5 * ((mass[node] as number) + sum) : (mass[node] as number);
    }
    [mass, next] = [next, mass];
  }
  let difference = 0;
  for (let node = 0; node < nodeCount; node += 1)
    difference += Math.abs((mass[node] as number) - (degrees[node] as number) / volume);
  return difference / 2;
}

/**
 * Measures a connected undirected graph with at least one edge: 41 passes over its arcs, 130 bytes for each node. Seeds may lie in
 * `walkedFrom`; they are nodes of this graph.
 */
export function measureMixing(graph: Graph, walkedFrom: Uint32Array, random: Prng): Mixing {
  const degrees = weightedDegrees(graph);
  const steps = walkLength(graph.nodeCount);
  const eigenvalues = largestEigenvalues(graph, degrees, random).map((lazy) => 2 * lazy - 1);
  const slow = eigenvalues.filter((value) => value > 1 - 1 / steps).length;
  return {
    eigenvalues,
    spectralGap: 1 - (eigenvalues[1] ?? 0),
    communityCount: Math.max(1, slow),
    isCountCut: slow === eigenvalues.length && slow < graph.nodeCount,
    steps,
    walkDistance: walkedFrom.length === 0 ? null : distanceAfter(graph, degrees, walkedFrom, 2 * steps),
  };
}
