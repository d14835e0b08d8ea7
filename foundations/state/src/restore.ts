/**
 * Rebuilding a state from parts that anyone may have sent. A part counts only if it hashes to what was promised and
 * is what an honest state would have made: known collections, canonical values, ascending order, all in their place,
 * and next to its neighbours a shape that no other content has. Nothing here throws, nothing touches the state
 * before `finish`.
 */

import { DIGEST_BYTES, type Hash } from '@concordat/crypto';
import { assert, type Digest, type Restore } from '@concordat/kernel';
import { concatBytes, equalBytes } from '@concordat/wire';
import type { Collection, Staged } from './collection.ts';
import { entryDigest } from './entry.ts';
import {
  afterRange,
  decodePart,
  LOWEST,
  type Part,
  type Place,
  partDigest,
  prefixOf,
  type RawPart,
} from './part.ts';
import { areSiblings, isLeaf, listDigest, type Tree, treeOf } from './tree.ts';

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
  if (!equalBytes(listDigest(target.hash, target.version, concatBytes(promised)), digest)) return null;
  const accepted: (Accepted | undefined)[] = promised.map(() => undefined);
  let missing = promised.length;

  const offer = (index: number, bytes: Uint8Array): boolean => {
    const expected = promised[index];
    const raw = expected === undefined ? null : decodePart(bytes);
    if (expected === undefined || raw === null) return false;
    const digests = concatBytes(
      raw.entries.map(({ name, key, value }) => entryDigest(target.hash, name, key, value)),
    );
    if (!equalBytes(partDigest(target.hash, raw.depth, raw.first, digests), expected)) return false;
    if (accepted[index] !== undefined) return true;
    const staged = stageAll(target, raw);
    if (staged === null) return false;
    const part = partOf(raw, staged, digests, expected);
    if (!isLeaf(part.sizeBytes, staged.length) || !fits(accepted, index, part)) return false;
    accepted[index] = { part, staged };
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

/** The entries, ready to insert; null unless each is canonical and all are in their place, in order. */
function stageAll(target: RestoreTarget, { depth, first, entries }: RawPart): Staged[] | null {
  if (prefixOf(first, depth) !== first) return null;
  const staged: Staged[] = [];
  let previous: Place = '';
  for (const raw of entries) {
    const next = target.collections.get(String.fromCharCode(...raw.name))?.stage(raw) ?? null;
    if (next === null) return null;
    const { place } = next.entry;
    if (place <= previous || prefixOf(place, depth) !== first) return null;
    previous = place;
    staged.push(next);
  }
  return staged;
}

const partOf = (
  { depth, first }: RawPart,
  staged: readonly Staged[],
  digests: Uint8Array,
  digest: Digest,
): Part => {
  const entries = staged.map(({ entry }) => entry);
  const sizeBytes = entries.reduce((size, entry) => size + entry.sizeBytes, 0);
  return { depth, first, entries, digests, sizeBytes, digest };
};

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
  const count = left.entries.length + right.entries.length;
  return !areSiblings(left, right) || !isLeaf(left.sizeBytes + right.sizeBytes, count);
}

function install(target: RestoreTarget, accepted: readonly Accepted[]): void {
  for (const collection of target.collections.values()) collection.clear();
  for (const { staged } of accepted) for (const entry of staged) entry.insert();
  target.installed(treeOf(accepted.map(({ part }) => part)));
}
