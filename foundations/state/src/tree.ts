/**
 * The content of a state as a binary trie over places with parts as its leaves, immutable: a change makes a new tree
 * that shares all that did not change, and costs what changed. A node is a leaf exactly if its entries fit a part (or
 * there is at most one), so the parts depend on the content alone and never on the way there, and no choice of keys
 * makes a part larger than `MAX_PART_BYTES`.
 *
 * digest of the state = tagged(hash, 'state', u32 version, digests of the parts in order). Flat, because whoever
 * restores needs the whole list anyway, and hashing the list is far cheaper than a tree of small hashes.
 */

import { DIGEST_BYTES, type Hash, tagged } from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { concatBytes, createKeepingCopier } from '@concordat/wire';
import type { Change, Entry } from './entry.ts';
import { bitOf, LOWEST, type Part, type Place, partDigest, SPLIT_BYTES, withBit } from './part.ts';

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

/** Digests live as long as their part, longer than most other bytes. */
const keep = createKeepingCopier();

export const emptyTree = (hash: Hash): Tree => ({
  root: sealed(hash, draft(0, LOWEST, [], new Uint8Array(0), 0)),
  digest: null,
});

const draft = (
  depth: number,
  first: Place,
  entries: readonly Entry[],
  digests: Uint8Array,
  sizeBytes: number,
): Draft => ({ depth, first, entries, digests, sizeBytes, digest: null });

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

/** The tree with the changes, each of another place, made. */
export function changed(hash: Hash, tree: Tree, changes: readonly Change[]): Tree {
  if (changes.length === 0) return tree;
  const ordered = changes.toSorted((a, b) => (a.place < b.place ? -1 : 1));
  return { root: sealed(hash, update(hash, tree.root, 0, ordered, 0, ordered.length)), digest: null };
}

/** The node at `depth` with the changes from `start` to `end`, all of which belong below it. */
function update(
  hash: Hash,
  node: Part | Inner,
  depth: number,
  changes: readonly Change[],
  start: number,
  end: number,
): Node {
  if (start === end) return node;
  if (!isInner(node)) return split(hash, withChanges(node, changes, start, end));
  const middle = firstOnRight(changes, depth, start, end);
  const left = update(hash, node.left, depth + 1, changes, start, middle);
  const right = update(hash, node.right, depth + 1, changes, middle, end);
  return joined(hash, left, right);
}

/** The index of the first of items in order, from `low` on, whose place has bit `depth` set. */
function firstOnRight(items: readonly { place: Place }[], depth: number, low: number, end: number): number {
  let from = low;
  for (let high = end; from < high; ) {
    const middle = (from + high) >>> 1;
    if (bitOf((items[middle] as { place: Place }).place, depth) === 0) from = middle + 1;
    else high = middle;
  }
  return from;
}

/** Two siblings as one leaf if they fit, else as an inner node. */
function joined(hash: Hash, left: Node, right: Node): Node {
  if (isInner(left) || isInner(right)) return inner(sealed(hash, left), sealed(hash, right));
  const sizeBytes = left.sizeBytes + right.sizeBytes;
  if (!isLeaf(sizeBytes, left.entries.length + right.entries.length)) {
    return inner(sealed(hash, left), sealed(hash, right));
  }
  const digests = concatBytes([left.digests, right.digests]);
  return draft(left.depth - 1, left.first, [...left.entries, ...right.entries], digests, sizeBytes);
}

const isInner = (node: Node): node is Inner => 'left' in node;
const partsBelow = (node: Part | Inner): number => (isInner(node) ? node.parts : 1);

const inner = (left: Part | Inner, right: Part | Inner): Inner => ({
  left,
  right,
  parts: partsBelow(left) + partsBelow(right),
  digests: null,
});

function sealed(hash: Hash, node: Node): Part | Inner {
  if (isInner(node) || node.digest !== null) return node;
  const { depth, first, entries, digests, sizeBytes } = node;
  return { depth, first, entries, digests, sizeBytes, digest: partDigest(hash, depth, first, digests) };
}

/** Merges the changes from `start` to `end` into the entries of `part`; both are in order of place. */
function withChanges(part: Part, changes: readonly Change[], start: number, end: number): Draft {
  const entries: Entry[] = [];
  const digests = roomFor(part.digests.length + (end - start) * DIGEST_BYTES);
  let { sizeBytes } = part;
  let old = 0;
  const keepTo = (next: number): void => {
    digests.set(
      part.digests.subarray(old * DIGEST_BYTES, next * DIGEST_BYTES),
      entries.length * DIGEST_BYTES,
    );
    while (old < next) entries.push(part.entries[old++] as Entry);
  };
  for (let i = start; i < end; i++) {
    const { place, entry, digest } = changes[i] as Change;
    assert(
      i === start || (changes[i - 1] as Change).place !== place,
      'keys of a collection encode differently',
    );
    keepTo(indexOf(part.entries, place, old));
    const former = part.entries[old];
    if (former?.place === place) {
      sizeBytes -= former.sizeBytes;
      old++;
    }
    if (entry === null || digest === null) continue;
    digests.set(digest, entries.length * DIGEST_BYTES);
    entries.push(entry);
    sizeBytes += entry.sizeBytes;
  }
  keepTo(part.entries.length);
  const kept = keep(digests, 0, entries.length * DIGEST_BYTES);
  return draft(part.depth, part.first, entries, kept, sizeBytes);
}

/** Where digests are put together before as many as there are in the end are kept. */
let room = new Uint8Array(0);

function roomFor(sizeBytes: number): Uint8Array {
  if (room.length < sizeBytes) room = new Uint8Array(2 * sizeBytes);
  return room;
}

/** The index of the first entry from `low` on whose place is not below `place`. */
function indexOf(entries: readonly Entry[], place: Place, low: number): number {
  let from = low;
  for (let high = entries.length; from < high; ) {
    const middle = (from + high) >>> 1;
    if ((entries[middle] as Entry).place < place) from = middle + 1;
    else high = middle;
  }
  return from;
}

function split(hash: Hash, node: Draft): Draft | Inner {
  const { depth, first, entries, digests, sizeBytes } = node;
  if (isLeaf(sizeBytes, entries.length)) return node;
  const middle = firstOnRight(entries, depth, 0, entries.length);
  const left = entries.slice(0, middle);
  const leftBytes = left.reduce((size, entry) => size + entry.sizeBytes, 0);
  const cut = middle * DIGEST_BYTES;
  const low = draft(depth + 1, first, left, keep(digests, 0, cut), leftBytes);
  const high = draft(
    depth + 1,
    withBit(first, depth),
    entries.slice(middle),
    keep(digests, cut),
    sizeBytes - leftBytes,
  );
  return inner(sealed(hash, split(hash, low)), sealed(hash, split(hash, high)));
}
