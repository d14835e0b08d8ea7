/**
 * The real `Keys` and `Signatures` that hosts hand to processes: Ed25519 and SHA-256 from node:crypto, with key
 * objects made once.
 */

import type { KeyObject } from 'node:crypto';
import type { Keys, Signatures } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { privateKeyOf, publicKeyFrom, rawPublicKeyOf, signEd25519, verifyEd25519 } from './ed25519.ts';
import { sha256 } from './hash.ts';
import { createLru } from './lru.ts';
import { createFastEd25519 } from './sodium.ts';

/** Session keys are many and come from outside; the cache bounds what they may occupy. */
const CACHED_KEYS = 4096;

export interface KeysOptions {
  readonly self: NodeId;
  /** 32 secret bytes. */
  readonly seed: Uint8Array;
  /** Raw Ed25519 public keys, 32 bytes each. The map may grow later (a member joins). */
  readonly publicKeys: ReadonlyMap<NodeId, Uint8Array>;
}

/** Keys whose public halves can also be given to worker threads. */
export interface RuntimeKeys extends Keys {
  publicKeyOf(signer: NodeId): Uint8Array | undefined;
}

export function createKeys(options: KeysOptions): RuntimeKeys {
  const own = privateKeyOf(options.seed);
  const fast = createFastEd25519(options.seed);
  const objects = new Map<NodeId, { readonly raw: Uint8Array; readonly key: KeyObject | null }>();

  const keyOf = (signer: NodeId): KeyObject | null => {
    const raw = options.publicKeys.get(signer);
    if (raw === undefined) return null;
    const known = objects.get(signer);
    if (known?.raw === raw) return known.key;
    const key = publicKeyFrom(raw);
    objects.set(signer, { raw, key });
    return key;
  };
  return {
    hash: sha256,
    sign: (bytes) => fast?.sign(bytes) ?? signEd25519(own, bytes),
    verify: (signer, bytes, signature) => {
      if (fast !== null) {
        const raw = options.publicKeys.get(signer);
        return raw !== undefined && fast.verify(raw, bytes, signature);
      }
      const key = keyOf(signer);
      return key !== null && verifyEd25519(key, bytes, signature);
    },
    publicKeyOf: (signer) => options.publicKeys.get(signer),
  };
}

export function createSignatures(): Signatures {
  const publicKeys = createLru<KeyObject | null>(CACHED_KEYS);
  const privateKeys = createLru<KeyObject>(CACHED_KEYS);
  const nameOf = (raw: Uint8Array): string =>
    Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1');
  const privateKey = (seed: Uint8Array): KeyObject => privateKeys.get(nameOf(seed), () => privateKeyOf(seed));
  return {
    publicKeyOf: (seed) => rawPublicKeyOf(privateKey(seed)),
    signWith: (seed, bytes) => signEd25519(privateKey(seed), bytes),
    verifyWith: (raw, bytes, signature) => {
      const key = publicKeys.get(nameOf(raw), () => publicKeyFrom(raw));
      return key !== null && verifyEd25519(key, bytes, signature);
    },
  };
}
