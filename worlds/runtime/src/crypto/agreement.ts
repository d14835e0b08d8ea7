/**
 * What members share in pairs, from their identities alone: X25519 (RFC 7748) with the Montgomery forms of their Ed25519
 * keys, as libsodium converts them. So no key for MACs is stored or sent; whoever has an identity has all its pairs.
 */

import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { type PairSecrets, PUBLIC_KEY_BYTES } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { sha256 } from './hash.ts';
import type { KeysOptions } from './keys.ts';

const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

/** The field of both curves. */
const P = 2n ** 255n - 19n;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % P, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % P)
    if (rest & 1n) result = (result * square) % P;
  return result;
}

/** u = (1 + y) / (1 - y), the coordinate by which X25519 names a point; null if the bytes name none. */
export function montgomeryOf(publicKey: Uint8Array): Uint8Array | null {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return null;
  const bigEndian = Buffer.from(publicKey).reverse();
  bigEndian[0] = (bigEndian[0] as number) & 0x7f;
  const y = BigInt(`0x${bigEndian.toString('hex')}`);
  if (y >= P || y === 1n) return null;
  const u = ((1n + y) * power(P + 1n - y, P - 2n)) % P;
  return new Uint8Array(Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse());
}

/** The private key that belongs to the Montgomery form of a seed's public key. */
export function agreementKeyOf(seed: Uint8Array): KeyObject {
  const scalar = createHash('sha512').update(seed).digest().subarray(0, 32);
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, scalar]), format: 'der', type: 'pkcs8' });
}

/** Null where the key is none that anybody could have agreed on a secret with (a point of small order, for instance). */
function agree(own: KeyObject, publicKey: Uint8Array | undefined): Uint8Array | null {
  const u = publicKey === undefined ? null : montgomeryOf(publicKey);
  if (u === null) return null;
  try {
    const other = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, u]), format: 'der', type: 'spki' });
    return new Uint8Array(diffieHellman({ privateKey: own, publicKey: other }));
  } catch {
    return null;
  }
}

export function createPairSecrets({ seed, publicKeys }: Omit<KeysOptions, 'self'>): PairSecrets {
  const own = agreementKeyOf(seed);
  return {
    // With whom no secret can be agreed on, it is one that only this side knows: MACs between the two never hold.
    secretWith: (peer: NodeId) =>
      agree(own, publicKeys.get(peer)) ?? sha256(Buffer.concat([seed, Buffer.from(`nobody ${peer}`)])),
  };
}
