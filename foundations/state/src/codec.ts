/**
 * How the keys and values of a collection become bytes. Two replicas agree on a state exactly when they agree on these
 * bytes, so a codec must be a bijection between what a service can hold and what it decodes.
 */

import { assert, MAX_OPERATION_BYTES, PART_BYTES } from '@concordat/kernel';
import { createReader, utf8 } from '@concordat/wire';

/**
 * A key, value and collection name together: a value as large as one operation can carry, with room around it. A
 * service that lets values grow over several operations must bound them itself; a larger one halts the process.
 */
export const MAX_ENTRY_BYTES = MAX_OPERATION_BYTES + PART_BYTES;

/** Values are immutable: replaced, never changed in place. */
export interface ValueCodec<V> {
  /** Bytes that may change with the next call: nobody keeps them. */
  encode(value: V): Uint8Array;
  /** Null for anything that `encode` does not produce. */
  decode(bytes: Uint8Array): V | null;
}

export interface KeyCodec<K> {
  encodeKey(key: K): Uint8Array;
  decodeKey(bytes: Uint8Array): K | null;
}

export interface EntryCodec<K, V> extends KeyCodec<K>, ValueCodec<V> {}

const LONE_SURROGATE = /\p{Surrogate}/u;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** PERF: keys are mostly ASCII, for which this is four times as fast as a TextEncoder. Null for other text. */
function asciiBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return null;
    bytes[i] = code;
  }
  return bytes;
}

/** Text keys. Lone surrogates are refused: UTF-8 would make all of them the same key. */
export const textKey: KeyCodec<string> = {
  encodeKey: (key) => {
    const ascii = asciiBytes(key);
    if (ascii !== null) return ascii;
    assert(!LONE_SURROGATE.test(key), 'a text key is well-formed Unicode');
    return utf8(key);
  },
  decodeKey: (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      return null;
    }
  },
};

/** Integer keys in [0, 2^53). */
export const numberKey: KeyCodec<number> = {
  encodeKey: (key) => {
    assert(Number.isSafeInteger(key) && key >= 0, 'a number key is a non-negative safe integer');
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, Math.floor(key / 0x1_0000_0000));
    view.setUint32(4, key >>> 0);
    return bytes;
  },
  decodeKey: (bytes) => {
    const reader = createReader(bytes);
    return reader.finish(reader.u53());
  },
};
