/**
 * Erasure codes: k shards of data become n, and any k of these give all others back. Systematic Reed-Solomon over GF(2^8): the
 * first k shards are the data itself, the others parity (`interpolation.ts` has the matrix, and why any k suffice). A shard
 * of parity depends on k, its index and the data, not on n: a code with a greater n adds shards to those that are out.
 *
 * It mends what is missing, not what is wrong: a shard with other bytes than were made, or shards of an encoder that lied, make
 * all that is rebuilt from them wrong, and other choices of k rebuild other bytes. Who has shards from others checks their
 * length and digests before, as one of another length spoils all, or else the result.
 */

import { assert } from '@concordat/kernel';
import { FIELD_SIZE } from './field.ts';
import { interpolate, rememberMatrices } from './interpolation.ts';
import type { ShardMultiplier } from './multiplier.ts';
import { createMultiplier } from './simd.ts';

/** Of data and parity together: the code has one for each element of its field. */
export const MAX_SHARDS = FIELD_SIZE;

/** By index, data first; null for those that are not there. */
export type PartialShards = readonly (Uint8Array | null)[];

export interface ErasureCode {
  /** k: so many shards rebuild all. */
  readonly dataShards: number;
  /** n */
  readonly totalShards: number;
  /** The n - k shards of parity. @param data k shards of one length, of at least 1 byte */
  encode(data: readonly Uint8Array[]): Uint8Array[];
  /** The same into arrays of the caller's: n - k of the same length, that share no memory with others. */
  encodeInto(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void;
  /** One shard of parity. @param index among all, k or more */
  encodeShard(data: readonly Uint8Array[], index: number): Uint8Array;
  /**
   * All n shards: those that are there as they are, not copied, and the others rebuilt. Null if fewer than k are there, or if
   * they differ in length or have none. @param shards n, each at its index
   */
  reconstruct(shards: PartialShards): Uint8Array[] | null;
  /** The same for the shards at these indices alone, in this order, each named once. What is not asked for costs nothing. */
  reconstructOnly(shards: PartialShards, wanted: readonly number[]): Uint8Array[] | null;
  /** The same for the k shards of data. */
  reconstructData(shards: PartialShards): Uint8Array[] | null;
}

/**
 * Patterns of loss whose matrix a code remembers, at most 16 KiB each. They come again and again: what is missing is what
 * absent peers had. PERF: a matrix of (45, 50) takes 9 us, as much as half the multiplication of 54 KB.
 */
const REMEMBERED_PATTERNS = 16;

/** @param multiplier by default the fastest that runs here; codes of one thread can share one */
export function createErasureCode(
  dataShards: number,
  totalShards: number,
  multiplier: ShardMultiplier = createMultiplier(),
): ErasureCode {
  assert(Number.isInteger(dataShards) && dataShards >= 1, 'there is a shard of data');
  assert(
    Number.isInteger(totalShards) && totalShards >= dataShards && totalShards <= MAX_SHARDS,
    'there are at most 256 shards, with those of data',
  );
  const dataIndices = indices(0, dataShards);
  const allIndices = indices(0, totalShards);
  const parityMatrix = interpolate(dataIndices, indices(dataShards, totalShards));
  const matrixOf = rememberMatrices(REMEMBERED_PATTERNS);

  const encodeInto = (data: readonly Uint8Array[], parity: readonly Uint8Array[]): void => {
    assertData(dataShards, data);
    assert(parity.length === totalShards - dataShards, 'there is an array for each shard of parity');
    multiplier.multiply(parityMatrix, data, parity);
  };
  const reconstructOnly = (shards: PartialShards, wanted: readonly number[]): Uint8Array[] | null => {
    assert(shards.length === totalShards, 'there is a place for each shard');
    const length = commonLength(dataShards, shards);
    if (length === null) return null;
    const missing = wanted.filter((index) => isMissing(shards, index));
    const rebuilt = newShards(missing.length, length);
    if (missing.length > 0) {
      const used = firstPresent(dataShards, shards);
      const inputs = used.map((index) => shards[index] as Uint8Array);
      multiplier.multiply(matrixOf(used, missing), inputs, rebuilt);
    }
    let next = 0;
    return wanted.map((index) => shards[index] ?? (rebuilt[next++] as Uint8Array));
  };
  return {
    dataShards,
    totalShards,
    encodeInto,
    encode: (data) => {
      const parity = newShards(totalShards - dataShards, assertData(dataShards, data));
      encodeInto(data, parity);
      return parity;
    },
    encodeShard: (data, index) => {
      const isParity = Number.isInteger(index) && index >= dataShards && index < totalShards;
      assert(isParity, 'the index is that of a shard of parity');
      const row = (index - dataShards) * dataShards;
      const shard = new Uint8Array(assertData(dataShards, data));
      multiplier.multiply(parityMatrix.subarray(row, row + dataShards), data, [shard]);
      return shard;
    },
    reconstructOnly,
    reconstruct: (shards) => reconstructOnly(shards, allIndices),
    reconstructData: (shards) => reconstructOnly(shards, dataIndices),
  };
}

const indices = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const newShards = (count: number, length: number): Uint8Array[] =>
  Array.from({ length: count }, () => new Uint8Array(length));

/** Asserts what `encode` asks for; returns the length of all shards. */
function assertData(dataShards: number, data: readonly Uint8Array[]): number {
  const length = data[0]?.length ?? 0;
  assert(data.length === dataShards, 'there are as many shards of data as the code has');
  assert(length >= 1 && data.every((shard) => shard.length === length), 'shards have one length, and bytes');
  return length;
}

/** The length of shards that can be rebuilt from, or null. */
function commonLength(dataShards: number, shards: PartialShards): number | null {
  let present = 0;
  let length = 0;
  for (const shard of shards) {
    if (shard === null) continue;
    if (present++ === 0) length = shard.length;
    if (shard.length === 0 || shard.length !== length) return null;
  }
  return present >= dataShards ? length : null;
}

function isMissing(shards: PartialShards, index: number): boolean {
  const shard = shards[index];
  assert(shard !== undefined, 'every index that is asked for is that of a shard');
  return shard === null;
}

/** The least indices of `count` shards that are there: data first, as the caller most likely has these at hand. */
function firstPresent(count: number, shards: PartialShards): number[] {
  const present: number[] = [];
  for (let index = 0; present.length < count; index++) if (shards[index] !== null) present.push(index);
  return present;
}
