/**
 * Changes in a directory of backups: files FROM-TO.changes with every transaction after FROM up to TO, zxids of 14 hexadecimal
 * digits. They may overlap, and between two there may be a gap: which moments can be restored is seen from all of them.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Point, restAfter, type Stretch, type Transaction } from '@concordat/keeper';
import { CommandError, messageOf } from '../../errors.ts';
import type { Backup } from '../backups.ts';
import { syncDirectory } from '../new-file.ts';
import { badChanges, createSealer, openChanges, stretchesIn } from './file.ts';

export interface ChangesFile {
  readonly path: string;
  readonly federation: string;
  readonly from: Point;
  readonly end: Point;
  readonly size: number;
}

export interface Archive {
  /** By where they begin. */
  readonly files: readonly ChangesFile[];
  /** Files that cannot be used, each with the reason. */
  readonly others: readonly string[];
}

const NAME = /^([0-9a-f]{14})-([0-9a-f]{14})\.changes$/;

const hex = (zxid: number): string => zxid.toString(16).padStart(14, '0');

export const pointOf = ({ about }: Backup): Point => ({
  zxid: Number(about.zxid),
  time: Date.parse(about.time),
});

/** Looks at the beginnings and ends of files; whether they are whole shows when they are read. */
export function archiveIn(directory: string): Archive {
  const files: ChangesFile[] = [];
  const others: string[] = [];
  for (const name of readdirSync(directory).sort()) {
    if (name.endsWith('.changes.new')) others.push(`${name}: left by a backup that was cut off`);
    if (!name.endsWith('.changes')) continue;
    const found = changesAt(join(directory, name), name);
    if (typeof found === 'string') others.push(found);
    else files.push(found);
  }
  return { files, others };
}

/** What a file is about, or why it cannot be used. */
export function changesAt(path: string, name: string): ChangesFile | string {
  try {
    const reader = openChanges(path);
    if (reader === null) return `${path} is no file of changes`;
    try {
      const { federation, from, size } = reader;
      const [, first, last] = NAME.exec(name) ?? [];
      if (first !== hex(from.zxid)) return `${path} is about other transactions than its name says`;
      const end = reader.lastPoint();
      if (end === null || last !== hex(end.zxid))
        return `${path} does not end where its name says: it is cut off or damaged`;
      return { path, federation, from, end, size };
    } finally {
      reader.close();
    }
  } catch (error) {
    return `${path} cannot be read: ${messageOf(error)}`;
  }
}

/** Reads a file whole; a `CommandError` says what is wrong with it. */
export function wholeChanges(path: string): ChangesFile & { readonly transactions: number } {
  const file = changesAt(path, basename(path));
  if (typeof file === 'string') throw new CommandError('bad-backup', file);
  let transactions = 0;
  for (const stretch of stretchesIn(path)) transactions += stretch.transactions.length;
  return { ...file, transactions };
}

/** Where all that follows without a gap on a point ends: at the point itself if nothing does. */
export function reachFrom(files: readonly ChangesFile[], point: Point): Point {
  let end = point;
  for (let next = nextAfter(files, end); next !== null; next = nextAfter(files, end)) end = next.end;
  return end;
}

/** The file that leads furthest on from there. */
function nextAfter(files: readonly ChangesFile[], { zxid }: Point): ChangesFile | null {
  let best: ChangesFile | null = null;
  for (const file of files)
    if (file.from.zxid <= zxid && file.end.zxid > (best?.end.zxid ?? zxid)) best = file;
  return best;
}

/** Transactions after a point, as long as there is no gap. A `CommandError` names a file that is damaged. */
export function* transactionsAfter(
  files: readonly ChangesFile[],
  point: Point,
): Generator<Transaction & { readonly path: string }> {
  let last = point;
  for (let file = nextAfter(files, last); file !== null; file = nextAfter(files, last)) {
    for (const stretch of stretchesIn(file.path)) {
      const rest = restAfter(stretch, last);
      for (const transaction of rest?.transactions ?? []) yield { ...transaction, path: file.path };
      if (rest !== null) last = rest.end;
    }
    if (last.zxid !== file.end.zxid) throw badChanges(file.path, 'has another end than it says');
  }
}

/** Moments, any of which can be restored. */
export interface Span {
  readonly from: Point;
  readonly until: Point;
}

/** By final backups, oldest first, and what follows on each. */
export function spansOf(backups: readonly Backup[], files: readonly ChangesFile[]): Span[] {
  const spans: Span[] = [];
  for (const backup of backups) {
    if (!backup.about.isFinal) continue;
    const from = pointOf(backup);
    const last = spans.at(-1);
    const until = reachFrom(files, from);
    if (last === undefined || from.zxid > last.until.zxid) spans.push({ from, until });
    else spans[spans.length - 1] = { from: last.from, until: later(last.until, later(from, until)) };
  }
  return spans;
}

const later = (a: Point, b: Point): Point => (b.zxid > a.zxid || b.time > a.time ? b : a);

/** Removes files with nothing after this zxid. */
export function pruneChanges(directory: string, zxid: number): readonly ChangesFile[] {
  const gone = archiveIn(directory).files.filter(({ end }) => end.zxid <= zxid);
  for (const { path } of gone) rmSync(path, { force: true });
  return gone;
}

/** Writes one file, which is there once it is whole. */
export interface ChangesWriter {
  /** Where it has come to. */
  readonly end: Point;
  /** False for what is too large: then the file must end before it. */
  add(stretch: Stretch): boolean;
  finish(): ChangesFile;
  /** Leaves nothing behind. */
  abandon(): void;
}

/** Throws a `CommandError`, as its functions do, if the disk takes no more. */
export function createChangesWriter(directory: string, federation: string, from: Point): ChangesWriter {
  // Two may be written at a time, from one place on: neither is any the worse for it.
  const fresh = join(directory, `${hex(from.zxid)}-${randomBytes(4).toString('hex')}.changes.new`);
  const failing = <T>(use: () => T): T => {
    try {
      return use();
    } catch (error) {
      throw new CommandError('not-written', `cannot write ${fresh}: ${messageOf(error)}`);
    }
  };
  const sealer = createSealer({ federation, from });
  const fd = failing(() => openSync(fresh, 'wx', 0o600));
  let [end, size, isOpen] = [from, 0, true];
  const write = (bytes: Uint8Array): void => {
    failing(() => writeFileSync(fd, bytes));
    size += bytes.length;
  };
  const close = (): void => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  const abandon = (): void => {
    close();
    rmSync(fresh, { force: true });
  };
  try {
    write(sealer.header);
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    get end() {
      return end;
    },
    add: (stretch) => {
      const frame = sealer.frame(stretch);
      if (frame === null) return false;
      write(frame);
      end = stretch.end;
      return true;
    },
    finish: () =>
      failing(() => {
        write(sealer.end(end));
        fsyncSync(fd);
        close();
        const path = join(directory, `${hex(from.zxid)}-${hex(end.zxid)}.changes`);
        renameSync(fresh, path);
        syncDirectory(dirname(path));
        return { path, federation, from, end, size };
      }),
    abandon,
  };
}
