/**
 * One collection's entries as canonical bytes with their places, both ways. A codec may decode more than it encodes:
 * whoever decodes bytes from outside encodes again and compares, because a second spelling of a value would be a
 * second digest of the same state.
 */

import type { Hash } from '@concordat/crypto';
import { equalBytes } from '@concordat/wire';
import type { EntryCodec } from './codec.ts';
import { type Place, placeOf, type RawEntry } from './part.ts';
import type { Range, Slab } from './slab.ts';

export interface EntryEncoder<K, V> {
  place(key: K): Place;
  /** Null for a value that the tree leaves out. */
  put(slab: Slab, key: K, value: V): Range | null;
  decode(raw: RawEntry): { key: K; value: V } | null;
}

/**
 * @param name of the collection, as bytes
 * @param absent the encoded value that stands for no entry at all (a cell that holds its initial value), or null
 */
export function createEncoder<K, V>(
  hash: Hash,
  name: Uint8Array,
  codec: EntryCodec<K, V>,
  absent: Uint8Array | null,
): EntryEncoder<K, V> {
  const isAbsent = (value: Uint8Array): boolean => absent !== null && equalBytes(value, absent);
  return {
    place: (key) => placeOf(hash, name, codec.encodeKey(key)),
    put: (slab, key, value) => {
      const bytes = codec.encode(value);
      return isAbsent(bytes) ? null : slab.put(name, codec.encodeKey(key), bytes);
    },
    decode: (raw) => {
      const key = codec.decodeKey(raw.key);
      const value = codec.decode(raw.value);
      return key === null || value === null ? null : { key, value };
    },
  };
}
