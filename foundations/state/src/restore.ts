/**
 * Rebuilding a state from parts that anyone may have sent. A part counts only if it hashes to what was promised and
 * is what an honest state would have made: known collections, canonical values, no key twice, ascending births that
 * were counted, and next to its neighbours a shape that no other content has. Nothing here throws, nothing touches the
 * state before `finish`.
 */

import { DIGEST_BYTES, type Hash } from '@concordat/crypto';
import { assert, type Digest, type Restore } from '@concordat/kernel';
import { concatBytes, equalBytes } from '@concordat/wire';
import { MAX_ENTRY_BYTES, numberKey } from './codec.ts';
import type { Collection, Staging } from './collection.ts';
import {
  decodePart,
  endOf,
  levelOf,
  type Part,
  partDigest,
  type RawEntry,
  type RawPart,
  startOf,
} from './part.ts';
import {
  appendEntry,
  type Birth,
  createRecords,
  entryDigest,
  freeRecord,
  type RecordId,
  type Records,
  seal,
  sizeOf,
} from './records.ts';
import { areSiblings, isLeaf, listDigest, type Tree, treeOf } from './tree.ts';

/** The collection whose one entry counts the births of all others, and is born as number 0. */
export const BIRTHS = '.births';

export interface RestoreTarget {
  readonly hash: Hash;
  readonly version: number;
  readonly collections: ReadonlyMap<string, Collection>;
  /** Puts the records and the tree in the place of the former ones. */
  installed(records: Records, tree: Tree): void;
}

/** What is accepted so far. */
interface Build {
  readonly records: Records;
  readonly stagings: ReadonlyMap<string, Staging>;
  readonly parts: (Part | undefined)[];
  missing: number;
  /** The highest birth of an entry. */
  highest: Birth;
  /** The next birth, once it is known. */
  next: Birth | null;
}

export function createRestore(
  target: RestoreTarget,
  digest: Digest,
  promised: readonly Digest[],
): Restore | null {
  if (promised.some((part) => part.length !== DIGEST_BYTES)) return null;
  if (!equalBytes(listDigest(target.hash, target.version, concatBytes(promised)), digest)) return null;
  const build: Build = {
    records: createRecords(target.hash),
    stagings: new Map([...target.collections].map(([name, collection]) => [name, collection.stage()])),
    parts: promised.map(() => undefined),
    missing: promised.length,
    highest: 0,
    next: null,
  };
  return {
    offer: (index, bytes) => {
      const expected = promised[index];
      const raw = expected === undefined ? null : decodePart(bytes);
      if (expected === undefined || raw === null) return false;
      const digests = concatBytes(raw.entries.map((entry) => entryDigest(target.hash, entry.bytes)));
      if (!equalBytes(partDigest(target.hash, raw, digests), expected)) return false;
      return build.parts[index] !== undefined || accept(build, index, raw, expected);
    },
    missing: (limit) => {
      const indices: number[] = [];
      for (let i = 0; i < build.parts.length && indices.length < limit; i++) {
        if (build.parts[i] === undefined) indices.push(i);
      }
      return indices;
    },
    finish: () => {
      assert(build.missing === 0, 'a restore finishes when no part is missing');
      for (const collection of target.collections.values()) collection.clear();
      target.installed(build.records, treeOf(build.parts.filter((part) => part !== undefined)));
      for (const staging of build.stagings.values()) staging.install();
    },
  };
}

/** Takes in a part that is what was promised; false, and as if nothing had happened, if it is not canonical. */
function accept(build: Build, index: number, raw: RawPart, digest: Digest): boolean {
  const taken: RawEntry[] = [];
  const ids: RecordId[] = [];
  const { level, entries } = raw;
  const isGood =
    areCounted(build, raw) &&
    entries.every((entry) => {
      const id = staged(build, entry);
      if (id === null) return false;
      taken.push(entry);
      ids.push(id);
      return true;
    });
  const sizeBytes = ids.reduce((size, id) => size + sizeOf(build.records, id), 0);
  const part: Part = { level, index: raw.index, records: ids, sizeBytes, digest };
  if (!isGood || !isLeaf(sizeBytes, ids.length) || !fits(build, index, part, entries.at(-1)?.birth ?? 0)) {
    for (const entry of taken) build.stagings.get(nameOf(entry))?.drop(entry);
    for (const id of ids) freeRecord(build.records, id);
    return false;
  }
  build.parts[index] = part;
  build.missing--;
  build.highest = Math.max(build.highest, entries.at(-1)?.birth ?? 0);
  build.next = countIn(raw) ?? build.next;
  return true;
}

const nameOf = (entry: RawEntry): string => String.fromCharCode(...entry.name);

/** The number of births, if it is in this part. */
function countIn({ entries: [first] }: RawPart): Birth | null {
  return first === undefined || nameOf(first) !== BIRTHS ? null : numberKey.decodeKey(first.value);
}

/** True if the births are in their range, in order, and those that were counted. */
function areCounted(build: Build, raw: RawPart): boolean {
  let low = startOf(raw);
  for (const { birth } of raw.entries) {
    if (birth < low || birth >= endOf(raw)) return false;
    low = birth + 1;
  }
  const highest = Math.max(build.highest, raw.entries.at(-1)?.birth ?? 0);
  // Before the first birth there is no such entry.
  const next = countIn(raw) ?? build.next ?? (build.missing === 1 ? 1 : null);
  return next === null || highest < next;
}

/** The entry as a record, its key claimed; null unless it is canonical. */
function staged({ records, stagings }: Build, entry: RawEntry): RecordId | null {
  const name = nameOf(entry);
  if (entry.bytes.length > MAX_ENTRY_BYTES || (name === BIRTHS) !== (entry.birth === 0)) return null;
  const staging = stagings.get(name);
  if (staging?.isCanonical(entry) !== true) return null;
  const id = appendEntry(records, entry.birth, entry.name, entry.key, entry.value);
  if (staging.take(entry, id)) {
    seal(records, id);
    return id;
  }
  freeRecord(records, id);
  return null;
}

/** True if the part's range meets those of its neighbours, as far as they are known, and none should be joined. */
function fits({ parts }: Build, index: number, part: Part, last: Birth): boolean {
  const [left, right] = [parts[index - 1], parts[index + 1]];
  if ((index === 0) !== (part.index === 0)) return false;
  if (index === parts.length - 1 && !endsTree(part, last)) return false;
  return (left === undefined || follows(left, part)) && (right === undefined || follows(part, right));
}

/** True if a smallest root can end with this part, whose last birth is `last`. */
function endsTree(part: Part, last: Birth): boolean {
  if (part.index === 0) return part.level === (part.records.length === 0 ? 0 : levelOf(last));
  const end = endOf(part);
  return end === 2 ** levelOf(end - 1) && (part.index > 1 || part.records.length > 0);
}

function follows(left: Part, right: Part): boolean {
  if (endOf(left) !== startOf(right)) return false;
  const count = left.records.length + right.records.length;
  return !areSiblings(left, right) || !isLeaf(left.sizeBytes + right.sizeBytes, count);
}
