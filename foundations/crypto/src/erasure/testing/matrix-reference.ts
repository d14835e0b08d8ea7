/**
 * For tests: codes made of any generator matrix, decoded by Gaussian elimination. Slow and written without interpolation, so
 * that it can judge the code that ships, and with matrices that are wrong, so that tests can be seen to catch these.
 */

import { assert } from '@concordat/kernel';
import type { ErasureCode, PartialShards } from '../erasure-code.ts';
import { logarithm, power, product } from '../field.ts';

/** Rows of equal length. */
export type Rows = readonly (readonly number[])[];

export const multiplyRows = (a: Rows, b: Rows): number[][] =>
  a.map((row) =>
    (b[0] as readonly number[]).map((_, column) =>
      row.reduce((sum, factor, i) => sum ^ product(factor, (b[i] as readonly number[])[column] as number), 0),
    ),
  );

/** The inverse, or null of a singular matrix. */
export function invert(square: Rows): number[][] | null {
  const size = square.length;
  const rows = square.map((row, i) => [...row, ...Array.from({ length: size }, (_, j) => Number(i === j))]);
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, i) => i >= column && row[column] !== 0);
    if (pivot < 0) return null;
    const [found] = rows.splice(pivot, 1) as [number[]];
    const scale = power(-logarithm(found[column] as number));
    const scaled = found.map((value) => product(value, scale));
    for (const [i, row] of rows.entries()) {
      const factor = row[column] as number;
      rows[i] = row.map((value, j) => value ^ product(factor, scaled[j] as number));
    }
    rows.splice(column, 0, scaled);
  }
  return rows.map((row) => row.slice(size));
}

/** `points` to the powers of 0 to `columns` - 1; 0 to the power of 0 is 1. */
export const vandermonde = (points: readonly number[], columns: number): number[][] =>
  points.map((point) =>
    Array.from({ length: columns }, (_, exponent) =>
      point === 0 ? Number(exponent === 0) : power(exponent * logarithm(point)),
    ),
  );

/** Every choice of `count` of these, each in order. */
export function* choices<T>(of: readonly T[], count: number): Generator<readonly T[]> {
  if (count === 0) yield [];
  for (let i = 0; i <= of.length - count && count > 0; i++) {
    for (const rest of choices(of.slice(i + 1), count - 1)) yield [of[i] as T, ...rest];
  }
}

export type Coding = Pick<ErasureCode, 'dataShards' | 'totalShards' | 'encode' | 'reconstruct'>;

/** @param generator a row for each shard, the upper ones those of the identity */
export function codeOf(generator: Rows): Coding {
  const k = (generator[0] as readonly number[]).length;
  const times = (rows: Rows, shards: readonly Uint8Array[]): Uint8Array[] =>
    multiplyRows(
      rows,
      shards.map((shard) => [...shard]),
    ).map((row) => Uint8Array.from(row));
  return {
    dataShards: k,
    totalShards: generator.length,
    encode: (data) => times(generator.slice(k), data),
    reconstruct: (shards) => {
      const used = shards.flatMap((shard, index) => (shard === null ? [] : [index])).slice(0, k);
      if (used.length < k) return null;
      const inverse = invert(used.map((index) => generator[index] as readonly number[]));
      if (inverse === null) return null;
      const inputs = used.map((index) => shards[index] as Uint8Array);
      return times(generator, times(inverse, inputs));
    },
  };
}

/** Loses every set of shards of `data` in turn; the first that is not treated as a code of any k of n must, or null. */
export function firstFailure(code: Coding, data: readonly Uint8Array[]): readonly number[] | null {
  const all = [...data, ...code.encode(data)];
  assert(all.length === code.totalShards, 'there is every shard');
  for (let mask = 0; mask < 2 ** code.totalShards; mask++) {
    const partial: PartialShards = all.map((shard, i) => ((mask >> i) & 1 ? shard : null));
    const present = partial.flatMap((shard, i) => (shard === null ? [] : [i]));
    const rebuilt = code.reconstruct(partial);
    if (present.length < code.dataShards ? rebuilt !== null : !areEqual(rebuilt, all)) return present;
  }
  return null;
}

const areEqual = (a: readonly Uint8Array[] | null, b: readonly Uint8Array[]): boolean =>
  a !== null && a.length === b.length && a.every((shard, i) => shard.join() === b[i]?.join());
