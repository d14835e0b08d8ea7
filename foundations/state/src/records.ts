/**
 * The entries of a state as bytes, out of the garbage collector's sight: a record is one entry, written once into a page
 * and never changed, so a view of it stays what it was for as long as somebody holds it. Records are known by small
 * numbers. Pages are a log: what is freed leaves a gap, and a page that is mostly gaps is left by copying the rest.
 *
 *   in a page: u32 number | u32 size | entry
 *   entry: u53 birth in 8 bytes | u8 length, collection | u32 length, key | u32 length, value
 *   digest of an entry = tagged(hash, 'state-entry', entry)
 *
 * A sealed record has its digest; a tombstone has a birth only and stands for no entry.
 */

import { DIGEST_BYTES, type Hash, tagged } from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { MAX_ENTRY_BYTES } from './codec.ts';

/** Of an entry's bytes, besides its collection, key and value. */
export const FRAME_BYTES = 8 + 1 + 4 + 4;

/** Which key of the state it was to be created, counted from 1: where its entry belongs among the others. */
export type Birth = number;

/** Number of a record; those of freed records are used again. */
export type RecordId = number;

export const NO_RECORD: RecordId = -1;

/** Records share blocks of columns: a small state stays small, and a large one never moves. */
const BLOCK_BITS = 8;
const BLOCK = 1 << BLOCK_BITS;
const IN_BLOCK = BLOCK - 1;
const RECORD_FRAME_BYTES = 8;
const FIRST_PAGE_BYTES = 4 * 1024;
const PAGE_BYTES = 1024 * 1024;
/** Bytes that one round of compaction may copy. */
const ROUND_BYTES = 2 * PAGE_BYTES;

const FREE = 0;
const ENTRY = 1;
const SEALED = 2;
const TOMBSTONE = 3;

interface Block {
  /** FREE, ENTRY, SEALED or TOMBSTONE. */
  readonly kinds: Uint8Array;
  /** Index of the page; of a free record, the next free one. */
  readonly pages: Int32Array;
  /** Where the entry begins in its page. */
  readonly offsets: Int32Array;
  /** Bytes of the entry. */
  readonly sizes: Int32Array;
  readonly births: Float64Array;
  readonly digests: Uint8Array;
}

interface Page {
  readonly bytes: Uint8Array;
  used: number;
  /** Bytes of what is not freed, with frames. */
  live: number;
}

export interface Records {
  readonly hash: Hash;
  readonly blocks: Block[];
  /** Null where a page is gone; such places are used again. */
  readonly pages: (Page | null)[];
  /** Index of the page that is being filled, -1 before the first. */
  filling: number;
  /** The first of the free records, or NO_RECORD. */
  free: RecordId;
  /** Numbers below this were used. */
  count: number;
}

export const createRecords = (hash: Hash): Records => ({
  hash,
  blocks: [],
  pages: [],
  filling: -1,
  free: NO_RECORD,
  count: 0,
});

const blockOf = (records: Records, id: RecordId): Block => records.blocks[id >>> BLOCK_BITS] as Block;

function createBlock(): Block {
  return {
    kinds: new Uint8Array(BLOCK),
    pages: new Int32Array(BLOCK),
    offsets: new Int32Array(BLOCK),
    sizes: new Int32Array(BLOCK),
    births: new Float64Array(BLOCK),
    digests: new Uint8Array(BLOCK * DIGEST_BYTES),
  };
}

function takeNumber(records: Records, kind: number, birth: Birth): RecordId {
  let id = records.free;
  if (id === NO_RECORD) {
    id = records.count++;
    if ((id & IN_BLOCK) === 0) records.blocks.push(createBlock());
  } else records.free = blockOf(records, id).pages[id & IN_BLOCK] as number;
  const block = blockOf(records, id);
  block.kinds[id & IN_BLOCK] = kind;
  block.births[id & IN_BLOCK] = birth;
  return id;
}

