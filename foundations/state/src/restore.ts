/**
 * Rebuilding a state from parts that anyone may have sent. A part counts only if it hashes to what was promised and
 * is what an honest state would have made: known collections, canonical values, ascending order, all in their place,
 * and next to its neighbours a shape that no other content has. Nothing here throws, nothing touches the state
 * before `finish`.
 */

import { DIGEST_BYTES, type Hash } from '@concordat/crypto';
import { assert, type Digest, type Restore } from '@concordat/kernel';
import { concatBytes, equalBytes } from '@concordat/wire';
import { MAX_ENTRY_BYTES } from './codec.ts';
import type { Collection } from './collection.ts';
import {
  afterRange,
  bitOf,
  decodePart,
  LOWEST,
  type Part,
  type Place,
  partDigest,
  prefixOf,
  type RawEntry,
  type RawPart,
} from './part.ts';
import {
  appendEntry,
  comparePlaces,
  createRecords,
  entryDigest,
  FRAME_BYTES,
  freeRecord,
  placeBit,
  type RecordId,
  type Records,
  seal,
  sizeOf,
} from './records.ts';
import { areSiblings, isLeaf, listDigest, type Tree, treeOf } from './tree.ts';

interface Accepted {
  readonly part: Part;
  /** The collection of each of its records. */
  readonly owners: readonly Collection[];
}

export interface RestoreTarget {
  readonly hash: Hash;
  readonly version: number;
  readonly collections: ReadonlyMap<string, Collection>;
  /** Puts the records and the tree in the place of the former ones. */
  installed(records: Records, tree: Tree): void;
}

export function createRestore(
  target: RestoreTarget,
  digest: Digest,
  promised: readonly Digest[],
): Restore | null {
  if (promised.some((part) => part.length !== DIGEST_BYTES)) return null;
  if (!equalBytes(listDigest(target.hash, target.version, concatBytes(promised)), digest)) return null;
  const accepted: (Accepted | undefined)[] = promised.map(() => undefined);
  const records = createRecords(target.hash);
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
    const taken = takeIn(target, records, raw, expected);
    if (taken === null) return false;
    const { part } = taken;
    if (!isLeaf(part.sizeBytes, part.records.length) || !fits(accepted, index, part)) {
      for (const id of part.records) freeRecord(records, id);
      return false;
    }
    accepted[index] = taken;
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
        records,
        accepted.filter((one) => one !== undefined),
      );
    },
  };
}

/** The part with its entries as records; null unless each is canonical and all are in their place, in order. */
function takeIn(
  { collections }: RestoreTarget,
  into: Records,
  { depth, first, entries }: RawPart,
  digest: Digest,
): Accepted | null {
  const records: RecordId[] = [];
  const owners: Collection[] = [];
  const take = (raw: RawEntry): boolean => {
    const owner = collections.get(String.fromCharCode(...raw.name));
    if (owner === undefined || entrySize(raw) > MAX_ENTRY_BYTES || !owner.isCanonical(raw)) return false;
    const id = appendEntry(into, raw.name, raw.key, raw.value);
    seal(into, id);
    const previous = records.at(-1);
    records.push(id);
    owners.push(owner);
    return (
      (previous === undefined || comparePlaces(into, previous, id) < 0) && isBelow(into, id, depth, first)
    );
  };
  if (prefixOf(first, depth) !== first || !entries.every(take)) {
    for (const id of records) freeRecord(into, id);
    return null;
  }
  const sizeBytes = records.reduce((size, id) => size + sizeOf(into, id), 0);
  return { part: { depth, first, records, sizeBytes, digest }, owners };
}

const entrySize = ({ name, key, value }: RawEntry): number =>
  FRAME_BYTES + name.length + key.length + value.length;

/** True if the record's place opens with the first `depth` bits of `first`. */
function isBelow(records: Records, id: RecordId, depth: number, first: Place): boolean {
  for (let at = 0; at < depth; at++) if (placeBit(records, id, at) !== bitOf(first, at)) return false;
  return true;
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
  const count = left.records.length + right.records.length;
  return !areSiblings(left, right) || !isLeaf(left.sizeBytes + right.sizeBytes, count);
}

function install(target: RestoreTarget, records: Records, accepted: readonly Accepted[]): void {
  for (const collection of target.collections.values()) collection.clear();
  target.installed(records, treeOf(accepted.map(({ part }) => part)));
  for (const { part, owners } of accepted)
    for (const [i, id] of part.records.entries()) owners[i]?.insert(id);
}
