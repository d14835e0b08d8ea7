/**
 * A small disk of its own for each domain, to be filled to the last byte: an ext4 image on a loop device, or a tmpfs of the
 * same size where loop devices cannot be had. Mounted on folders of the data directory.
 */

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isAlive } from './living.ts';

export interface Disks {
  readonly kind: 'ext4' | 'tmpfs';
  /** Leaves no byte free; again for what has become free since. */
  fill(domain: number): void;
  /** Frees what `fill` took. */
  drain(domain: number): void;
  /** Unmounts them; nothing may run on them any more. */
  close(): void;
}

/** Room for the journal of a long run, segments kept for reuse included, which grow with the largest burst. */
const DISK_BYTES = 512 * 1024 * 1024;
const LITTLE_BYTES = 8 * 1024 * 1024;
const FILLER = 'filler';
/** From what a file takes at once to what the last byte takes. */
const PIECES_BYTES = [1 << 20, 1 << 16, 4096, 64, 1];

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Mounts a disk on a folder of each name; throws what the system says if it cannot. */
export function mountDisks(dataDir: string, names: readonly string[]): Disks {
  sweepDisks();
  const folders = names.map((name) => join(dataDir, name));
  const images = names.map((name) => join(dataDir, `disk-${process.pid}-${name}.img`));
  const close = (): void => {
    for (const folder of folders) unmount(folder);
  };
  for (const folder of folders) mkdirSync(folder);
  const kind = mountAll(folders, images, close);
  return {
    kind,
    fill: (domain) => fill(folders[domain] ?? ''),
    drain: (domain) => rmSync(join(folders[domain] ?? '', FILLER), { force: true }),
    close,
  };
}

function mountAll(folders: readonly string[], images: readonly string[], undo: () => void): Disks['kind'] {
  try {
    for (const [i, image] of images.entries()) {
      writeFileSync(image, '', { flag: 'wx', mode: 0o600 });
      truncateSync(image, DISK_BYTES);
      run('mkfs.ext4', '-q', '-m', '0', image);
      run('mount', '-o', 'loop', image, folders[i] ?? '');
    }
    return 'ext4';
  } catch {
    undo();
    for (const image of images) rmSync(image, { force: true });
  }
  try {
    for (const folder of folders)
      run('mount', '-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, `concordat-disk-${process.pid}`, folder);
    return 'tmpfs';
  } catch (error) {
    undo();
    throw error;
  }
}

function fill(folder: string): void {
  const path = join(folder, FILLER);
  // Takes room without writing it, as long as there is much; a share is the file system's own.
  for (let free = freeBytes(folder); free > LITTLE_BYTES; free = freeBytes(folder)) {
    const size = existsSync(path) ? statSync(path).size : 0;
    try {
      run('fallocate', '--offset', `${size}`, '--length', `${Math.floor(0.9 * free)}`, path);
    } catch {
      break;
    }
  }
  const file = openSync(path, 'a');
  try {
    for (const bytes of PIECES_BYTES) while (writes(file, bytes));
  } finally {
    closeSync(file);
  }
}

function freeBytes(folder: string): number {
  const { bfree, bsize } = statfsSync(folder);
  return bfree * bsize;
}

function writes(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes, 1)) === bytes;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}

/** What a process that was just killed holds is let go of in a moment; a mount that nobody can end must not be forgotten. */
function unmount(folder: string): void {
  if (!mounts().some(({ at }) => at === folder)) return;
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      run('umount', folder);
      return;
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  run('umount', '--lazy', folder);
}

/** Spaces in paths are written as \040. */
const mounts = (): { readonly what: string; readonly at: string }[] =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([what = '', at = '']) => ({ what, at: at.replaceAll('\\040', ' ') }));

/** Disks of runs that ended without a chance to unmount them, and the data directories that hold them. */
export function sweepDisks(): void {
  for (const { what, at } of mounts()) {
    const image = what.startsWith('/dev/loop') ? imageOf(what.slice('/dev/'.length)) : what;
    const owner = /(?:^concordat-disk-|\/disk-)(\d+)(?:-[a-z-]+\.img)?$/.exec(image)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    unmount(at);
    const dataDir = dirname(at);
    const isLast = !readdirSync(dataDir).some((name) =>
      mounts().some((mount) => mount.at === join(dataDir, name)),
    );
    if (isLast && /\/concordat-ours-[^/]+$/.test(dataDir)) rmSync(dataDir, { recursive: true, force: true });
  }
}

function imageOf(device: string): string {
  try {
    return readFileSync(`/sys/block/${device}/loop/backing_file`, 'utf8').trim();
  } catch {
    return '';
  }
}
