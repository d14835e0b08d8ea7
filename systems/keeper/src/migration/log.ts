/**
 * ZooKeeper's transaction logs, as FileTxnLog writes them:
 *
 *   "ZKLG" | int 2 | long dbid | (long Adler-32 of the record | int length | record | 0x42)* | zeros
 *
 * Files are allocated in advance, so a log ends where a length is zero, or where its last record was being written.
 */

import { createJuteReader } from '../jute/reader.ts';
import { adler32 } from './adler32.ts';
import type { Flaw } from './flaw.ts';
import type { Image } from './image.ts';
import { FORMAT_VERSION } from './snapshot.ts';
import { applyRecord } from './transactions.ts';

export const LOG_MAGIC = 0x5a4b_4c47;
const HEADER_BYTES = 16;
const PREFIX_BYTES = 12;
export const RECORD_END = 0x42;
/** The bits of a zxid that count transactions; those above count leaders. */
const COUNTER_LIMIT = 2 ** 32;

export interface Replay {
  /** Zxid of the last transaction in the image. */
  readonly zxid: number;
  readonly transactions: number;
  /** The last record is not whole: the server ended while it wrote it, and nobody was told that it was done. */
  readonly isTorn: boolean;
}

/** True if nothing can lie between the two: the next of the same leader, or any of a later one. */
const follows = (zxid: number, before: number): boolean =>
  zxid === before + 1 || Math.floor(zxid / COUNTER_LIMIT) > Math.floor(before / COUNTER_LIMIT);

/** Does to `image`, which is as of `after`, what the log says of later transactions. */
export function replayLog(image: Image, bytes: Uint8Array, after: number): Replay | Flaw {
  const reader = createJuteReader();
  reader.reset(bytes);
  const isOurs = reader.int() === LOG_MAGIC && reader.int() === FORMAT_VERSION;
  // A server that ended as it made the file left less than its header.
  if (bytes.length < HEADER_BYTES && isBlank(bytes)) return { zxid: after, transactions: 0, isTorn: false };
  if (!isOurs) return { flaw: 'no log of ZooKeeper begins so', offset: 0 };
  let [zxid, transactions, at] = [after, 0, HEADER_BYTES];
  while (bytes.length - at >= PREFIX_BYTES) {
    reader.reset(bytes, at);
    const sum = reader.safe();
    const length = reader.int();
    if (length === 0) return { zxid, transactions, isTorn: false };
    const start = at + PREFIX_BYTES;
    const end = start + length;
    if (length < 0) return { flaw: 'a record of no length', offset: at };
    if (end >= bytes.length || bytes[end] !== RECORD_END) return { zxid, transactions, isTorn: true };
    if (reader.failed || adler32(bytes, start, end) !== sum)
      return { flaw: 'the checksum of a record is wrong', offset: at };
    const header = applyRecord(image, bytes.subarray(start, end), zxid);
    if (header === null) return { flaw: 'a record that cannot be read', offset: at };
    if (header.zxid > zxid) {
      if (!follows(header.zxid, zxid)) return gap(zxid, header.zxid, at);
      zxid = header.zxid;
      transactions++;
    }
    at = end + 1;
  }
  return { zxid, transactions, isTorn: at < bytes.length && !isBlank(bytes.subarray(at)) };
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

const gap = (before: number, next: number, offset: number): Flaw => ({
  flaw: `the transactions between 0x${before.toString(16)} and 0x${next.toString(16)} are missing`,
  offset,
});
