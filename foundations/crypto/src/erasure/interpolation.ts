/**
 * The matrix of the code. Byte i of all shards together are values of one polynomial of degree less than k over GF(2^8): shard
 * j has its value at the point j, where j is taken for an element of the field. Any k points determine such a polynomial,
 * hence any k shards determine all others: this is the whole argument, and it is why there are at most 256 shards, as many
 * as there are points.
 *
 * Lagrange's formula gives the value at m from those at the points p of a set P of k:
 *
 *   sum over p of f(p) * l(m, p),   l(m, p) = product over q in P, q != p, of (m - q) / (p - q)
 *
 * With P = {0 .. k-1} and m = k, k+1, .. these are the rows of parity; with P the shards that are there and m those that are
 * not, the rows that rebuild them, without inverting any matrix. l(m, p) = a(m) * b(p) / (m - p) with a, b never 0, so a
 * square part of the rows of parity is a Cauchy matrix with scaled rows and columns: none is singular.
 *
 * A Vandermonde matrix of the points 0 .. n-1, times the inverse of its upper k rows, evaluates the same polynomials: this is
 * the matrix of Backblaze's JavaReedSolomon and of klauspost/reedsolomon as it comes, and shards are the same bytes.
 */

import { logarithm, power } from './field.ts';

/**
 * What shards at the points `wanted` are in terms of those at `known`: a row of `known.length` factors for each, one after the
 * other. No point is named twice, in one or both lists.
 */
export function interpolate(known: readonly number[], wanted: readonly number[]): Uint8Array {
  const weights = known.map((p) => sumOfLogarithms(known, p));
  const matrix = new Uint8Array(wanted.length * known.length);
  let at = 0;
  for (const m of wanted) {
    const all = sumOfLogarithms(known, m);
    for (const [i, p] of known.entries()) {
      matrix[at++] = power(all - logarithm(m ^ p) - (weights[i] as number));
    }
  }
  return matrix;
}

/** The logarithm of the product of (at - q) over all points q but `at` itself. Sums of 256 logarithms stay small integers. */
function sumOfLogarithms(points: readonly number[], at: number): number {
  let sum = 0;
  for (const q of points) if (q !== at) sum += logarithm(at ^ q);
  return sum;
}

/** `compute`, remembering the results of the last `limit` calls that were not answered from memory. */
export function rememberMatrices(limit: number, compute = interpolate): typeof interpolate {
  const remembered: {
    readonly known: readonly number[];
    readonly wanted: readonly number[];
    readonly matrix: Uint8Array;
  }[] = [];
  let oldest = 0;
  return (known, wanted) => {
    const before = remembered.find((one) => areSame(one.wanted, wanted) && areSame(one.known, known));
    if (before !== undefined) return before.matrix;
    const matrix = compute(known, wanted);
    remembered[oldest] = { known, wanted, matrix };
    oldest = (oldest + 1) % limit;
    return matrix;
  };
}

const areSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
