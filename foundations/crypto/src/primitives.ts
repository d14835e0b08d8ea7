/**
 * The primitives that pure code is given, never reaches for: real ones come from `worlds/runtime`, nearly free ones
 * from `model`. All functions are deterministic and synchronous.
 */

import type { Digest, NodeId } from '@concordat/kernel';

export const DIGEST_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const PUBLIC_KEY_BYTES = 32;
export const SEED_BYTES = 32;

/** A collision-resistant hash (SHA-256, or the model's). It keeps nothing of `bytes`, which may change afterwards. */
export type Hash = (bytes: Uint8Array) => Digest;

/** What one participant can do with keys: its own private key, and everyone's public ones. */
export interface Keys {
  readonly hash: Hash;
  /** Signs with this participant's key. */
  sign(bytes: Uint8Array): Uint8Array;
  /** True if `signer`'s registered key made `signature` over `bytes`. Unknown signers and wrong sizes are false. */
  verify(signer: NodeId, bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** What pairs of participants know and nobody else does. */
export interface PairSecrets {
  /** 32 secret bytes, the same for both of a pair; also for a participant with itself. */
  secretWith(peer: NodeId): Uint8Array;
}

/** Signatures with keys that travel as bytes (session keys, for instance). */
export interface Signatures {
  /** The public key of a 32-byte seed. */
  publicKeyOf(seed: Uint8Array): Uint8Array;
  signWith(seed: Uint8Array, bytes: Uint8Array): Uint8Array;
  verifyWith(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
}
