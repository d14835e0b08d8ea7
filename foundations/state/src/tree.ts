/**
 * The content of a state as a binary tree over ranges of births with parts as its leaves, immutable: a change makes a
 * new tree that shares all that did not change, and costs what changed. A node is a leaf exactly if its entries fit a
 * part (or there is at most one), and the root is the smallest that has them all, so the parts depend on the entries
 * alone and never on the way there, and no choice of keys makes a part larger than `MAX_PART_BYTES`.
 *
 * digest of the state = tagged(hash, 'state', u32 version, digests of the parts in order). Flat, because whoever
 * restores needs the whole list anyway, and hashing the list is far cheaper than a tree of small hashes.
 */

import { type Hash, tagged } from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { concatBytes } from '@concordat/wire';
import { digestOfRecords, endOf, levelOf, type Part, type Range, SPLIT_BYTES, startOf } from './part.ts';
import { type Birth, birthOf, isTombstone, type RecordId, type Records, sizeOf } from './records.ts';

export interface Tree {
  readonly root: Part | Inner;
  /** Of the state, once somebody asked. */
  /** Once somebody asked, under the version that was asked for. */
  digest: { readonly version: number; readonly value: Digest } | null;
}

interface Inner extends Range {
  readonly left: Part | Inner;
  readonly right: Part | Inner;
  /** Leaves below. */
  readonly parts: number;
  /** Digests of all parts below, one after the other, once somebody asked; only kept for few parts. */
  digests: Uint8Array | null;
}

/** A leaf that changed and whose digest is not made yet: it may still be joined with its sibling. */
interface Draft extends Omit<Part, 'digest'> {
  readonly digest: null;
}

type Node = Part | Inner | Draft;

/** Inner nodes of at most this many parts remember their digests: the list of all is then put together quickly. */
const REMEMBERED_PARTS = 64;

const draft = (level: number, index: number, records: readonly RecordId[], sizeBytes: number): Draft => ({
  level,
  index,
  records,
  sizeBytes,
  digest: null,
});

const emptyPart = (from: Records, level: number, index: number): Part | Inner =>
  sealed(from, draft(level, index, [], 0));

export const emptyTree = (from: Records): Tree => ({ root: emptyPart(from, 0, 0), digest: null });

/** The tree that has these parts, in order, as its leaves. */
export function treeOf(parts: readonly Part[]): Tree {
  let next = 0;
  const below = (level: number): Part | Inner => {
    const part = parts[next];
    assert(part !== undefined && part.level <= level, 'parts tile the births');
    if (part.level < level) return inner(below(level - 1), below(level - 1));
    next++;
    return part;
  };
  const last = parts.at(-1);
  return { root: below(last === undefined ? 0 : levelOf(endOf(last) - 1)), digest: null };
}

export const partsOf = (tree: Tree): Part[] => leavesBelow(tree.root);

export const countParts = ({ root }: Tree): number => partsBelow(root);

export const listDigest = (hash: Hash, version: number, digests: Uint8Array): Digest => {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, version);
  return tagged(hash, 'state', head, digests);
};

export function stateDigest(hash: Hash, version: number, tree: Tree): Digest {
  if (tree.digest?.version !== version)
    tree.digest = { version, value: listDigest(hash, version, digestsBelow(tree.root)) };
  return tree.digest.value;
}

function digestsBelow(root: Part | Inner): Uint8Array {
  const lists: Uint8Array[] = [];
  const visit = (node: Part | Inner): void => {
    if (!isInner(node)) lists.push(node.digest);
    else if (node.parts <= REMEMBERED_PARTS) lists.push(remembered(node));
    else {
      visit(node.left);
      visit(node.right);
    }
  };
  visit(root);
  return concatBytes(lists);
}

function remembered(node: Inner): Uint8Array {
  node.digests ??= concatBytes(leavesBelow(node).map((part) => part.digest));
  return node.digests;
}

function leavesBelow(root: Part | Inner): Part[] {
  const parts: Part[] = [];
  const visit = (node: Part | Inner): void => {
    if (isInner(node)) {
      visit(node.left);
      visit(node.right);
    } else parts.push(node);
  };
  visit(root);
  return parts;
}

/** The rule that makes the shape canonical. */
export const isLeaf = (sizeBytes: number, count: number): boolean => sizeBytes <= SPLIT_BYTES || count <= 1;

/** True if `right`, which follows `left`, is the other child of the same node. */
export const areSiblings = (left: Range, right: Range): boolean =>
  left.level === right.level && left.index % 2 === 0;

/**
 * The tree with the changes made, which it puts in order: sealed records and tombstones. They may come twice, and a
 * tombstone may come with a record, because what a rollback undid is born again as something else.
 */
