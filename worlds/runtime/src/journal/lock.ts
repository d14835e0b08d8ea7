/**
 * One process per journal: a lock file made with O_EXCL that names its owner by process id and start time, so that a
 * lock left by a crash is recognised even after the id was given to someone else.
 */

import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { RuntimeError, systemCode } from '../errors.ts';

export const LOCK_NAME = 'lock';

export interface Lock {
  release(): void;
}

interface Owner {
  readonly pid: number;
  readonly started: string;
}

/** Start time in clock ticks since boot, with the boot's id; '' where the system does not tell. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The command name may hold spaces and parentheses; fields are counted from the last ')'. Start time is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot}/${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
  }
  const started = startOf(owner.pid);
  return started === '' || owner.started === '' || started === owner.started;
}

function parseOwner(text: string): Owner | null {
  const [pid, started] = text.trim().split(' ');
  return pid !== undefined && /^[1-9]\d*$/.test(pid) ? { pid: Number(pid), started: started ?? '' } : null;
}

const writePrivate = (file: string, text: string): void =>
  fs.writeFileSync(file, text, { flag: 'wx', mode: 0o600 });

/** A link appears with its content or not at all, so that nobody reads a lock that is half written. */
function tryCreate(path: string, text: string, write: typeof writePrivate): boolean {
  const draft = `${path}.${randomUUID()}`;
  try {
    write(draft, text);
    fs.linkSync(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    // Also the empty file that a full disk has made: a service manager tries again every second.
    fs.rmSync(draft, { force: true });
  }
}

function readOrNull(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Moves a stale lock aside; if another process was faster and the file is now its lock, puts it back. */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    fs.renameSync(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if (readOrNull(aside) !== stale) fs.linkSync(aside, path);
  fs.unlinkSync(aside);
}

/** Locks `directory`; throws `journal-locked`, naming the owner, if a living process holds it, and the system's errors. */
export function acquireLock(directory: string, write = writePrivate): Lock {
  const path = `${directory}/${LOCK_NAME}`;
  const text = `${process.pid} ${startOf(process.pid)}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (tryCreate(path, text, write)) return { release: () => releaseLock(path, text) };
    const found = readOrNull(path);
    const owner = found === null ? null : parseOwner(found);
    if (owner !== null && isAlive(owner)) {
      throw new RuntimeError(
        'journal-locked',
        `${directory} is in use by process ${owner.pid}: stop it, or give this one its own directory`,
      );
    }
    if (found !== null) removeStale(path, found);
  }
  throw new RuntimeError('journal-locked', `${path} keeps changing: other processes are starting on it`);
}

function releaseLock(path: string, text: string): void {
  if (readOrNull(path) === text) fs.unlinkSync(path);
}
