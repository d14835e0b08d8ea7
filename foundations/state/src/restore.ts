/**
 * Rebuilding a state from parts that anyone may have sent. A part counts only if it hashes to what was promised and
 * is what an honest state would have made: known collections, canonical values, no key twice, ascending births that
 * were counted, and next to its neighbours a shape that no other content has. Parts that the present state has already
 * are taken from it unseen: their digests say that they are the same. Nothing here throws, nothing touches the state
 * before `finish`, and that costs what differs.
 */

import { DIGEST_BYTES, type Hash } from '@concordat/crypto';
import { assert, type Digest, type Restore } from '@concordat/kernel';
import { concatBytes, equalBytes } from '@concordat/wire';
import { MAX_ENTRY_BYTES, numberKey } from './codec.ts';
import { type Claim, type Collection, NO_CLAIM, type Staging } from './collection.ts';
import {
  decodePart,
  endOf,
  HEAD_BYTES,
  levelOf,
  type Part,
  partDigest,
  type Range,
  type RawEntry,
  type RawPart,
  startOf,
} from './part.ts';
import { appendWhole, type Birth, birthOf, entryDigest, type Records, sealAs } from './records.ts';
import { areSiblings, isLeaf, listDigest, partsOf, type Tree, treeOf } from './tree.ts';

/** The collection whose one entry counts the births of all others, and is born as number 0. */
export const BIRTHS = '.births';

export interface RestoreTarget {
  readonly hash: Hash;
  /** Those that a state may be of. */
  readonly versions: readonly number[];
  readonly collections: ReadonlyMap<string, Collection>;
  readonly records: Records;
  /** What the next key will be born as. */
  nextBirth(): Birth;
  /** The tree of the present content. */
  presentTree(): Tree;
  /** Drops all marks, and what only they show. */
  dropMarks(): void;
  /** Puts the tree in the place of the present one, of which these parts are not in it. It is of this version. */
  replace(tree: Tree, gone: readonly Part[], version: number): void;
}

/** A part that was accepted: the present state's own, or one from outside. */
interface Accepted extends Range {
  readonly count: number;
  readonly sizeBytes: number;
  /** Of its last entry, 0 if it has none. */
  readonly last: Birth;
  readonly digest: Digest;
  readonly own: Part | null;
  readonly claimed: Claimed | null;
}

/**
 * A part from outside whose entries are claimed. PERF: as the bytes that came and numbers, because a state of a million entries
 * as views of them would be several times as large, and the collector would look at all of it again and again.
 */
interface Claimed {
  readonly bytes: Uint8Array;
  /** Where its entries end; each begins where the one before ends, and the first after the head. */
  readonly ends: Int32Array;
  readonly stagings: readonly Staging[];
  readonly claims: Int32Array;
  /** Of its entries, one after the other. */
  readonly digests: Uint8Array;
}

interface Build {
  readonly target: RestoreTarget;
  readonly version: number;
  readonly promised: readonly Digest[];
  readonly stagings: ReadonlyMap<string, Staging>;
  readonly accepted: (Accepted | undefined)[];
  /** The present tree when own parts were taken from it. */
  base: Tree;
  /** Own parts in use, in order. */
  kept: readonly Part[];
  missing: number;
  /** No part before this one is missing. */
  firstMissing: number;
  /** The last birth of an accepted part. */
  highest: Birth;
  /** The next birth, once it is known. */
  next: Birth | null;
  /** The collection of the last entry, by its name. */
  named: {
    readonly bytes: Uint8Array;
    readonly isBirths: boolean;
    readonly staging: Staging | undefined;
  } | null;
}

export function createRestore(
  target: RestoreTarget,
  digest: Digest,
  promised: readonly Digest[],
): Restore | null {
  if (promised.some((part) => part.length !== DIGEST_BYTES)) return null;
  const list = concatBytes(promised);
  const version = target.versions.find((one) => equalBytes(listDigest(target.hash, one, list), digest));
  if (version === undefined) return null;
  const build: Build = {
    target,
    version,
    promised,
    stagings: new Map([...target.collections].map(([name, collection]) => [name, collection.stage()])),
    accepted: promised.map(() => undefined),
    base: target.presentTree(),
    kept: [],
    missing: promised.length,
    firstMissing: 0,
    highest: 0,
    next: null,
    named: null,
  };
  takeOwn(build);
  return {
    offer: (index, bytes) => {
      checkBase(build);
      return offer(build, index, bytes);
    },
    missing: (limit) => {
      checkBase(build);
      return missing(build, limit);
    },
    finish: () => {
      checkBase(build);
      finish(build);
    },
  };
}

