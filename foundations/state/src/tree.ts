/**
 * The content of a state as a list of parts, immutable: a change makes a new list that shares all other parts. The
 * parts are the leaves of a binary trie over places. A node is a leaf exactly if its entries fit a part (or there is
 * at most one), so the list depends on the content alone and never on the way there, and no choice of keys makes a
 * part larger than `MAX_PART_BYTES`.
 *
 * digest of the state = tagged(hash, 'state', u32 version, digests of the parts in order). Flat, because whoever
 * restores needs the whole list anyway, and hashing the list is far cheaper than a tree of small hashes.
 */

import { type Hash, tagged } from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { concatBytes } from '@concordat/wire';
import {
  bitOf,
  framePart,
  headBytes,
  LOWEST,
  type Part,
  type Place,
  putHead,
  SPLIT_BYTES,
  withBit,
} from './part.ts';
import type { Range } from './slab.ts';

export type Tree = readonly Part[];

/** An entry's new bytes, or null if it is gone. */
export interface Change {
  readonly place: Place;
  readonly entry: Range | null;
}

/** One entry of a part under construction, still in the bytes it comes from. */
interface Piece extends Range {
  readonly place: Place;
}

/** A node whose entries changed and whose bytes are not made yet. */
interface Draft {
  readonly depth: number;
  readonly first: Place;
  readonly pieces: readonly Piece[];
}

export const stateDigest = (hash: Hash, version: number, parts: readonly Digest[]): Digest => {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, version);
  return tagged(hash, 'state', head, concatBytes(parts));
};

export const emptyTree = (hash: Hash): Tree => [finished(hash, { depth: 0, first: LOWEST, pieces: [] })];

/** A part from encoded entries in ascending order of place. */
export const buildPart = (
  hash: Hash,
  depth: number,
  first: Place,
  entries: readonly [Place, Range][],
): Part => finished(hash, { depth, first, pieces: entries.map(([place, entry]) => pieceOf(place, entry)) });

export const contentBytes = (part: Part): number => (part.ends.at(-1) ?? part.start) - part.start;

/** The rule that makes the shape canonical. */
export const isLeaf = (sizeBytes: number, count: number): boolean => sizeBytes <= SPLIT_BYTES || count <= 1;

/** True if `right`, which follows `left`, is the other child of the same node. */
export const areSiblings = (left: { depth: number; first: Place }, right: { depth: number }): boolean =>
  left.depth === right.depth && left.depth > 0 && bitOf(left.first, left.depth - 1) === 0;

/** The tree with the changes, each of another place, made. */
export function changed(hash: Hash, tree: Tree, changes: Change[]): Tree {
  if (changes.length === 0) return tree;
  changes.sort((a, b) => (a.place < b.place ? -1 : 1));
  const nodes: (Part | Draft)[] = [];
  let at = 0;
  for (let i = 0; i < tree.length; i++) {
    const part = tree[i] as Part;
    const end = endOfRange(changes, at, tree[i + 1]);
    if (end === at) addNode(nodes, part);
    else for (const leaf of split(withChanges(part, changes, at, end))) addNode(nodes, leaf);
    at = end;
  }
  return nodes.map((node) => ('pieces' in node ? finished(hash, node) : node));
}

/** The index of the first change from `at` on that belongs to `next` or later. */
function endOfRange(changes: readonly Change[], at: number, next: Part | undefined): number {
  if (next === undefined) return changes.length;
  let end = at;
  while (end < changes.length && (changes[end] as Change).place < next.first) end++;
  return end;
}

/** Adds the next node, then joins siblings as long as they fit into one leaf. */
function addNode(nodes: (Part | Draft)[], node: Part | Draft): void {
  let right = node;
  for (let left = nodes.at(-1); left !== undefined && areSiblings(left, right); left = nodes.at(-1)) {
    if (!isLeaf(sizeOf(left) + sizeOf(right), countOf(left) + countOf(right))) break;
    nodes.pop();
    right = { depth: left.depth - 1, first: left.first, pieces: [...piecesOf(left), ...piecesOf(right)] };
  }
  nodes.push(right);
}

function sizeOf(node: Part | Draft): number {
  if (!('pieces' in node)) return contentBytes(node);
  let size = 0;
  for (const piece of node.pieces) size += piece.end - piece.start;
  return size;
}

const countOf = (node: Part | Draft): number => ('pieces' in node ? node.pieces.length : node.places.length);

const piecesOf = (node: Part | Draft): readonly Piece[] =>
  'pieces' in node ? node.pieces : node.places.map((_, i) => pieceAt(node, i));

const pieceOf = (place: Place, { from, start, end }: Range): Piece => ({ place, from, start, end });

const pieceAt = (part: Part, i: number): Piece => ({
  place: part.places[i] as Place,
  from: part.bytes,
  start: i === 0 ? part.start : (part.ends[i - 1] as number),
  end: part.ends[i] as number,
});

/** Merges the changes from `at` to `end` into the entries of `part`; both are in order of place. */
function withChanges(part: Part, changes: readonly Change[], at: number, end: number): Draft {
  const pieces: Piece[] = [];
  let old = 0;
  for (let i = at; i < end; i++) {
    const { place, entry } = changes[i] as Change;
    assert(i === at || (changes[i - 1] as Change).place !== place, 'keys of a collection encode differently');
    while (old < part.places.length && (part.places[old] as Place) < place) pieces.push(pieceAt(part, old++));
    if (part.places[old] === place) old++;
    if (entry !== null) pieces.push(pieceOf(place, entry));
  }
  while (old < part.places.length) pieces.push(pieceAt(part, old++));
  return { depth: part.depth, first: part.first, pieces };
}

function split(node: Draft): Draft[] {
  const { depth, first, pieces } = node;
  if (isLeaf(sizeOf(node), pieces.length)) return [node];
  let low = 0;
  for (let high = pieces.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (bitOf((pieces[middle] as Piece).place, depth) === 0) low = middle + 1;
    else high = middle;
  }
  const left: Draft = { depth: depth + 1, first, pieces: pieces.slice(0, low) };
  const right: Draft = { depth: depth + 1, first: withBit(first, depth), pieces: pieces.slice(low) };
  return [...split(left), ...split(right)];
}

function finished(hash: Hash, node: Draft): Part {
  const { depth, first, pieces } = node;
  const start = headBytes(depth);
  const { framed, part } = framePart(start + sizeOf(node));
  putHead(part, depth, first, pieces.length);
  const ends = copyPieces(pieces, part, start);
  return {
    depth,
    first,
    places: pieces.map((piece) => piece.place),
    ends,
    start,
    bytes: part,
    digest: hash(framed),
  };
}

/** Copies entries that lie together in one go. PERF: 1.6 x as fast as one by one when a fifth of them changed. */
function copyPieces(pieces: readonly Piece[], into: Uint8Array, start: number): number[] {
  const ends: number[] = [];
  let at = start;
  for (let i = 0; i < pieces.length; ) {
    const { from, start: runStart } = pieces[i] as Piece;
    let runEnd = runStart;
    const offset = at - runStart;
    for (
      let piece = pieces[i];
      piece !== undefined && piece.from === from && piece.start === runEnd;
      piece = pieces[++i]
    ) {
      runEnd = piece.end;
      ends.push(offset + runEnd);
    }
    into.set(from.subarray(runStart, runEnd), at);
    at = offset + runEnd;
  }
  return ends;
}
