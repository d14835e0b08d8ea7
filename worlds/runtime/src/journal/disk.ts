/**
 * Everything a journal does to a disk, as a record of functions, so that tests can fill the disk, fail a sync or tear
 * a write. The two calls on the path of a turn (`write`, `sync`) are synchronous; the rest happens beside it.
 * Directories are synced wherever a name appears or vanishes: a file's own sync does not make its name durable.
 */

import * as fs from 'node:fs';

/** A file handle, as the disk sees it. */
export type Handle = number;

export interface Disk {
  /** Writes all bytes at `offset`, into the page cache. Throws the system's error. */
  write(file: Handle, bytes: Uint8Array, offset: number): void;
  /** Returns once the file's data is durable; blocks the thread. */
  sync(file: Handle): void;
  /** The same on the thread pool. */
  syncLater(file: Handle, done: (error: Error | null) => void): void;
  /** Opens for reading and writing; a file that is `fresh` must not exist yet and becomes private to its user. */
  open(path: string, fresh: boolean): Promise<Handle>;
  close(file: Handle): void;
  writeLater(file: Handle, bytes: Uint8Array, offset: number): Promise<void>;
  /** The whole file, or null when there is none. */
  read(path: string): Promise<Uint8Array | null>;
  /** Names in a directory; creates it (private to its user) if needed. */
  list(directory: string): Promise<readonly string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}

const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;

function writeAll(file: Handle, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) done += fs.writeSync(file, bytes, done, bytes.length - done, offset + done);
}

function writeSome(file: Handle, bytes: Uint8Array, start: number, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(file, bytes, start, bytes.length - start, offset, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}

async function writeAllLater(file: Handle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) done += await writeSome(file, bytes, done, offset + done);
}

function open(path: string, fresh: boolean): Promise<Handle> {
  return new Promise((resolve, reject) => {
    fs.open(path, fresh ? 'wx+' : 'r+', PRIVATE_FILE, (error, file) => {
      if (error === null) resolve(file);
      else reject(error);
    });
  });
}

async function read(path: string): Promise<Uint8Array | null> {
  try {
    return await fs.promises.readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function list(directory: string): Promise<readonly string[]> {
  await fs.promises.mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  return fs.promises.readdir(directory);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.promises.open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

export const realDisk: Disk = {
  write: writeAll,
  sync: fs.fdatasyncSync,
  syncLater: (file, done) => fs.fdatasync(file, done),
  open,
  close: fs.closeSync,
  writeLater: writeAllLater,
  read,
  list,
  rename: fs.promises.rename,
  remove: (path) => fs.promises.rm(path),
  copy: (from, to) => fs.promises.copyFile(from, to),
  syncDirectory,
};

/** Awaits `fdatasync` of a file. */
export function synced(disk: Disk, file: Handle): Promise<void> {
  return new Promise((resolve, reject) => {
    disk.syncLater(file, (error) => (error === null ? resolve() : reject(error)));
  });
}
