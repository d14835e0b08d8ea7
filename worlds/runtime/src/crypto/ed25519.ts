/**
 * Ed25519 with raw 32-byte seeds and public keys. node:crypto wants DER around them; the prefixes below are the whole
 * of RFC 8410 that is needed. Making a KeyObject costs as much as half a verification, so callers keep them.
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { PUBLIC_KEY_BYTES, SEED_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { assert } from '@concordat/kernel';

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export function privateKeyOf(seed: Uint8Array): KeyObject {
  assert(seed.length === SEED_BYTES, 'an Ed25519 seed has 32 bytes');
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

/** The key object of a raw public key, or null if the bytes are none. */
export function publicKeyFrom(raw: Uint8Array): KeyObject | null {
  if (raw.length !== PUBLIC_KEY_BYTES) return null;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

export function rawPublicKeyOf(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(SPKI_PREFIX.length));
}

export const signEd25519 = (key: KeyObject, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(sign(null, bytes, key));

export const verifyEd25519 = (key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean =>
  signature.length === SIGNATURE_BYTES && verify(null, bytes, key, signature);
