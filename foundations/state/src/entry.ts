/**
 * One collection's entries as canonical bytes with their places, both ways. A codec may decode more than it encodes:
 * whoever decodes bytes from outside encodes again and compares, because a second spelling of a value would be a
 * second digest of the same state.
 */

import { type Hash, tagged } from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { equalBytes, type Writer } from '@concordat/wire';
import { type EntryCodec, MAX_ENTRY_BYTES } from './codec.ts';
import { type Place, placeOf, type RawEntry } from './part.ts';

/** Of an entry's bytes, besides its collection, key and value. */
export const FRAME_BYTES = 1 + 4 + 4;

/** What a tree holds of an entry. Keys and values never change, so its bytes can be made again whenever they are read. */
export interface EntryOf<K, V> {
  readonly place: Place;
  readonly sizeBytes: number;
  readonly key: K;
  readonly value: V;
  readonly encoder: EntryEncoder<K, V>;
}

export type Entry = EntryOf<unknown, unknown>;

/** An entry as it is now, with its digest; neither if it is gone. */
export interface Change {
  readonly place: Place;
  readonly entry: Entry | null;
  readonly digest: Digest | null;
}

export interface EntryEncoder<K, V> {
  /** @param known place of the key, or null */
  change(key: K, value: V | undefined, known: Place | null): Change;
  /** u8 length, collection | u32 length, key | u32 length, value */
  write(writer: Writer, key: K, value: V): void;
  /** The entry and its fields; null unless its bytes are canonical. */
  decode(raw: RawEntry): EntryOf<K, V> | null;
}

/** @param name of the collection */
export const entryDigest = (hash: Hash, name: Uint8Array, key: Uint8Array, value: Uint8Array): Digest =>
  tagged(hash, 'state-entry', name, key, value);

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
  /** Null for a value that the tree leaves out. */
  const present = (value: V | undefined): Uint8Array | null => {
    const bytes = value === undefined ? null : codec.encode(value);
    return bytes !== null && absent !== null && equalBytes(bytes, absent) ? null : bytes;
  };
  const sizeOf = (key: Uint8Array, value: Uint8Array): number =>
    FRAME_BYTES + name.length + key.length + value.length;
  const encoder: EntryEncoder<K, V> = {
    change: (key, value, known) => {
      const keyBytes = codec.encodeKey(key);
      const place = known ?? placeOf(hash, name, keyBytes);
      const valueBytes = present(value);
      if (value === undefined || valueBytes === null) return { place, entry: null, digest: null };
      const sizeBytes = sizeOf(keyBytes, valueBytes);
      assert(
        sizeBytes <= MAX_ENTRY_BYTES,
        'an entry is no larger than its bound: services bound their values',
      );
      const entry: EntryOf<K, V> = { place, sizeBytes, key, value, encoder };
      return { place, entry, digest: entryDigest(hash, name, keyBytes, valueBytes) };
    },
    write: (writer, key, value) => {
      writer.u8(name.length);
      writer.fixed(name);
      writer.bytes(codec.encodeKey(key));
      writer.bytes(codec.encode(value));
    },
    decode: (raw) => {
      const sizeBytes = sizeOf(raw.key, raw.value);
      if (sizeBytes > MAX_ENTRY_BYTES) return null;
      const key = codec.decodeKey(raw.key);
      const value = codec.decode(raw.value);
      if (key === null || value === null || !equalBytes(codec.encodeKey(key), raw.key)) return null;
      const bytes = present(value);
      if (bytes === null || !equalBytes(bytes, raw.value)) return null;
      return { place: placeOf(hash, name, raw.key), sizeBytes, key, value, encoder };
    },
  };
  return encoder;
}
