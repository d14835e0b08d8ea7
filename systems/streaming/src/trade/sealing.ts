/**
 * Briefcases: packets under a fresh key that is handed over later. The sender signs the list of contents, the digest of the key and
 * the digest of what is sealed. Once the key is known, anyone can see whether an item is what the list says: if it is not, the
 * signed list, the key and the sealed item convict the sender (`evidence.ts`). Items are sealed one by one, so a proof needs one item.
 *
 * `createSealing` makes bytes; `model/reference-sealing.ts` passes packets by reference in large simulations.
 */

import { type Hash, merkleProof, merkleRoot, type StreamCipher, verifyMerkle } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import { MAX_PATH, type Packet, readPacket, writePacket } from '../content/packets.ts';

/** What is in a briefcase: a packet, or junk bytes. */
export type Item = Packet | Uint8Array;

export const isPacket = (item: Item): item is Packet => !(item instanceof Uint8Array);

export type Sealed =
  | { readonly kind: 'bytes'; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: 'reference'; readonly items: readonly Item[] };

/** Which packet an item should be. */
export interface Expected {
  readonly round: number;
  readonly index: number;
}

/** Where an item should be in what was signed. */
export interface SealedPlace {
  readonly sealDigest: Digest;
  readonly count: number;
  readonly at: number;
}

/** `foreign`: not of that briefcase. `garbage`: of it, and no packet. */
export type Judged = Packet | 'garbage' | 'foreign';

/** Next to nothing: what a deviation seals where nobody looks at sizes. */
export const SCRAP = new Uint8Array(1);

export interface Sealing {
  /** What stands for a packet that is not given. Its bytes do not matter: sealed, they look like any others. */
  readonly junk: Uint8Array;
  seal(key: Uint8Array, items: readonly Item[]): Sealed;
  digestOf(sealed: Sealed): Digest;
  countOf(sealed: Sealed): number;
  /** True if item number `at` takes `bytes`, as what is listed there would. */
  fits(sealed: Sealed, at: number, bytes: number): boolean;
  /** Item number `at`, which should be packet `expected`; null if it is no packet at all. Whether it is authentic is not asked. */
  open(key: Uint8Array, sealed: Sealed, at: number, expected: Expected): Packet | null;
  /** Bytes that show item number `at` to others. */
  exhibit(sealed: Sealed, at: number): Uint8Array;
  /** What an exhibit shows, to anyone who has the key and what was signed. */
  judge(exhibit: Uint8Array, place: SealedPlace, key: Uint8Array, expected: Expected): Judged;
}

/** Bytes of an item before it is sealed. */
export function itemBytes(item: Item): Uint8Array {
  if (!isPacket(item)) return item;
  const writer = createWriter(64 + item.payload.length + 32 * item.path.length);
  writePacket(writer, item);
  return writer.finish();
}

export function itemFromBytes(
  bytes: Uint8Array,
  { round, index }: Expected,
  maxPayload: number,
): Packet | null {
  const reader = createReader(bytes);
  return reader.finish(readPacket(reader, round, index, maxPayload));
}

const MAX_PROOF = 2 * MAX_PATH;

export function createSealing(
  hash: Hash,
  cipher: StreamCipher,
  { maxPayloadBytes, junkBytes }: { readonly maxPayloadBytes: number; readonly junkBytes: number },
): Sealing {
  const chunksOf = (sealed: Sealed): readonly Uint8Array[] => (sealed.kind === 'bytes' ? sealed.chunks : []);
  const leavesOf = (sealed: Sealed): Digest[] => chunksOf(sealed).map((chunk) => hash(chunk));
  const unlock = (key: Uint8Array, at: number, chunk: Uint8Array, expected: Expected): Packet | null =>
    itemFromBytes(cipher.apply(key, at, chunk), expected, maxPayloadBytes);
  return {
    junk: new Uint8Array(junkBytes),
    seal: (key, items) => ({
      kind: 'bytes',
      chunks: items.map((item, at) => cipher.apply(key, at, itemBytes(item))),
    }),
    digestOf: (sealed) => merkleRoot(hash, leavesOf(sealed)),
    countOf: (sealed) => chunksOf(sealed).length,
    fits: (sealed, at, bytes) => chunksOf(sealed)[at]?.length === bytes,
    open: (key, sealed, at, expected) => {
      const chunk = chunksOf(sealed)[at];
      return chunk === undefined ? null : unlock(key, at, chunk, expected);
    },
    exhibit: (sealed, at) => {
      const writer = createWriter();
      writer.list(merkleProof(hash, leavesOf(sealed), at), (sibling) => writer.fixed(sibling));
      writer.bytes(chunksOf(sealed)[at] ?? new Uint8Array(0));
      return writer.finish();
    },
    judge: (exhibit, { sealDigest, count, at }, key, expected) => {
      const reader = createReader(exhibit);
      const proof = reader.list(MAX_PROOF, 32, () => reader.fixed(32));
      const chunk = reader.finish(reader.bytes(exhibit.length));
      if (chunk === null) return 'foreign';
      const claim = { root: sealDigest, count, index: at, leaf: hash(chunk), proof };
      return verifyMerkle(hash, claim) ? (unlock(key, at, chunk, expected) ?? 'garbage') : 'foreign';
    },
  };
}
