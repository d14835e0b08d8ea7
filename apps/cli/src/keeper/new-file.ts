/** Files that are whole or not there, whatever the disk does, and that nobody else may read. */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError, messageOf } from '../errors.ts';

export function requireNew(file: string): void {
  if (existsSync(file)) throw new CommandError('not-written', `${file} is there already`);
}

/** Writes a whole file or none, and never over another. */
export function writeNew(file: string, bytes: Uint8Array): void {
  requireNew(file);
  const fresh = `${file}.new`;
  try {
    writeFileSync(fresh, bytes, { mode: 0o600, flush: true });
    renameSync(fresh, file);
    syncDirectory(dirname(file));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new CommandError('not-written', `cannot write ${file}: ${messageOf(error)}`);
  }
}

/** Until then a new name may be gone after a power cut. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