function missing(build: Build, limit: number): number[] {
  const { accepted, promised } = build;
  while (build.firstMissing < promised.length && accepted[build.firstMissing] !== undefined)
    build.firstMissing++;
  const indices: number[] = [];
  for (let i = build.firstMissing; i < promised.length && indices.length < limit; i++)
    if (accepted[i] === undefined) indices.push(i);
  return indices;
}

/** PERF: a tenth of the time of hexadecimal. */
const textOf = (digest: Digest): string => Reflect.apply(String.fromCharCode, null, digest);

/** Accepts what the present state has. */
function takeOwn(build: Build): void {
  const own = new Map(partsOf(build.base).map((part) => [textOf(part.digest), part]));
  const kept: Part[] = [];
  for (const [index, digest] of build.promised.entries()) {
    const part = own.get(textOf(digest));
    if (part === undefined) continue;
    const { level, index: at, records, sizeBytes } = part;
    const lastRecord = records.at(-1);
    const last = lastRecord === undefined ? 0 : birthOf(build.target.records, lastRecord);
    const counts = { count: records.length, sizeBytes, last };
    const one = { level, index: at, ...counts, digest, own: part, claimed: null };
    if (!fits(build, index, one)) continue;
    build.accepted[index] = one;
    build.missing--;
    build.highest = Math.max(build.highest, last);
    kept.push(part);
  }
  build.kept = kept;
  if (kept[0]?.index === 0) build.next = build.target.nextBirth();
}

/** Gives own parts up if the state has changed since they were taken. */
function checkBase(build: Build): void {
  const present = build.target.presentTree();
  if (present === build.base) return;
  build.base = present;
  build.kept = [];
  build.firstMissing = 0;
  if (build.accepted[0]?.own != null) build.next = null;
  build.highest = 0;
  for (const [index, one] of build.accepted.entries()) {
    if (one === undefined) continue;
    if (one.own === null) build.highest = Math.max(build.highest, one.last);
    else {
      build.accepted[index] = undefined;
      build.missing++;
    }
  }
}

function offer(build: Build, index: number, given: Uint8Array): boolean {
  const expected = build.promised[index];
  // A copy: it is kept until the end.
  const bytes = given.slice();
  const raw = expected === undefined ? null : decodePart(bytes);
  if (expected === undefined || raw === null) return false;
  const digests = concatBytes(raw.entries.map((entry) => entryDigest(build.target.hash, entry.bytes)));
  if (!equalBytes(partDigest(build.target.hash, raw, digests), expected)) return false;
  return build.accepted[index] !== undefined || accept(build, index, raw, expected, bytes, digests);
}

/** Takes in a part that is what was promised; false, and as if nothing had happened, if it is not canonical. */
function accept(
  build: Build,
  index: number,
  raw: RawPart,
  digest: Digest,
  bytes: Uint8Array,
  digests: Uint8Array,
): boolean {
  const { level, entries } = raw;
  const sizeBytes = entries.reduce((size, entry) => size + entry.bytes.length, 0);
  const last = entries.at(-1)?.birth ?? 0;
  const range = { level, index: raw.index, count: entries.length, sizeBytes, last };
  const isFitting =
    areCounted(build, raw, last) &&
    isLeaf(sizeBytes, entries.length) &&
    fits(build, index, { ...range, digest, own: null, claimed: null });
  const claimed = isFitting ? claimAll(build, raw, bytes, digests) : null;
  if (claimed === null) return false;
  build.accepted[index] = { ...range, digest, own: null, claimed };
  build.missing--;
  build.highest = Math.max(build.highest, last);
  build.next = countIn(raw) ?? build.next;
  return true;
}

/** Claims the keys of all entries; null, and none is claimed, if that cannot be. */
function claimAll(
  build: Build,
  { entries }: RawPart,
  bytes: Uint8Array,
  digests: Uint8Array,
): Claimed | null {
  const stagings: Staging[] = [];
  const claims = new Int32Array(entries.length);
  const ends = new Int32Array(entries.length);
  let end = HEAD_BYTES;
  for (const [i, entry] of entries.entries()) {
    const staging = stagingFor(build, entry);
    const claim = staging === undefined ? NO_CLAIM : claimOf(build, staging, entry);
    if (staging === undefined || claim === NO_CLAIM) {
      for (const [k, former] of stagings.entries()) former.drop(claims[k] as Claim);
      return null;
    }
    stagings.push(staging);
    claims[i] = claim;
    end += entry.bytes.length;
    ends[i] = end;
  }
  return { bytes, ends, stagings, claims, digests };
}

