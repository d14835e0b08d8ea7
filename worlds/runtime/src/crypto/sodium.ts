/**
 * libsodium's Ed25519, if the optional package is there: twice as fast as OpenSSL's. It judges the same signatures
 * except ones that no honest signer makes (points of small order, second spellings), so it serves only where members may
 * come to different verdicts about a liar's bytes: on the way in, never in ordered execution.
 */

import { createRequire } from 'node:module';
import { PUBLIC_KEY_BYTES, SEED_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';

interface Sodium {
  crypto_sign_seed_keypair(publicKey: Buffer, secretKey: Buffer, seed: Buffer): void;
  crypto_sign_detached(signature: Buffer, message: Buffer, secretKey: Buffer): void;
  crypto_sign_verify_detached(signature: Buffer, message: Buffer, publicKey: Buffer): boolean;
}

export interface FastEd25519 {
  sign(bytes: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
}

const SECRET_KEY_BYTES = 64;

/** Signs with `seed`; null when the package is not installed or not for this platform. */
export function createFastEd25519(seed: Uint8Array): FastEd25519 | null {
  const sodium = load();
  if (sodium === null || seed.length !== SEED_BYTES) return null;
  const secretKey = Buffer.alloc(SECRET_KEY_BYTES);
  sodium.crypto_sign_seed_keypair(Buffer.alloc(PUBLIC_KEY_BYTES), secretKey, viewOf(seed));
  return {
    sign: (bytes) => {
      const signature = Buffer.alloc(SIGNATURE_BYTES);
      sodium.crypto_sign_detached(signature, viewOf(bytes), secretKey);
      return new Uint8Array(signature.buffer, signature.byteOffset, SIGNATURE_BYTES);
    },
    verify: (publicKey, bytes, signature) =>
      publicKey.length === PUBLIC_KEY_BYTES &&
      signature.length === SIGNATURE_BYTES &&
      sodium.crypto_sign_verify_detached(viewOf(signature), viewOf(bytes), viewOf(publicKey)),
  };
}

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

function load(): Sodium | null {
  try {
    return createRequire(import.meta.url)('sodium-native');
  } catch {
    return null;
  }
}
