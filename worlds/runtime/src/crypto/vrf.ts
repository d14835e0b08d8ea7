/**
 * The real verifiable random function: RSA-FDH-VRF-SHA256 of RFC 9381, section 4, on OpenSSL's raw RSA, for 2048-bit keys with
 * the exponent 65537. The proof is the one e-th root of a number that is hashed from key and input, the output a hash of the
 * proof; docs/decisions/0010 says why RSA and not a curve, and what makes the root the only one.
 *
 *   public key   256 bytes: the modulus, big-endian, first and last bit set
 *   proof        256 bytes: a number below the modulus, big-endian
 */

import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
} from 'node:crypto';
import { VRF_PROOF_BYTES, VRF_PUBLIC_KEY_BYTES, type Vrf, type VrfKey } from '@concordat/crypto';
import { assert } from '@concordat/kernel';
import { compareBytes } from '@concordat/wire';
import { sha256 } from './hash.ts';
import { createLru } from './lru.ts';

const MODULUS_BYTES = VRF_PUBLIC_KEY_BYTES;
const EXPONENT = 65537;
const HASH_BYTES = 32;

const SUITE = 0x01;
const ENCODE = 0x01;
const PROOF_TO_HASH = 0x02;

/** suite | 0x01 | I2OSP(k, 4) | modulus, before input and counter. */
const PREFIX_BYTES = 1 + 1 + 4 + MODULUS_BYTES;
const COUNTER_BYTES = 4;

/** What is raised to the e-th power gives this: MGF1 of `publicKey` and `input`, one byte shorter than the modulus. */
function encode(publicKey: Uint8Array, input: Uint8Array): Uint8Array {
  const seed = new Uint8Array(PREFIX_BYTES + input.length + COUNTER_BYTES);
  seed[0] = SUITE;
  seed[1] = ENCODE;
  seed[4] = MODULUS_BYTES >>> 8;
  seed[5] = MODULUS_BYTES & 0xff;
  seed.set(publicKey, 6);
  seed.set(input, PREFIX_BYTES);
  const encoded = new Uint8Array(MODULUS_BYTES);
  for (let counter = 0; counter * HASH_BYTES < MODULUS_BYTES - 1; counter++) {
    seed[seed.length - 1] = counter;
    const at = 1 + counter * HASH_BYTES;
    encoded.set(sha256(seed).subarray(0, MODULUS_BYTES - at), at);
  }
  return encoded;
}

function outputOf(proof: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + VRF_PROOF_BYTES);
  bytes[0] = SUITE;
  bytes[1] = PROOF_TO_HASH;
  bytes.set(proof, 2);
  return sha256(bytes);
}

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** Exactly 2048 bits, odd, in the one spelling. */
const isModulus = (bytes: Uint8Array): boolean =>
  bytes.length === MODULUS_BYTES &&
  (bytes[0] as number) >= 0x80 &&
  (bytes[MODULUS_BYTES - 1] as number) % 2 === 1;

/** Of at least two bits; the primes up to the exponent, which itself must not divide a modulus either. */
function oddPrimesUpTo(limit: number): number[] {
  const composite = new Uint8Array(limit + 1);
  const primes: number[] = [];
  for (let p = 3; p <= limit; p += 2) {
    if (composite[p] === 1) continue;
    primes.push(p);
    for (let multiple = p * p; multiple <= limit; multiple += 2 * p) composite[multiple] = 1;
  }
  return primes;
}

let smallPrimes: readonly number[] = [];

/** True if no prime up to the exponent divides the number: a small one that divides it twice would leave a choice of roots. */
function hasNoSmallFactor(modulus: Uint8Array): boolean {
  if (smallPrimes.length === 0) smallPrimes = oddPrimesUpTo(EXPONENT);
  const limbs = new DataView(modulus.buffer, modulus.byteOffset, modulus.byteLength);
  return smallPrimes.every((prime) => {
    let rest = 0;
    // Below 2^17 * 2^32: exact.
    for (let at = 0; at < MODULUS_BYTES; at += 4) rest = (rest * 0x1_0000_0000 + limbs.getUint32(at)) % prime;
    return rest !== 0;
  });
}

function publicKeyFrom(modulus: Uint8Array): KeyObject | null {
  if (!isModulus(modulus)) return null;
  try {
    const key = { kty: 'RSA', n: viewOf(modulus).toString('base64url'), e: 'AQAB' };
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return null;
  }
}

/** The number whose root `proof` is, or null if OpenSSL will not say. */
function powerOf(key: KeyObject, proof: Uint8Array): Uint8Array | null {
  try {
    return publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, viewOf(proof));
  } catch {
    return null;
  }
}

/** PERF: a key object costs 10 us to make, a third of a verification. Sized for the peers that one peer meets. */
const CACHED_KEYS = 4096;

export function createVrf(cachedKeys = CACHED_KEYS): Vrf {
  const keys = createLru<KeyObject | null>(cachedKeys);
  return {
    isKey: (publicKey) => isModulus(publicKey) && hasNoSmallFactor(publicKey),
    verify: (publicKey, input, proof) => {
      if (proof.length !== VRF_PROOF_BYTES || publicKey.length !== MODULUS_BYTES) return null;
      // A number and the same plus the modulus have the same power: only the first is a proof.
      if (compareBytes(proof, publicKey) >= 0) return null;
      const key = keys.get(viewOf(publicKey).toString('latin1'), () => publicKeyFrom(publicKey));
      const power = key === null ? null : powerOf(key, proof);
      return power !== null && compareBytes(power, encode(publicKey, input)) === 0 ? outputOf(proof) : null;
    },
  };
}

/** A fresh private key (DER, PKCS #8, about 1,216 bytes). Secret. Takes a third of a second. */
export function generateVrfSecret(): Uint8Array {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 8 * MODULUS_BYTES,
    publicExponent: EXPONENT,
  });
  return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
}

function privateKeyFrom(secret: Uint8Array): KeyObject | null {
  try {
    return createPrivateKey({ key: viewOf(secret), format: 'der', type: 'pkcs8' });
  } catch {
    return null;
  }
}

/** The root of what is encoded, or null if the private key is damaged: OpenSSL may refuse it, or take it and be wrong. */
function rootOf(key: KeyObject, encoded: Uint8Array): Uint8Array | null {
  try {
    return new Uint8Array(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, viewOf(encoded)));
  } catch {
    return null;
  }
}

/** The key in bytes from `generateVrfSecret`; null if they are damaged, or of another kind, size or exponent. */
export function createVrfKey(secret: Uint8Array): VrfKey | null {
  const key = privateKeyFrom(secret);
  if (key?.asymmetricKeyType !== 'rsa') return null;
  const publicHalf = createPublicKey(key);
  const { n, e } = publicHalf.export({ format: 'jwk' });
  const publicKey = new Uint8Array(Buffer.from(n ?? '', 'base64url'));
  if (e !== 'AQAB' || !isModulus(publicKey)) return null;
  const trial = encode(publicKey, new Uint8Array(0));
  const root = rootOf(key, trial);
  const power = root === null ? null : powerOf(publicHalf, root);
  if (power === null || compareBytes(power, trial) !== 0) return null;
  return {
    publicKey,
    prove: (input) => {
      const proof = rootOf(key, encode(publicKey, input));
      assert(proof?.length === VRF_PROOF_BYTES, 'a key that was tried finds the root of everything');
      return { proof, output: outputOf(proof) };
    },
  };
}
