/**
 * A part: all entries born in one aligned range. Entries lie in the order in which their keys came to be, so what is
 * written together lies together, and a part that is full does not change because others are added. The bytes of a part
 * are canonical.
 *
 *   head: u8 level | u53 index | u32 count; it holds the births from index * 2^level, up to the next index
 *   then each entry, by ascending birth, as in `records.ts`
 *
 *   digest of a part = tagged(hash, 'state-part', its head, the digests of its entries)
 *
 * With the digests of its entries at hand, a part with one changed entry costs the hash of that entry and of a list, not
 * of 16 KiB: an eighth of the bytes for entries of 1 KB (`tree.test.ts`).
 */

import { DIGEST_BYTES, type Hash, tagged } from '@concordat/crypto';
import { assert, type Digest, PART_BYTES } from '@concordat/kernel';
import { createReader, createWriter, utf8 } from '@concordat/wire';
import { MAX_ENTRY_BYTES } from './codec.ts';
import { type Birth, copyDigest, entryOf, FRAME_BYTES, type RecordId, type Records } from './records.ts';

/**
 * Parts split above this much content. A quarter of `PART_BYTES`, because a small change re-hashes the whole list of
 * digests; a single larger entry has a part of its own.
 */
export const SPLIT_BYTES = PART_BYTES / 4;
/** Births are counted below 2^53. */
export const MAX_LEVEL = 53;
export const MAX_NAME_BYTES = 32;

/** Before the first entry. */
export const HEAD_BYTES = 1 + 8 + 4;
/** The largest part there can be: one maximal entry. */
export const MAX_PART_BYTES = HEAD_BYTES + MAX_ENTRY_BYTES;

/** An aligned range of births: from `index` * 2^`level` up to the next index. */
export interface Range {
  readonly level: number;
  readonly index: number;
}

export interface Part extends Range {
  /** By ascending birth, all sealed. */
  readonly records: readonly RecordId[];
  /** Bytes of all entries. */
  readonly sizeBytes: number;
  readonly digest: Digest;
}

export const startOf = ({ level, index }: Range): Birth => index * 2 ** level;
export const endOf = ({ level, index }: Range): Birth => (index + 1) * 2 ** level;

/** The lowest level whose first range has this birth. */
export function levelOf(birth: Birth): number {
  let level = 0;
  while (2 ** level <= birth) level++;
  return level;
}

export function nameBytes(name: string): Uint8Array {
  const bytes = utf8(name);
  const isShort = bytes.length > 0 && bytes.length <= MAX_NAME_BYTES;
  assert(isShort && bytes.length === name.length, 'a collection has a short ASCII name');
  return bytes;
}

const heads = createWriter(HEAD_BYTES);

/** A view that the next call overwrites. */
function headOf({ level, index }: Range, count: number): Uint8Array {
  heads.u8(level);
  heads.u53(index);
  heads.u32(count);
  return heads.view();
}

/** @param digests of the entries, one after the other */
export const partDigest = (hash: Hash, range: Range, digests: Uint8Array): Digest =>
  tagged(hash, 'state-part', headOf(range, digests.length / DIGEST_BYTES), digests);

/** Where digests are put together to be hashed. */
let room = new Uint8Array(0);

export function digestOfRecords(from: Records, range: Range, records: readonly RecordId[]): Digest {
  const size = records.length * DIGEST_BYTES;
  if (room.length < size) room = new Uint8Array(2 * size);
  for (let i = 0; i < records.length; i++) copyDigest(from, records[i] as RecordId, room, i * DIGEST_BYTES);
  return partDigest(from.hash, range, room.subarray(0, size));
}

const writer = createWriter();

/** A view that the next call overwrites. */
export function partBytes(from: Records, part: Part): Uint8Array {
  writer.fixed(headOf(part, part.records.length));
  for (const id of part.records) writer.fixed(entryOf(from, id));
  return writer.view();
}

/** One entry as found in a part that anyone may have sent. */
export interface RawEntry {
  readonly birth: Birth;
  readonly name: Uint8Array;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** All of it. */
  readonly bytes: Uint8Array;
}

export interface RawPart extends Range {
  readonly entries: readonly RawEntry[];
}

/** The fields of a part; null unless well-formed. Whether it is canonical is for the caller to judge. */
export function decodePart(bytes: Uint8Array): RawPart | null {
  if (bytes.length > Math.max(MAX_PART_BYTES, PART_BYTES)) return null;
  const reader = createReader(bytes);
  const level = reader.u8();
  const index = reader.u53();
  const entries = reader.list(SPLIT_BYTES, FRAME_BYTES, () => {
    const start = bytes.length - reader.rest;
    const birth = reader.u53();
    const name = reader.fixed(Math.min(reader.u8(), MAX_NAME_BYTES + 1));
    const key = reader.view(MAX_ENTRY_BYTES);
    const value = reader.view(MAX_ENTRY_BYTES);
    return { birth, name, key, value, bytes: bytes.subarray(start, bytes.length - reader.rest) };
  });
  return level > MAX_LEVEL ? null : reader.finish({ level, index, entries });
}
