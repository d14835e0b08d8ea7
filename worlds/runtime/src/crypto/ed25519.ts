/**
 * Ed25519 with raw 32-byte seeds and public keys, which node:crypto takes as JSON Web Keys (RFC 8037). PERF: the same in DER goes
 * through OpenSSL's search for a decoder: 600 us for a private key against 60, 120 for a public one against 14. Making one still
 * costs a good part of a verification, so callers keep them.
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { PUBLIC_KEY_BYTES, SEED_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { assert } from '@concordat/kernel';

const CURVE = { kty: 'OKP', crv: 'Ed25519' } as const;

const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');

export function privateKeyOf(seed: Uint8Array): KeyObject {
  assert(seed.length === SEED_BYTES, 'an Ed25519 seed has 32 bytes');
  // The public half has to be named but is not read: OpenSSL makes it from the seed.
  return createPrivateKey({ key: { ...CURVE, d: base64url(seed), x: '' }, format: 'jwk' });
}

/** The key object of a raw public key, or null if the bytes are none. */
export function publicKeyFrom(raw: Uint8Array): KeyObject | null {
  if (raw.length !== PUBLIC_KEY_BYTES) return null;
  try {
    return createPublicKey({ key: { ...CURVE, x: base64url(raw) }, format: 'jwk' });
  } catch {
    return null;
  }
}

/** Of a private key, or of a public one. */
export function rawPublicKeyOf(key: KeyObject): Uint8Array {
  const { x } = key.export({ format: 'jwk' });
  assert(x !== undefined, 'an Ed25519 key has a public half');
  return new Uint8Array(Buffer.from(x, 'base64url'));
}

export const signEd25519 = (key: KeyObject, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(sign(null, bytes, key));

export const verifyEd25519 = (key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean =>
  signature.length === SIGNATURE_BYTES && verify(null, bytes, key, signature);
