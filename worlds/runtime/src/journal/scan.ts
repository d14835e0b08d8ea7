/**
 * What one segment file holds: its valid header, the valid entries that follow without a break, and - beyond the
 * break - whether anything there proves that records before it had been acknowledged. A payload cannot fake such a
 * proof: CRCs are salted with the journal's id, which never leaves the machine.
 */

import type { Position } from '@concordat/kernel';
import { decodeEntry, ENTRY_MAGIC, type Entry } from './entry.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, saltOf } from './segment.ts';

export interface SegmentScan {
  readonly sequence: number;
  readonly bytes: Buffer;
  readonly header: SegmentHeader | null;
  readonly entries: readonly Entry[];
  /** Offset after the last of `entries`. */
  readonly end: number;
  /** The highest `durable` that any valid header or entry states, wherever it lies. */
  readonly attested: Position;
  /** True if nothing but zeros follows `end`; remains of a former use of the file are harmless, but hard to tell from damage. */
  readonly isClean: boolean;
}

export function scanSegment(bytes: Buffer, journalId: Uint8Array, sequence: number): SegmentScan {
  const found = decodeSegmentHeader(bytes, journalId);
  const header = found?.sequence === sequence ? found : null;
  const salt = saltOf(journalId, sequence);
  const entries: Entry[] = [];
  let end = header === null ? 0 : SEGMENT_HEADER_BYTES;
  let attested = header?.durable ?? 0;
  for (let entry = next(); entry !== null; entry = next()) {
    entries.push(entry);
    end += entry.sizeBytes;
    attested = Math.max(attested, entry.durable);
  }
  const isClean = isZero(bytes.subarray(end));
  if (!isClean) attested = Math.max(attested, attestedBeyond(bytes, end, salt));
  return { sequence, bytes, header, entries, end, attested, isClean };

  function next(): Entry | null {
    if (header === null) return null;
    const entry = decodeEntry(bytes, end, salt);
    const last = entries.at(-1);
    const expected = last === undefined ? header.first : last.first + last.records.length;
    const previous = last === undefined ? header.previous : last.crc;
    return entry !== null && entry.first === expected && entry.previous === previous ? entry : null;
  }
}

const MAGIC_BYTES = Buffer.alloc(4);
MAGIC_BYTES.writeUInt32BE(ENTRY_MAGIC);

function attestedBeyond(bytes: Buffer, from: number, salt: number): Position {
  let attested = 0;
  for (let at = bytes.indexOf(MAGIC_BYTES, from); at >= 0; at = bytes.indexOf(MAGIC_BYTES, at + 1)) {
    attested = Math.max(attested, decodeEntry(bytes, at, salt)?.durable ?? 0);
  }
  return attested;
}

const ZEROS = Buffer.alloc(64 * 1024);

export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const piece = bytes.subarray(at, at + ZEROS.length);
    if (piece.compare(ZEROS, 0, piece.length) !== 0) return false;
  }
  return true;
}
