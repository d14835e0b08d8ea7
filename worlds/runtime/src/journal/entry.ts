/**
 * The unit of journal writing: one entry per commit, holding the records of one turn or more. Integers big-endian:
 *
 *   u32 magic | u32 crc | u32 body bytes | u32 previous crc | u53 first position | u53 durable | u32 count | body | pad
 *   body: count x (u32 length, record); pad: zeros up to a multiple of 8
 *
 * The CRC covers everything after itself, salted with the journal and the segment, so that bytes of another life
 * never pass. `previous` chains entries. `durable` says which records were known durable when the entry was written:
 * it tells a torn tail (may be cut) from the loss of acknowledged records (must not go unnoticed).
 */

import { crc32 } from 'node:zlib';
import type { Position } from '@concordat/kernel';

export const ENTRY_MAGIC = 0x434a4531;
export const ENTRY_HEADER_BYTES = 36;
export const RECORD_HEADER_BYTES = 4;
const ALIGN = 8;
const CRC_FROM = 8;

export interface Entry {
  readonly first: Position;
  readonly durable: Position;
  readonly previous: number;
  readonly crc: number;
  readonly records: readonly Uint8Array[];
  /** With header and padding. */
  readonly sizeBytes: number;
}

const aligned = (size: number): number => Math.ceil(size / ALIGN) * ALIGN;

/** What an entry with this many record bytes (lengths included) occupies. */
export const entryBytes = (bodyBytes: number): number => aligned(ENTRY_HEADER_BYTES + bodyBytes);

export interface EntryHead {
  readonly salt: number;
  readonly previous: number;
  readonly first: Position;
  readonly durable: Position;
}

/** Writes one record of a body; returns where the next one goes. */
export function putRecord(slab: Buffer, at: number, record: Uint8Array): number {
  slab.writeUInt32BE(record.length, at);
  slab.set(record, at + RECORD_HEADER_BYTES);
  return at + RECORD_HEADER_BYTES + record.length;
}

/** Completes the entry of `count` records whose body lies in `slab` behind the room for the header. Returns its CRC. */
export function sealEntry(slab: Buffer, head: EntryHead, bodyBytes: number, count: number): number {
  const end = ENTRY_HEADER_BYTES + bodyBytes;
  const sizeBytes = entryBytes(bodyBytes);
  slab.fill(0, end, sizeBytes);
  slab.writeUInt32BE(ENTRY_MAGIC, 0);
  slab.writeUInt32BE(bodyBytes, 8);
  slab.writeUInt32BE(head.previous, 12);
  writeUint53(slab, head.first, 16);
  writeUint53(slab, head.durable, 24);
  slab.writeUInt32BE(count, 32);
  const crc = crc32(slab.subarray(CRC_FROM, sizeBytes), head.salt);
  slab.writeUInt32BE(crc, 4);
  return crc;
}

/** The entry at `offset`, its records copied; null if there is no whole one. */
export function decodeEntry(bytes: Buffer, offset: number, salt: number): Entry | null {
  if (offset + ENTRY_HEADER_BYTES > bytes.length || bytes.readUInt32BE(offset) !== ENTRY_MAGIC) return null;
  const bodyBytes = bytes.readUInt32BE(offset + 8);
  const sizeBytes = entryBytes(bodyBytes);
  if (offset + sizeBytes > bytes.length) return null;
  const crc = bytes.readUInt32BE(offset + 4);
  if (crc32(bytes.subarray(offset + CRC_FROM, offset + sizeBytes), salt) !== crc) return null;
  const from = offset + ENTRY_HEADER_BYTES;
  const records = decodeRecords(bytes.subarray(from, from + bodyBytes), bytes.readUInt32BE(offset + 32));
  if (records === null) return null;
  return {
    first: readUint53(bytes, offset + 16),
    durable: readUint53(bytes, offset + 24),
    previous: bytes.readUInt32BE(offset + 12),
    crc,
    records,
    sizeBytes,
  };
}

function decodeRecords(body: Buffer, count: number): readonly Uint8Array[] | null {
  const records: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + RECORD_HEADER_BYTES > body.length) return null;
    const end = at + RECORD_HEADER_BYTES + body.readUInt32BE(at);
    if (end > body.length) return null;
    // A copy, and no Buffer: it may outlive the segment, and `slice` of a Buffer would be a view.
    records.push(new Uint8Array(body.subarray(at + RECORD_HEADER_BYTES, end)));
    at = end;
  }
  return at === body.length ? records : null;
}

export function writeUint53(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), offset);
  bytes.writeUInt32BE(value >>> 0, offset + 4);
}

export function readUint53(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4);
}