const nameOf = ({ name }: RawEntry): string => String.fromCharCode(...name);

/**
 * The collection of this name, unless the entry has a birth that belongs to another. PERF: entries that lie together are mostly of
 * one; making a text of each one's name was a twentieth of a restore.
 */
function stagingFor(build: Build, entry: RawEntry): Staging | undefined {
  if (build.named === null || !equalBytes(build.named.bytes, entry.name)) {
    const name = nameOf(entry);
    build.named = { bytes: entry.name, isBirths: name === BIRTHS, staging: build.stagings.get(name) };
  }
  const { isBirths, staging } = build.named;
  return isBirths === (entry.birth === 0) ? staging : undefined;
}

/** The number of births, if it is in this part. */
function countIn({ entries: [first] }: RawPart): Birth | null {
  return first === undefined || nameOf(first) !== BIRTHS ? null : numberKey.decodeKey(first.value);
}

/** True if the births are in their range, in order, and those that were counted. */
function areCounted(build: Build, raw: RawPart, last: Birth): boolean {
  let low = startOf(raw);
  for (const { birth } of raw.entries) {
    if (birth < low || birth >= endOf(raw)) return false;
    low = birth + 1;
  }
  // Before the first birth there is no such entry.
  const next = countIn(raw) ?? build.next ?? (build.missing === 1 ? 1 : null);
  return next === null || Math.max(last, build.highest) < next;
}

/** Claims an entry if it is canonical and its key was free. */
function claimOf({ kept, target }: Build, staging: Staging, entry: RawEntry): Claim {
  if (entry.bytes.length > MAX_ENTRY_BYTES) return NO_CLAIM;
  return staging.claim(entry, (id) => isIn(kept, birthOf(target.records, id)));
}

/** True if one of these parts, which are in order, has this birth. */
function isIn(parts: readonly Part[], birth: Birth): boolean {
  let low = 0;
  for (let high = parts.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (endOf(parts[middle] as Part) <= birth) low = middle + 1;
    else high = middle;
  }
  const part = parts[low];
  return part !== undefined && startOf(part) <= birth;
}

/** True if the part's range meets those of its neighbours, as far as they are known, and none should be joined. */
function fits({ accepted }: Build, index: number, part: Accepted): boolean {
  const [left, right] = [accepted[index - 1], accepted[index + 1]];
  if ((index === 0) !== (part.index === 0)) return false;
  if (index === accepted.length - 1 && !endsTree(part)) return false;
  return (left === undefined || follows(left, part)) && (right === undefined || follows(part, right));
}

/** True if a smallest root can end with this part. */
function endsTree(part: Accepted): boolean {
  if (part.index === 0) return part.level === (part.count === 0 ? 0 : levelOf(part.last));
  const end = endOf(part);
  return end === 2 ** levelOf(end - 1) && (part.index > 1 || part.count > 0);
}

function follows(left: Accepted, right: Accepted): boolean {
  if (endOf(left) !== startOf(right)) return false;
  return !areSiblings(left, right) || !isLeaf(left.sizeBytes + right.sizeBytes, left.count + right.count);
}

function finish(build: Build): void {
  assert(build.missing === 0, 'a restore finishes when no part is missing');
  const { target, base } = build;
  target.dropMarks();
  const kept = new Set(build.kept);
  const gone = partsOf(base).filter((part) => !kept.has(part));
  for (const staging of build.stagings.values()) staging.begin(gone);
  const parts = build.accepted
    .filter((one) => one !== undefined)
    .map((one) => one.own ?? install(build, one));
  target.replace(treeOf(parts), gone, build.version);
}

/** The part with its entries in the state. */
function install({ target }: Build, { level, index, sizeBytes, digest, claimed }: Accepted): Part {
  assert(claimed !== null, 'a part that is not the own came from outside');
  const { bytes, ends, stagings, claims, digests } = claimed;
  let start = HEAD_BYTES;
  const records = stagings.map((staging, i) => {
    const end = ends[i] as number;
    const id = appendWhole(target.records, bytes.subarray(start, end));
    sealAs(target.records, id, digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES));
    staging.insert(claims[i] as Claim, id);
    start = end;
    return id;
  });
  return { level, index, records, sizeBytes, digest };
}
