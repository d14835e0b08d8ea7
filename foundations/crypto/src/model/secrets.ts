/**
 * What model signatures and model random functions are made of: keyed hashes, and public keys that are an invertible
 * scrambling of the seed, so that verification needs no registry. Not exported from the package: whoever could invert a key
 * could speak for its owner, and an adversary inside a simulation must not.
 */

import { assert } from '@concordat/kernel';
import { SEED_BYTES } from '../primitives.ts';
import { type Lanes, modelHash } from './hash.ts';

const HALF = SEED_BYTES / 2;
const ROUNDS = 4;

/** One Feistel round: xors a function of `key`'s half at `from` into the other half. */
function feistel(key: Uint8Array, round: number, from: number): void {
  const input = new Uint8Array(HALF + 1);
  input.set(key.subarray(from, from + HALF));
  input[HALF] = round;
  const mask = modelHash(input);
  const to = HALF - from;
  for (let i = 0; i < HALF; i++) key[to + i] = (key[to + i] as number) ^ (mask[i] as number);
}

/** The 32 public bytes of a seed. */
export function scrambled(seed: Uint8Array): Uint8Array {
  assert(seed.length === SEED_BYTES, 'a key seed has 32 bytes');
  const key = seed.slice();
  for (let round = 0; round < ROUNDS; round++) feistel(key, round, round % 2 === 0 ? 0 : HALF);
  return key;
}

/** The inverse of `scrambled`. Only verification may use it. */
export function seedOf(publicKey: Uint8Array): Uint8Array {
  const key = publicKey.slice(0, SEED_BYTES);
  for (let round = ROUNDS - 1; round >= 0; round--) feistel(key, round, round % 2 === 0 ? 0 : HALF);
  return key;
}

/** The key of a keyed hash. */
export function secretOf(seed: Uint8Array): Lanes {
  assert(seed.length === SEED_BYTES, 'a key seed has 32 bytes');
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  return Int32Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i));
}
