/**
 * Encoded entries one after the other in one growing buffer, from which parts are made.
 *
 * PERF: an array and a view per entry cost more time (in garbage collection) than all the hashing of a digest.
 */

import { assert } from '@concordat/kernel';
import { MAX_ENTRY_BYTES } from './codec.ts';

/** Where the bytes of an entry are. */
export interface Range {
  readonly from: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface Slab {
  /** u8 length, collection | u32 length, key | u32 length, value */
  put(collection: Uint8Array, key: Uint8Array, value: Uint8Array): Range;
}

const CHUNK_BYTES = 64 * 1024;

export function createSlab(): Slab {
  let bytes = new Uint8Array(0);
  let at = 0;
  const putU32 = (value: number): void => {
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    at += 4;
  };
  const putBytes = (part: Uint8Array): void => {
    bytes.set(part, at);
    at += part.length;
  };
  return {
    put: (collection, key, value) => {
      const size = 9 + collection.length + key.length + value.length;
      assert(size <= MAX_ENTRY_BYTES, 'an entry is no larger than its bound: services bound their values');
      if (at + size > bytes.length) {
        bytes = new Uint8Array(Math.max(size, CHUNK_BYTES));
        at = 0;
      }
      const start = at;
      bytes[at++] = collection.length;
      putBytes(collection);
      putU32(key.length);
      putBytes(key);
      putU32(value.length);
      putBytes(value);
      return { from: bytes, start, end: at };
    },
  };
}
