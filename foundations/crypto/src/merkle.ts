/**
 * Merkle trees over a list of digests (Merkle, CRYPTO 1987; shape as in RFC 6962: the left subtree is the largest
 * power of two). Leaves, nodes and the root are hashed under different labels and the root commits to the count, so
 * no list has the root of another one - not a shorter one whose leaves are nodes, not one with its last leaf doubled.
 */

import { assert, type Digest } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { DIGEST_BYTES, type Hash } from './primitives.ts';
import { tagged } from './tagged.ts';

const EMPTY: Digest = new Uint8Array(DIGEST_BYTES);

const leafOf = (hash: Hash, leaf: Digest): Digest => tagged(hash, 'merkle-leaf', leaf);
const nodeOf = (hash: Hash, left: Digest, right: Digest): Digest => tagged(hash, 'merkle-node', left, right);

function rootOf(hash: Hash, count: number, top: Digest): Digest {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, count);
  return tagged(hash, 'merkle-root', bytes, top);
}

/** Pairs up one level; an odd last one rises as it is. */
function parents(hash: Hash, level: readonly Digest[]): Digest[] {
  const above: Digest[] = [];
  for (let i = 0; i + 1 < level.length; i += 2) {
    above.push(nodeOf(hash, level[i] as Digest, level[i + 1] as Digest));
  }
  if (level.length % 2 === 1) above.push(level[level.length - 1] as Digest);
  return above;
}

/** Commits to `leaves`, their order and their number. */
export function merkleRoot(hash: Hash, leaves: readonly Digest[]): Digest {
  let level = leaves.map((leaf) => leafOf(hash, leaf));
  while (level.length > 1) level = parents(hash, level);
  return rootOf(hash, leaves.length, level[0] ?? EMPTY);
}

/** The siblings on the way from leaf `index` to the root, lowest first. */
export function merkleProof(hash: Hash, leaves: readonly Digest[], index: number): Digest[] {
  assert(index >= 0 && index < leaves.length && Number.isInteger(index), 'a proof is for a leaf of the tree');
  const proof: Digest[] = [];
  let level = leaves.map((leaf) => leafOf(hash, leaf));
  for (let at = index; level.length > 1; at >>>= 1) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) proof.push(sibling);
    level = parents(hash, level);
  }
  return proof;
}

export interface MerkleClaim {
  readonly root: Digest;
  readonly count: number;
  readonly index: number;
  readonly leaf: Digest;
  readonly proof: readonly Digest[];
}

/** True if `leaf` is number `index` of the `count` leaves under `root`. The claim may come from anyone. */
export function verifyMerkle(hash: Hash, claim: MerkleClaim): boolean {
  const { root, count, index, leaf, proof } = claim;
  if (!Number.isInteger(count) || count < 1 || count > 0xffff_ffff) return false;
  if (!Number.isInteger(index) || index < 0 || index >= count) return false;
  let digest = leafOf(hash, leaf);
  let used = 0;
  let at = index;
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    const isPaired = at % 2 === 1 || at + 1 < width;
    if (isPaired) {
      const sibling = proof[used++];
      if (sibling === undefined) return false;
      digest = at % 2 === 1 ? nodeOf(hash, sibling, digest) : nodeOf(hash, digest, sibling);
    }
    at = Math.floor(at / 2);
  }
  return used === proof.length && equalBytes(rootOf(hash, count, digest), root);
}
