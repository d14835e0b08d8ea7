/**
 * The content of a state as a binary trie over places with parts as its leaves, immutable: a change makes a new tree
 * that shares all that did not change, and costs what changed. A node is a leaf exactly if its entries fit a part (or
 * there is at most one), so the parts depend on the content alone and never on the way there, and no choice of keys
 * makes a part larger than `MAX_PART_BYTES`.
 *
 * digest of the state = tagged(hash, 'state', u32 version, digests of the parts in order). Flat, because whoever
 * restores needs the whole list anyway, and hashing the list is far cheaper than a tree of small hashes.
 */

import { type Hash, tagged } from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { concatBytes } from '@concordat/wire';
import { bitOf, digestOfRecords, LOWEST, type Part, type Place, SPLIT_BYTES, withBit } from './part.ts';
import { comparePlaces, isTombstone, placeBit, type RecordId, type Records, sizeOf } from './records.ts';

export interface Tree {
  readonly root: Part | Inner;
  /** Of the state, once somebody asked. */
  digest: Digest | null;
}

interface Inner {
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

export const emptyTree = (from: Records): Tree => ({
  root: sealed(from, draft(0, LOWEST, [], 0)),
  digest: null,
});

const draft = (depth: number, first: Place, records: readonly RecordId[], sizeBytes: number): Draft => ({
  depth,
  first,
  records,
  sizeBytes,
  digest: null,
});

/** The tree that has these parts, in order, as its leaves. */
export function treeOf(parts: readonly Part[]): Tree {
  let next = 0;
  const below = (depth: number): Part | Inner => {
    const part = parts[next];
    assert(part !== undefined && part.depth >= depth, 'parts tile the places');
    if (part.depth > depth) return inner(below(depth + 1), below(depth + 1));
    next++;
    return part;
  };
  return { root: below(0), digest: null };
}

export const partsOf = (tree: Tree): Part[] => leavesBelow(tree.root);

export const countParts = ({ root }: Tree): number => partsBelow(root);

export const listDigest = (hash: Hash, version: number, digests: Uint8Array): Digest => {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, version);
  return tagged(hash, 'state', head, digests);
};

export function stateDigest(hash: Hash, version: number, tree: Tree): Digest {
  tree.digest ??= listDigest(hash, version, digestsBelow(tree.root));
  return tree.digest;
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
export const areSiblings = (left: { depth: number; first: Place }, right: { depth: number }): boolean =>
  left.depth === right.depth && left.depth > 0 && bitOf(left.first, left.depth - 1) === 0;

/** The tree with the changes made: sealed records and tombstones, each of another place. Puts them in order. */
export function changed(from: Records, tree: Tree, changes: RecordId[]): Tree {
  if (changes.length === 0) return tree;
  changes.sort((a, b) => comparePlaces(from, a, b));
  return { root: sealed(from, update(from, tree.root, 0, changes, 0, changes.length)), digest: null };
}

/** The node at `depth` with the changes from `start` to `end`, all of which belong below it. */
function update(
  from: Records,
  node: Part | Inner,
  depth: number,
  changes: readonly RecordId[],
  start: number,
  end: number,
): Node {
  if (start === end) return node;
  if (!isInner(node)) return split(from, withChanges(from, node, changes, start, end));
  const middle = firstOnRight(from, changes, depth, start, end);
  const left = update(from, node.left, depth + 1, changes, start, middle);
  const right = update(from, node.right, depth + 1, changes, middle, end);
  return joined(from, left, right);
}

/** The index of the first of records in order, from `low` on, whose place has bit `depth` set. */
function firstOnRight(
  from: Records,
  ids: readonly RecordId[],
  depth: number,
  start: number,
  end: number,
): number {
  let low = start;
  for (let high = end; low < high; ) {
    const middle = (low + high) >>> 1;
    if (placeBit(from, ids[middle] as RecordId, depth) === 0) low = middle + 1;
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
  return draft(left.depth - 1, left.first, [...left.records, ...right.records], sizeBytes);
}

const isInner = (node: Node): node is Inner => 'left' in node;
const partsBelow = (node: Part | Inner): number => (isInner(node) ? node.parts : 1);

const inner = (left: Part | Inner, right: Part | Inner): Inner => ({
  left,
  right,
  parts: partsBelow(left) + partsBelow(right),
  digests: null,
});

function sealed(from: Records, node: Node): Part | Inner {
  if (isInner(node) || node.digest !== null) return node;
  const { depth, first, records, sizeBytes } = node;
  return { depth, first, records, sizeBytes, digest: digestOfRecords(from, depth, first, records) };
}

/** Merges the changes from `start` to `end` into the records of `part`; both are in order of place. */
function withChanges(
  from: Records,
  part: Part,
  changes: readonly RecordId[],
  start: number,
  end: number,
): Draft {
  const old = part.records;
  const records: RecordId[] = [];
  let { sizeBytes } = part;
  let next = 0;
  for (let i = start; i < end; i++) {
    const change = changes[i] as RecordId;
    const isSecond = i > start && comparePlaces(from, changes[i - 1] as RecordId, change) === 0;
    assert(!isSecond, 'keys of a collection encode differently');
    const at = indexOf(from, old, change, next);
    while (next < at) records.push(old[next++] as RecordId);
    const former = old[next];
    if (former !== undefined && comparePlaces(from, former, change) === 0) {
      sizeBytes -= sizeOf(from, former);
      next++;
    }
    if (isTombstone(from, change)) continue;
    records.push(change);
    sizeBytes += sizeOf(from, change);
  }
  while (next < old.length) records.push(old[next++] as RecordId);
  return draft(part.depth, part.first, records, sizeBytes);
}

/** The index of the first of `ids` from `start` on whose place is not below that of `id`. */
function indexOf(from: Records, ids: readonly RecordId[], id: RecordId, start: number): number {
  let low = start;
  for (let high = ids.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (comparePlaces(from, ids[middle] as RecordId, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function split(from: Records, node: Draft): Draft | Inner {
  const { depth, first, records, sizeBytes } = node;
  if (isLeaf(sizeBytes, records.length)) return node;
  const middle = firstOnRight(from, records, depth, 0, records.length);
  const left = records.slice(0, middle);
  const leftBytes = left.reduce((size, id) => size + sizeOf(from, id), 0);
  const low = draft(depth + 1, first, left, leftBytes);
  const high = draft(depth + 1, withBit(first, depth), records.slice(middle), sizeBytes - leftBytes);
  return inner(sealed(from, split(from, low)), sealed(from, split(from, high)));
}