export function changed(from: Records, tree: Tree, changes: RecordId[]): Tree {
  if (changes.length === 0) return tree;
  changes.sort((a, b) => birthOf(from, a) - birthOf(from, b) || lateness(from, a) - lateness(from, b));
  const last = changes[changes.length - 1] as RecordId;
  const root = reaching(from, tree.root, birthOf(from, last));
  return { root: trimmed(from, update(from, root, changes, 0, changes.length)), digest: null };
}

const lateness = (from: Records, id: RecordId): number => (isTombstone(from, id) ? 1 : 0);

/** A root that has this birth. */
function reaching(from: Records, root: Part | Inner, birth: Birth): Node {
  if (birth < endOf(root)) return root;
  if (!isInner(root)) return draft(levelOf(birth), 0, root.records, root.sizeBytes);
  return reaching(from, inner(root, emptyPart(from, root.level, 1)), birth);
}

/** The smallest root that has all entries. */
function trimmed(from: Records, root: Node): Part | Inner {
  if (isInner(root)) {
    const { left, right } = root;
    return !isInner(right) && right.records.length === 0 ? trimmed(from, left) : root;
  }
  const last = root.records.at(-1);
  const level = last === undefined ? 0 : levelOf(birthOf(from, last));
  return sealed(from, level === root.level ? root : draft(level, 0, root.records, root.sizeBytes));
}

/** The node with the changes from `start` to `end`, all of which belong below it. */
function update(from: Records, node: Node, changes: readonly RecordId[], start: number, end: number): Node {
  if (start === end) return node;
  if (!isInner(node)) return split(from, withChanges(from, node, changes, start, end));
  const middle = indexOf(from, changes, startOf(node.right), start, end);
  return joined(
    from,
    update(from, node.left, changes, start, middle),
    update(from, node.right, changes, middle, end),
  );
}

/** The index of the first of `ids` between `start` and `end` whose birth is not below `birth`. */
function indexOf(from: Records, ids: readonly RecordId[], birth: Birth, start: number, end: number): number {
  let low = start;
  for (let high = end; low < high; ) {
    const middle = (low + high) >>> 1;
    if (birthOf(from, ids[middle] as RecordId) < birth) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Two siblings as one leaf if they fit, else as an inner node. */
function joined(from: Records, left: Node, right: Node): Node {
  if (isInner(left) || isInner(right)) return inner(sealed(from, left), sealed(from, right));
  const sizeBytes = left.sizeBytes + right.sizeBytes;
  if (!isLeaf(sizeBytes, left.records.length + right.records.length)) {
    return inner(sealed(from, left), sealed(from, right));
  }
  return draft(left.level + 1, left.index / 2, [...left.records, ...right.records], sizeBytes);
}

const isInner = (node: Node): node is Inner => 'left' in node;
const partsBelow = (node: Part | Inner): number => (isInner(node) ? node.parts : 1);

const inner = (left: Part | Inner, right: Part | Inner): Inner => ({
  level: left.level + 1,
  index: left.index / 2,
  left,
  right,
  parts: partsBelow(left) + partsBelow(right),
  digests: null,
});

function sealed(from: Records, node: Node): Part | Inner {
  if (isInner(node) || node.digest !== null) return node;
  const { level, index, records, sizeBytes } = node;
  return { level, index, records, sizeBytes, digest: digestOfRecords(from, node, records) };
}

/** Merges the changes from `start` to `end` into the records of `part`; both are in order. */
function withChanges(
  from: Records,
  part: Part | Draft,
  changes: readonly RecordId[],
  start: number,
  end: number,
): Draft {
  const old = part.records;
  const records: RecordId[] = [];
  let { sizeBytes } = part;
  let next = 0;
  let previous = 0;
  for (let i = start; i < end; i++) {
    const change = changes[i] as RecordId;
    const birth = birthOf(from, change);
    if (birth === previous && i > start) continue;
    previous = birth;
    const at = indexOf(from, old, birth, next, old.length);
    while (next < at) records.push(old[next++] as RecordId);
    const former = old[next];
    if (former !== undefined && birthOf(from, former) === birth) {
      sizeBytes -= sizeOf(from, former);
      next++;
    }
    if (isTombstone(from, change)) continue;
    records.push(change);
    sizeBytes += sizeOf(from, change);
  }
  while (next < old.length) records.push(old[next++] as RecordId);
  return draft(part.level, part.index, records, sizeBytes);
}

function split(from: Records, node: Draft): Draft | Inner {
  const { level, index, records, sizeBytes } = node;
  if (isLeaf(sizeBytes, records.length)) return node;
  const right = { level: level - 1, index: 2 * index + 1 };
  const middle = indexOf(from, records, startOf(right), 0, records.length);
  const lower = records.slice(0, middle);
  const lowerBytes = lower.reduce((size, id) => size + sizeOf(from, id), 0);
  const low = draft(level - 1, 2 * index, lower, lowerBytes);
  const high = draft(right.level, right.index, records.slice(middle), sizeBytes - lowerBytes);
  return inner(sealed(from, split(from, low)), sealed(from, split(from, high)));
}