/** The page in which `size` more bytes fit, which is the one being filled. */
function pageFor(records: Records, size: number): Page {
  const current = records.pages[records.filling] ?? null;
  if (current !== null && current.used + size <= current.bytes.length) return current;
  if (current !== null && current.live === 0) records.pages[records.filling] = null;
  const usual = current === null ? FIRST_PAGE_BYTES : Math.min(2 * current.bytes.length, PAGE_BYTES);
  const page = { bytes: new Uint8Array(Math.max(usual, size)), used: 0, live: 0 };
  const gone = records.pages.indexOf(null);
  records.filling = gone < 0 ? records.pages.length : gone;
  records.pages[records.filling] = page;
  return page;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

const u32At = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;

/** Room for an entry of `size` bytes, which the caller fills; its offset is in the record's column. */
function reserve(records: Records, id: RecordId, size: number): Page {
  const page = pageFor(records, RECORD_FRAME_BYTES + size);
  putU32(page.bytes, page.used, id);
  putU32(page.bytes, page.used + 4, size);
  const block = blockOf(records, id);
  block.pages[id & IN_BLOCK] = records.filling;
  block.offsets[id & IN_BLOCK] = page.used + RECORD_FRAME_BYTES;
  block.sizes[id & IN_BLOCK] = size;
  page.used += RECORD_FRAME_BYTES + size;
  page.live += RECORD_FRAME_BYTES + size;
  return page;
}

/** A new record, not sealed. Copies what it is given. @param name of the collection */
export function appendEntry(
  records: Records,
  birth: Birth,
  name: Uint8Array,
  key: Uint8Array,
  value: Uint8Array,
): RecordId {
  const size = FRAME_BYTES + name.length + key.length + value.length;
  assert(size <= MAX_ENTRY_BYTES, 'an entry is no larger than its bound: services bound their values');
  const id = takeNumber(records, ENTRY, birth);
  const { bytes, used } = reserve(records, id, size);
  let at = used - size;
  putU32(bytes, at, Math.floor(birth / 0x1_0000_0000));
  putU32(bytes, at + 4, birth >>> 0);
  at += 8;
  bytes[at] = name.length;
  bytes.set(name, at + 1);
  at += 1 + name.length;
  putU32(bytes, at, key.length);
  bytes.set(key, at + 4);
  at += 4 + key.length;
  putU32(bytes, at, value.length);
  bytes.set(value, at + 4);
  return id;
}

/** A new record, not sealed, of an entry as it stands in parts. Copies it. */
export function appendWhole(records: Records, entry: Uint8Array): RecordId {
  const birth = u32At(entry, 0) * 0x1_0000_0000 + u32At(entry, 4);
  const id = takeNumber(records, ENTRY, birth);
  const { bytes, used } = reserve(records, id, entry.length);
  bytes.set(entry, used - entry.length);
  return id;
}

/** A record that stands for the absence of an entry, to be sorted among others. */
export const appendTombstone = (records: Records, birth: Birth): RecordId =>
  takeNumber(records, TOMBSTONE, birth);

export const isTombstone = (records: Records, id: RecordId): boolean =>
  blockOf(records, id).kinds[id & IN_BLOCK] === TOMBSTONE;

export const birthOf = (records: Records, id: RecordId): Birth =>
  blockOf(records, id).births[id & IN_BLOCK] as number;

/** Bytes of the entry as they stand in parts. */
export function entryOf(records: Records, id: RecordId): Uint8Array {
  const block = blockOf(records, id);
  const { bytes } = records.pages[block.pages[id & IN_BLOCK] as number] as Page;
  const start = block.offsets[id & IN_BLOCK] as number;
  return bytes.subarray(start, start + (block.sizes[id & IN_BLOCK] as number));
}

export const sizeOf = (records: Records, id: RecordId): number =>
  blockOf(records, id).sizes[id & IN_BLOCK] as number;

/** Where an entry has the length of its key. */
const keyAt = (entry: Uint8Array): number => 8 + 1 + (entry[8] as number);

/** What stands in an entry behind its length at `at`. */
const fieldAt = (entry: Uint8Array, at: number): Uint8Array =>
  entry.subarray(at + 4, at + 4 + u32At(entry, at));

export function keyBytes(records: Records, id: RecordId): Uint8Array {
  const entry = entryOf(records, id);
  return fieldAt(entry, keyAt(entry));
}

export function valueBytes(records: Records, id: RecordId): Uint8Array {
  const entry = entryOf(records, id);
  const key = keyAt(entry);
  return fieldAt(entry, key + 4 + u32At(entry, key));
}

/** True if the entry is of the collection with this name. */
export function isNamed(records: Records, id: RecordId, name: Uint8Array): boolean {
  const entry = entryOf(records, id);
  return entry[8] === name.length && equalBytes(entry.subarray(9, 9 + name.length), name);
}

export const entryDigest = (hash: Hash, entry: Uint8Array): Digest => tagged(hash, 'state-entry', entry);

/** Gives the record its digest, if it has none yet. */
export function seal(records: Records, id: RecordId): void {
  const block = blockOf(records, id);
  if (block.kinds[id & IN_BLOCK] !== ENTRY) return;
  sealAs(records, id, entryDigest(records.hash, entryOf(records, id)));
}

/** Gives the record the digest that its entry is known to have. */
export function sealAs(records: Records, id: RecordId, digest: Digest): void {
  const block = blockOf(records, id);
  const base = (id & IN_BLOCK) * DIGEST_BYTES;
  for (let i = 0; i < DIGEST_BYTES; i++) block.digests[base + i] = digest[i] as number;
  block.kinds[id & IN_BLOCK] = SEALED;
}

/** Copies the digest of a sealed record to `at` in `into`. */
export function copyDigest(records: Records, id: RecordId, into: Uint8Array, at: number): void {
  const { digests, kinds } = blockOf(records, id);
  assert(kinds[id & IN_BLOCK] === SEALED, 'what is digested is sealed');
  const base = (id & IN_BLOCK) * DIGEST_BYTES;
  for (let i = 0; i < DIGEST_BYTES; i++) into[at + i] = digests[base + i] as number;
}

/** The record's number may be used again; views of its bytes stay good. */
export function freeRecord(records: Records, id: RecordId): void {
  const block = blockOf(records, id);
  const kind = block.kinds[id & IN_BLOCK];
  assert(kind !== FREE, 'a record is freed once');
  if (kind !== TOMBSTONE) leavePage(records, block.pages[id & IN_BLOCK] as number, sizeOf(records, id));
  block.kinds[id & IN_BLOCK] = FREE;
  block.pages[id & IN_BLOCK] = records.free;
  records.free = id;
}

function leavePage(records: Records, index: number, size: number): void {
  const page = records.pages[index] as Page;
  page.live -= RECORD_FRAME_BYTES + size;
  if (page.live === 0 && index !== records.filling) records.pages[index] = null;
}

/** Copies what is left in pages that are mostly gaps, so that they can go. */
export function compact(records: Records): void {
  let copied = 0;
  for (let index = 0; index < records.pages.length && copied < ROUND_BYTES; index++) {
    const page = records.pages[index] ?? null;
    if (page === null || index === records.filling || 2 * page.live > page.used) continue;
    copied += page.live;
    leave(records, index, page);
  }
}

function leave(records: Records, index: number, page: Page): void {
  const { bytes, used } = page;
  for (let at = 0; at < used; ) {
    const [id, size] = [u32At(bytes, at), u32At(bytes, at + 4)];
    const start = at + RECORD_FRAME_BYTES;
    at = start + size;
    const block = blockOf(records, id);
    const kind = block.kinds[id & IN_BLOCK];
    const isHere = block.pages[id & IN_BLOCK] === index && block.offsets[id & IN_BLOCK] === start;
    if ((kind !== ENTRY && kind !== SEALED) || !isHere) continue;
    const into = reserve(records, id, size);
    into.bytes.set(bytes.subarray(start, at), into.used - size);
    leavePage(records, index, size);
  }
  assert(records.pages[index] === null, 'a page that was left is empty');
}

/** Bytes of all pages, for tests: what is live, and what is held. */
export function pageBytes(records: Records): { readonly live: number; readonly held: number } {
  let [live, held] = [0, 0];
  for (const page of records.pages) {
    live += page?.live ?? 0;
    held += page?.bytes.length ?? 0;
  }
  return { live, held };
}
