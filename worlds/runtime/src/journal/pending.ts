/**
 * Records that wait to be written, already laid out as the body of the next entry with room for its header in front: each
 * record is copied once between the process that appends it and the disk.
 */

import { ENTRY_HEADER_BYTES, entryBytes, putRecord, RECORD_HEADER_BYTES } from './entry.ts';

/** The part of the pending records that fits somewhere. */
export interface Body {
  readonly count: number;
  readonly bodyBytes: number;
}

export interface Pending {
  readonly count: number;
  readonly bodyBytes: number;
  append(record: Uint8Array): void;
  /** The most records whose entry takes at most `room` bytes. */
  fitting(room: number): Body;
  /** Takes the first records out: the room of their entry, body included, valid until the next append. */
  take(body: Body): Buffer;
}

const SLAB_BYTES = 256 * 1024;
/** A slab that grew beyond this is given back once it is empty. */
const KEPT_BYTES = 4 * 1024 * 1024;
const NOTHING: Body = { count: 0, bodyBytes: 0 };

export function createPending(): Pending {
  let slab = Buffer.allocUnsafe(SLAB_BYTES);
  /** Where the body ends after each record. */
  let ends: number[] = [];

  const bodyBytes = (): number => ends.at(-1) ?? 0;
  const reserve = (body: number): void => {
    const needed = entryBytes(body);
    if (needed <= slab.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * slab.length));
    slab.copy(grown, 0, 0, ENTRY_HEADER_BYTES + bodyBytes());
    slab = grown;
  };
  return {
    get count() {
      return ends.length;
    },
    get bodyBytes() {
      return bodyBytes();
    },
    append: (record) => {
      const start = bodyBytes();
      reserve(start + RECORD_HEADER_BYTES + record.length);
      ends.push(putRecord(slab, ENTRY_HEADER_BYTES + start, record) - ENTRY_HEADER_BYTES);
    },
    fitting: (room) => {
      if (entryBytes(bodyBytes()) <= room) return { count: ends.length, bodyBytes: bodyBytes() };
      const count = ends.findIndex((end) => entryBytes(end) > room);
      return count <= 0 ? NOTHING : { count, bodyBytes: ends[count - 1] as number };
    },
    take: (body) => {
      const taken = slab;
      if (body.count === ends.length) {
        ends = [];
        if (slab.length > KEPT_BYTES) slab = Buffer.allocUnsafe(SLAB_BYTES);
        return taken;
      }
      const left = taken.subarray(ENTRY_HEADER_BYTES + body.bodyBytes, ENTRY_HEADER_BYTES + bodyBytes());
      slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, entryBytes(left.length)));
      slab.set(left, ENTRY_HEADER_BYTES);
      ends = ends.slice(body.count).map((end) => end - body.bodyBytes);
      return taken;
    },
  };
}
