/**
 * Who is likely to accept a stranger's request, from the shape of the graph: input for Integro where nothing better is known (the paper
 * uses profiles and activity, which we do not have). Logistic regression on a few features of each account, fitted to accounts
 * that are known to be victims or known to have refused.
 */

import { degreeOf, type Graph } from '@concordat/graph';
import { trianglesByArc } from '../whitelist/triangle-weights.ts';

/**
 * Features by node, `FEATURE_COUNT` in a row: 1, then ln (1 + degree), the share of open edges and ln (1 + mean degree of friends), each
 * less its mean and over its standard deviation, so that one ridge is fair to all.
 */
export const FEATURE_COUNT = 4;

/** For each node how many of its edges close no triangle: friends with whom it has no other friend in common. */
export function openEdges(graph: Graph): Uint32Array {
  const triangles = trianglesByArc(graph);
  return new Uint32Array(graph.nodeCount).map((_, node) =>
    triangles
      .subarray(graph.offsets[node], graph.offsets[node + 1])
      .reduce((open, count) => open + (count === 0 ? 1 : 0), 0),
  );
}

/** Brings every column but the first to mean 0 and deviation 1; one that does not vary becomes 0. */
function standardise(features: Float64Array): void {
  const count = features.length / FEATURE_COUNT;
  for (let column = 1; column < FEATURE_COUNT; column += 1) {
    let [sum, squares] = [0, 0];
    for (let at = column; at < features.length; at += FEATURE_COUNT) sum += features[at] as number;
    const mean = sum / count;
    for (let at = column; at < features.length; at += FEATURE_COUNT)
      squares += ((features[at] as number) - mean) ** 2;
    const deviation = Math.sqrt(squares / count);
    for (let at = column; at < features.length; at += FEATURE_COUNT)
      features[at] = deviation === 0 ? 0 : ((features[at] as number) - mean) / deviation;
  }
}

/** The features of all nodes. */
export function victimFeatures(graph: Graph): Float64Array {
  const { nodeCount, offsets, targets } = graph;
  const open = openEdges(graph);
  const features = new Float64Array(nodeCount * FEATURE_COUNT);
  for (let node = 0; node < nodeCount; node += 1) {
    const degree = degreeOf(graph, node);
    let around = 0;
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1)
      around += degreeOf(graph, targets[arc] as number);
    const some = Math.max(1, degree);
    features.set(
      [1, Math.log1p(degree), (open[node] as number) / some, Math.log1p(around / some)],
      node * FEATURE_COUNT,
    );
  }
  standardise(features);
  return features;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

function dotRow(features: Float64Array, node: number, weights: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < FEATURE_COUNT; at += 1)
    sum += (features[node * FEATURE_COUNT + at] as number) * (weights[at] as number);
  return sum;
}

/** Solves the symmetric positive definite system in `matrix | right`, in place, by elimination; its diagonal stays above zero. */
function solve(matrix: Float64Array[], right: Float64Array): void {
  for (const [pivot, base] of matrix.entries())
    for (const [at, row] of matrix.entries()) {
      if (at === pivot) continue;
      const factor = (row[pivot] as number) / (base[pivot] as number);
      for (let column = pivot; column < row.length; column += 1)
        row[column]! -= factor * (base[column] as number);
      right[at]! -= factor * (right[pivot] as number);
    }
  for (const [at, row] of matrix.entries()) right[at]! /= row[at] as number;
}

export interface VictimSample {
  readonly victims: readonly number[];
  /** Accounts that are known to have refused strangers. */
  readonly careful: readonly number[];
}

/**
 * Weights of the features that make the sample likeliest, less `ridge` times their squares (which keeps them finite where the sample is
 * separable), by Newton's method; the loss is convex, so there is one optimum.
 */
export function fitVictims(features: Float64Array, sample: VictimSample, ridge = 1): Float64Array {
  const weights = new Float64Array(FEATURE_COUNT);
  const rows = [...sample.victims, ...sample.careful];
  for (let round = 0; round < 25; round += 1) {
    const gradient = weights.map((weight) => ridge * weight);
    const hessian = Array.from({ length: FEATURE_COUNT }, (_, at) =>
      new Float64Array(FEATURE_COUNT).fill(ridge, at, at + 1),
    );
    for (const [place, node] of rows.entries()) {
      const expected = sigmoid(dotRow(features, node, weights));
      const error = expected - (place < sample.victims.length ? 1 : 0);
      const base = node * FEATURE_COUNT;
      for (const [at, row] of hessian.entries()) {
        const here = features[base + at] as number;
        gradient[at]! += error * here;
        for (let other = 0; other < FEATURE_COUNT; other += 1)
          row[other]! += expected * (1 - expected) * here * (features[base + other] as number);
      }
    }
    solve(hessian, gradient);
    for (let at = 0; at < FEATURE_COUNT; at += 1) weights[at]! -= gradient[at] as number;
  }
  return weights;
}

/** The probability of every node to be a victim. */
export function victimProbabilities(graph: Graph, sample: VictimSample): Float64Array {
  const features = victimFeatures(graph);
  const weights = fitVictims(features, sample);
  return new Float64Array(graph.nodeCount).map((_, node) => sigmoid(dotRow(features, node, weights)));
}
