/**
 * A snapshot as a file of its own (0600): records, each framed by its length and CRC-32. It appears under its name when it is
 * durable, or not at all.
 *
 *   "CRS1" | records: u32 size | u32 crc | bytes
 */

import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { CreditError } from '../errors.ts';

const MAGIC = Buffer.from('CRS1');
const HEADER_BYTES = 8;
/** No record is as large: a length beyond it is damage. */
const RECORD_MAX = 16 * 1024 * 1024;
const BLOCK_BYTES = 1024 * 1024;

/** Awaits `before` when all is written and before it appears. Rejects with what the disk says. */
export async function writeSnapshotFile(
  path: string,
  records: Iterable<Uint8Array>,
  before: () => Promise<void>,
): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await writeRecords(file, records);
    await file.datasync();
  } finally {
    await file.close();
  }
  await before();
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/** Makes names that appeared or vanished durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** In blocks: between two of them the thread does other work. */
async function writeRecords(file: FileHandle, records: Iterable<Uint8Array>): Promise<void> {
  let block: Uint8Array[] = [MAGIC];
  let size = MAGIC.length;
  for (const record of records) {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(record.length, 0);
    header.writeUInt32BE(crc32(record), 4);
    block.push(header, record);
    size += HEADER_BYTES + record.length;
    if (size < BLOCK_BYTES) continue;
    await file.writeFile(Buffer.concat(block));
    block = [];
    size = 0;
  }
  await file.writeFile(Buffer.concat(block));
}

/** The records of a file, one block in memory at a time; throws `bad-data` at the first that is damaged. */
export async function* readSnapshotFile(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    let rest = Buffer.alloc(0);
    let isFirst = true;
    for await (const block of file.createReadStream({ highWaterMark: BLOCK_BYTES, autoClose: false })) {
      rest = Buffer.concat([rest, block as Buffer]);
      if (isFirst && rest.length >= MAGIC.length) {
        if (!rest.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged(path);
        rest = rest.subarray(MAGIC.length);
        isFirst = false;
      }
      for (
        let record = isFirst ? null : firstRecord(path, rest);
        record !== null;
        record = firstRecord(path, rest)
      ) {
        yield record;
        rest = rest.subarray(HEADER_BYTES + record.length);
      }
    }
    if (rest.length > 0 || isFirst) throw damaged(path);
  } finally {
    await file.close();
  }
}

const damaged = (path: string): CreditError =>
  new CreditError(
    'bad-data',
    `${path} is damaged: restore the directory from a backup, or begin with an empty one`,
  );

function firstRecord(path: string, bytes: Buffer): Buffer | null {
  if (bytes.length < HEADER_BYTES) return null;
  const size = bytes.readUInt32BE(0);
  if (size > RECORD_MAX) throw damaged(path);
  if (bytes.length < HEADER_BYTES + size) return null;
  const record = bytes.subarray(HEADER_BYTES, HEADER_BYTES + size);
  if (crc32(record) !== bytes.readUInt32BE(4)) throw damaged(path);
  return record;
}
