/**
 * Message authentication codes: SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, INDOCRYPT 2012) in a
 * WebAssembly kernel. A MAC convinces whoever shares its key, and nobody else: some ten times cheaper than HMAC-SHA256 for a
 * digest, and a vector of them in one call. As fast as the model's hash, so simulations use the same code.
 */

import { assert } from '@concordat/kernel';
import { fromHex } from '@concordat/wire';
import { SIPHASH_WASM } from './siphash-bytes.ts';

export const MAC_KEY_BYTES = 16;
export const MAC_BYTES = 16;

export interface Macs {
  /** The 16-byte tag of `message` under a 16-byte key. */
  tag(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** A tag under each of these keys, which lie one after the other, as the tags do. */
  vector(keys: Uint8Array, message: Uint8Array): Uint8Array;
  /** True if `tag` is that of `message`. Takes as long whatever the tag holds. Wrong sizes are false. */
  verify(key: Uint8Array, message: Uint8Array, tag: Uint8Array): boolean;
}

/** Keys of one vector at most. */
const MAX_KEYS = 256;
const KEYS_AT = 0;
const TAGS_AT = KEYS_AT + MAX_KEYS * MAC_KEY_BYTES;
const MESSAGE_AT = TAGS_AT + MAX_KEYS * MAC_BYTES;
const PAGE_BYTES = 64 * 1024;

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  vector(key: number, count: number, at: number, length: number, out: number): void;
}

/** A global of every JavaScript engine, of which the libraries that pure code is compiled with know nothing. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Kernel };
};

function instantiate(): Kernel {
  const bytes = fromHex(SIPHASH_WASM);
  assert(bytes !== null, 'the kernel is written in hexadecimal');
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
}

export function createMacs(): Macs {
  const kernel = instantiate();
  let bytes = new Uint8Array(kernel.memory.buffer);

  /** Computes one tag for each of `keys`; they lie at `TAGS_AT` until the next call. */
  const compute = (keys: Uint8Array, message: Uint8Array): number => {
    const count = keys.length / MAC_KEY_BYTES;
    assert(
      Number.isInteger(count) && count <= MAX_KEYS,
      'keys have 16 bytes each, and there are at most 256',
    );
    const missing = MESSAGE_AT + message.length - bytes.length;
    if (missing > 0) {
      kernel.memory.grow(Math.ceil(missing / PAGE_BYTES));
      bytes = new Uint8Array(kernel.memory.buffer);
    }
    bytes.set(keys, KEYS_AT);
    bytes.set(message, MESSAGE_AT);
    kernel.vector(KEYS_AT, count, MESSAGE_AT, message.length, TAGS_AT);
    return count;
  };
  return {
    tag: (key, message) => {
      assert(key.length === MAC_KEY_BYTES, 'a key has 16 bytes');
      compute(key, message);
      return bytes.slice(TAGS_AT, TAGS_AT + MAC_BYTES);
    },
    vector: (keys, message) => bytes.slice(TAGS_AT, TAGS_AT + compute(keys, message) * MAC_BYTES),
    verify: (key, message, tag) => {
      if (key.length !== MAC_KEY_BYTES || tag.length !== MAC_BYTES) return false;
      compute(key, message);
      let difference = 0;
      for (let i = 0; i < MAC_BYTES; i++) difference |= (bytes[TAGS_AT + i] as number) ^ (tag[i] as number);
      return difference === 0;
    },
  };
}

/** The same, counting what it is asked for: protocols promise numbers of MAC operations. */
export function countMacs(macs: Macs): Macs & { readonly operations: number } {
  let operations = 0;
  return {
    tag: (key, message) => {
      operations++;
      return macs.tag(key, message);
    },
    vector: (keys, message) => {
      operations += keys.length / MAC_KEY_BYTES;
      return macs.vector(keys, message);
    },
    verify: (key, message, tag) => {
      operations++;
      return macs.verify(key, message, tag);
    },
    get operations() {
      return operations;
    },
  };
}
