/**
 * A part: all entries whose place opens with the same bits. The place of an entry is a hash of its collection and key,
 * so nobody can crowd many entries into one part without finding collisions; the bytes of a part are canonical, so
 * equal contents have equal digests.
 *
 *   head: u16 depth | prefix: depth bits in whole bytes, padded with zeros | u32 count
 *   then each entry, by ascending place: u8 length, collection (ASCII) | u32 length, key | u32 length, value
 *
 *   digest of an entry = tagged(hash, 'state-entry', collection, key, value)
 *   digest of a part = tagged(hash, 'state-part', its head, the digests of its entries)
 *
 * With the digests of its entries at hand, a part with one changed entry costs the hash of that entry and of a list, not
 * of 16 KiB: an eighth of the bytes for entries of 1 KB (`tree.test.ts`).
 */

import { DIGEST_BYTES, type Hash, tagged } from '@concordat/crypto';
import { assert, type Digest, PART_BYTES } from '@concordat/kernel';
import { createReader, createWriter, utf8 } from '@concordat/wire';
import { MAX_ENTRY_BYTES } from './codec.ts';
import { copyDigest, entryOf, FRAME_BYTES, type RecordId, type Records } from './records.ts';

/**
 * Parts split above this much content. A quarter of `PART_BYTES`, because a small change re-hashes the whole list of
 * digests; a single larger entry has a part of its own.
 */
export const SPLIT_BYTES = PART_BYTES / 4;
export const MAX_DEPTH = 8 * DIGEST_BYTES;
export const MAX_NAME_BYTES = 32;

const HEAD_BYTES = 2 + DIGEST_BYTES + 4;
/** The largest part there can be: one maximal entry. */
export const MAX_PART_BYTES = HEAD_BYTES + MAX_ENTRY_BYTES;

/** A digest as text, one character (0 to 255) per byte, so that comparing text compares the bytes. */
export type Place = string;

export interface Part {
  /** Bits of place that all entries share. */
  readonly depth: number;
  /** A place in the part's range: its lowest. */
  readonly first: Place;
  /** By ascending place, all sealed. */
  readonly records: readonly RecordId[];
  /** Bytes of all entries. */
  readonly sizeBytes: number;
  readonly digest: Digest;
}

export const LOWEST: Place = '\0'.repeat(DIGEST_BYTES);

export const bitOf = (place: Place, at: number): number =>
  (place.charCodeAt(at >>> 3) >>> (7 - (at & 7))) & 1;

/** `place` with all bits from `depth` on cleared. */
export function prefixOf(place: Place, depth: number): Place {
  const whole = depth >>> 3;
  const kept = place.charCodeAt(whole) & (0xff00 >> (depth & 7));
  if (whole === DIGEST_BYTES) return place;
  return place.slice(0, whole) + String.fromCharCode(kept) + LOWEST.slice(whole + 1);
}

/** `first` with bit `at` set. */
export function withBit(first: Place, at: number): Place {
  const byte = at >>> 3;
  const set = first.charCodeAt(byte) | (0x80 >>> (at & 7));
  return first.slice(0, byte) + String.fromCharCode(set) + first.slice(byte + 1);
}

/** The first place after the range of a part, or null if it is the last. */
export function afterRange(first: Place, depth: number): Place | null {
  for (let at = depth - 1; at >= 0; at--) {
    if (bitOf(first, at) === 0) return withBit(prefixOf(first, at), at);
  }
  return null;
}

export function nameBytes(name: string): Uint8Array {
  const bytes = utf8(name);
  const isShort = bytes.length > 0 && bytes.length <= MAX_NAME_BYTES;
  assert(isShort && bytes.length === name.length, 'a collection has a short ASCII name');
  return bytes;
}

function headOf(depth: number, first: Place, count: number): Uint8Array {
  const prefix = Math.ceil(depth / 8);
  const head = new Uint8Array(2 + prefix + 4);
  const view = new DataView(head.buffer);
  view.setUint16(0, depth);
  for (let i = 0; i < prefix; i++) head[2 + i] = first.charCodeAt(i);
  view.setUint32(2 + prefix, count);
  return head;
}

/** @param digests of the entries, one after the other */
export const partDigest = (hash: Hash, depth: number, first: Place, digests: Uint8Array): Digest =>
  tagged(hash, 'state-part', headOf(depth, first, digests.length / DIGEST_BYTES), digests);

/** Where digests are put together to be hashed. */
let room = new Uint8Array(0);

export function digestOfRecords(
  from: Records,
  depth: number,
  first: Place,
  records: readonly RecordId[],
): Digest {
  const size = records.length * DIGEST_BYTES;
  if (room.length < size) room = new Uint8Array(2 * size);
  for (let i = 0; i < records.length; i++) copyDigest(from, records[i] as RecordId, room, i * DIGEST_BYTES);
  return partDigest(from.hash, depth, first, room.subarray(0, size));
}

const writer = createWriter();

/** A view that the next call overwrites. */
export function partBytes(from: Records, { depth, first, records }: Part): Uint8Array {
  writer.fixed(headOf(depth, first, records.length));
  for (const id of records) writer.fixed(entryOf(from, id));
  return writer.view();
}

/** One entry as found in a part that anyone may have sent. */
export interface RawEntry {
  readonly name: Uint8Array;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface RawPart {
  readonly depth: number;
  /** A place of the part: its prefix, then zeros. */
  readonly first: Place;
  readonly entries: readonly RawEntry[];
}

/** The fields of a part; null unless well-formed. Whether it is canonical is for the caller to judge. */
export function decodePart(bytes: Uint8Array): RawPart | null {
  if (bytes.length > Math.max(MAX_PART_BYTES, PART_BYTES)) return null;
  const reader = createReader(bytes);
  const depth = reader.u16();
  if (depth > MAX_DEPTH) return null;
  const prefix = reader.fixed(Math.ceil(depth / 8));
  const entries = reader.list(SPLIT_BYTES, FRAME_BYTES, () => ({
    name: reader.fixed(Math.min(reader.u8(), MAX_NAME_BYTES + 1)),
    key: reader.view(MAX_ENTRY_BYTES),
    value: reader.view(MAX_ENTRY_BYTES),
  }));
  const first = String.fromCharCode(...prefix) + LOWEST.slice(prefix.length);
  return reader.finish({ depth, first, entries });
}
