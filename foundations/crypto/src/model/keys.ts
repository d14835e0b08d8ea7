/**
 * Model keys for simulations: nearly free, deterministic, and unforgeable by construction - a signature is a keyed
 * hash under a secret that never leaves this file, and a participant is only handed the function that signs as itself.
 * An adversary inside a simulation can therefore replay and withhold signatures, but not make another's.
 */

import { assert, createPrng, type NodeId } from '@concordat/kernel';
import {
  type Keys,
  type PairSecrets,
  PUBLIC_KEY_BYTES,
  SEED_BYTES,
  SIGNATURE_BYTES,
  type Signatures,
} from '../primitives.ts';
import { absorb, close, type Lanes, modelHash, squeeze } from './hash.ts';
import { scrambled, secretOf, seedOf } from './secrets.ts';
import { shortBytes } from './short-bytes.ts';

const lanes: Lanes = new Int32Array(8);
const expected = new Uint8Array(SIGNATURE_BYTES);

/** 64 bytes that nobody can make without the secret. */
function authenticate(secret: Lanes, bytes: Uint8Array, into: Uint8Array): void {
  for (let i = 0; i < lanes.length; i++) lanes[i] = secret[i] as number;
  absorb(lanes, bytes);
  squeeze(lanes, into, 0);
  close(lanes);
  squeeze(lanes, into, SIGNATURE_BYTES / 2);
}

function isAuthentic(secret: Lanes, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  authenticate(secret, bytes, expected);
  for (let i = 0; i < SIGNATURE_BYTES; i++) if (signature[i] !== expected[i]) return false;
  return true;
}

function signed(secret: Lanes, bytes: Uint8Array): Uint8Array {
  const signature = shortBytes(SIGNATURE_BYTES);
  authenticate(secret, bytes, signature);
  return signature;
}

function secretsOf(members: number, seed: number): Lanes[] {
  const random = createPrng(seed, 'model-keys');
  return Array.from({ length: members }, () => Int32Array.from({ length: 8 }, () => random.uint32()));
}

/** The seeds of the same keys as keys that travel: what `createModelKeys` signs holds under their public halves. */
export const modelSeeds = (members: number, seed: number): Uint8Array[] =>
  secretsOf(members, seed).map((secret) => {
    const bytes = new Uint8Array(SEED_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [i, lane] of secret.entries()) view.setInt32(4 * i, lane);
    return bytes;
  });

/** The keys of members 0 to `members` - 1 of one simulated cluster; clusters of different seeds share none. */
export function createModelKeys(members: number, seed: number): (id: NodeId) => Keys {
  const secrets = secretsOf(members, seed);
  return (id) => {
    const own = secrets[id];
    assert(own !== undefined, 'keys are handed to members only');
    return {
      hash: modelHash,
      sign: (bytes) => signed(own, bytes),
      verify: (signer, bytes, signature) => {
        const secret = secrets[signer];
        return secret !== undefined && isAuthentic(secret, bytes, signature);
      },
    };
  };
}

/** What members 0 to `members` - 1 of one simulated cluster share in pairs. */
export function createModelPairSecrets(members: number, seed: number): (id: NodeId) => PairSecrets {
  const random = createPrng(seed, 'model-pair-secrets');
  const root = Uint8Array.from({ length: SEED_BYTES }, () => random.below(256));
  const between = (a: NodeId, b: NodeId): Uint8Array =>
    modelHash(Uint8Array.of(...root, Math.min(a, b), Math.max(a, b)));
  return (id) => {
    assert(id < members, 'secrets are handed to members only');
    return {
      secretWith: (peer) => {
        assert(peer < members, 'members share secrets with members only');
        return between(id, peer);
      },
    };
  };
}

/** Signatures under travelling keys: the public key is an invertible scrambling of the seed, so no registry is kept. */
export const modelSignatures: Signatures = {
  publicKeyOf: scrambled,
  signWith: (seed, bytes) => signed(secretOf(seed), bytes),
  verifyWith: (publicKey, bytes, signature) =>
    publicKey.length === PUBLIC_KEY_BYTES && isAuthentic(secretOf(seedOf(publicKey)), bytes, signature),
};
