/**
 * Rebuilding a state from parts that anyone may have sent. A part counts only if it hashes to what was promised and
 * is what an honest state would have made: known collections, canonical values, ascending order, all in their place,
 * and next to its neighbours a shape that no other content has. Nothing here throws, nothing touches the state
 * before `finish`.
 */

import { DIGEST_BYTES, type Hash } from '@concordat/crypto';
import { assert, type Digest, type Restore } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { Collection, Staged } from './collection.ts';
import {
  afterRange,
  decodePart,
  framePart,
  LOWEST,
  MAX_PART_BYTES,
  type Part,
  type Place,
  prefixOf,
} from './part.ts';
import { createSlab } from './slab.ts';
import { areSiblings, buildPart, contentBytes, isLeaf, stateDigest, type Tree } from './tree.ts';

interface Accepted {
  readonly part: Part;
  readonly staged: readonly Staged[];
}

export interface RestoreTarget {
  readonly hash: Hash;
  readonly version: number;
  readonly collections: ReadonlyMap<string, Collection>;
  /** Installs the tree, after the collections took its entries. */
  installed(tree: Tree): void;
}

export function createRestore(
  target: RestoreTarget,
  digest: Digest,
  promised: readonly Digest[],
): Restore | null {
  if (promised.some((part) => part.length !== DIGEST_BYTES)) return null;
  if (!equalBytes(stateDigest(target.hash, target.version, promised), digest)) return null;
  const accepted: (Accepted | undefined)[] = promised.map(() => undefined);
  let missing = promised.length;

  const offer = (index: number, bytes: Uint8Array): boolean => {
    const expected = promised[index];
    if (expected === undefined || bytes.length > MAX_PART_BYTES) return false;
    if (accepted[index] !== undefined) return hashOf(target.hash, bytes, expected);
    const read = hashOf(target.hash, bytes, expected) ? readPart(target, bytes) : null;
    if (read === null || !fits(accepted, index, read.part)) return false;
    accepted[index] = read;
    missing--;
    return true;
  };

  return {
    offer,
    missing: (limit) => {
      const indices: number[] = [];
      for (let i = 0; i < accepted.length && indices.length < limit; i++) {
        if (accepted[i] === undefined) indices.push(i);
      }
      return indices;
    },
    finish: () => {
      assert(missing === 0, 'a restore finishes when no part is missing');
      install(
        target,
        accepted.filter((one) => one !== undefined),
      );
    },
  };
}

function hashOf(hash: Hash, bytes: Uint8Array, expected: Digest): boolean {
  const { framed, part } = framePart(bytes.length);
  part.set(bytes);
  return equalBytes(hash(framed), expected);
}

/** The part and its entries, ready to insert; null unless the bytes are the canonical ones of a part. */
function readPart(target: RestoreTarget, bytes: Uint8Array): Accepted | null {
  const raw = decodePart(bytes);
  if (raw === null) return null;
  const first = String.fromCharCode(...raw.prefix) + LOWEST.slice(raw.prefix.length);
  const staged: Staged[] = [];
  const slab = createSlab();
  let previous: Place = '';
  for (const entry of raw.entries) {
    const next = target.collections.get(entry.collection)?.stage(entry, slab) ?? null;
    if (next === null || next.place <= previous || prefixOf(next.place, raw.depth) !== first) return null;
    previous = next.place;
    staged.push(next);
  }
  const part = buildPart(
    target.hash,
    raw.depth,
    first,
    staged.map(({ place, entry }) => [place, entry]),
  );
  const isCanonical = equalBytes(part.bytes, bytes) && isLeaf(contentBytes(part), staged.length);
  return isCanonical && prefixOf(first, raw.depth) === first ? { part, staged } : null;
}

/** True if the part's range meets those of its neighbours, as far as they are known, and none should be joined. */
function fits(accepted: readonly (Accepted | undefined)[], index: number, part: Part): boolean {
  const left = accepted[index - 1]?.part;
  const right = accepted[index + 1]?.part;
  if (index === 0 && part.first !== LOWEST) return false;
  if (index === accepted.length - 1 && afterRange(part.first, part.depth) !== null) return false;
  return (left === undefined || follows(left, part)) && (right === undefined || follows(part, right));
}

function follows(left: Part, right: Part): boolean {
  if (afterRange(left.first, left.depth) !== right.first) return false;
  const count = left.places.length + right.places.length;
  return !areSiblings(left, right) || !isLeaf(contentBytes(left) + contentBytes(right), count);
}

function install(target: RestoreTarget, accepted: readonly Accepted[]): void {
  for (const collection of target.collections.values()) collection.clear();
  for (const { staged } of accepted) for (const entry of staged) entry.insert();
  target.installed(accepted.map(({ part }) => part));
}
