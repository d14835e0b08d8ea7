/** What ZooKeeper's monitors ask of process and machine. Never arguments or environment variables: they may hold secrets. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { arch, homedir, hostname, release, type, userInfo } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { getHeapStatistics } from 'node:v8';

const MEGABYTE = 1024 * 1024;

const megabytes = (bytes: number): string => `${Math.round(bytes / MEGABYTE)}MB`;

/** A user without an entry in the table of users has a number only. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `${process.getuid?.() ?? ''}`;
  }
}

const common = (): Record<string, string> => ({
  'os.name': type(),
  'os.arch': arch(),
  'os.version': release(),
  'user.name': userName(),
  'user.home': homedir(),
  'user.dir': process.cwd(),
});

/** Memory is that of the JavaScript heap, as ZooKeeper's is that of the Java heap. */
export function environment(): Record<string, string> {
  const { heap_size_limit: limit, total_heap_size: total, used_heap_size: used } = getHeapStatistics();
  return {
    'host.name': hostname(),
    ...common(),
    'os.memory.free': megabytes(total - used),
    'os.memory.max': megabytes(limit),
    'os.memory.total': megabytes(total),
  };
}

export const properties = (): Record<string, string> => ({
  ...common(),
  'file.separator': sep,
  'path.separator': delimiter,
  'line.separator': '\n',
  'node.version': process.version,
});

/** Bytes of all files in a directory, -1 where it cannot be read: who asks within a turn must not end it. */
export function bytesIn(directory: string): number {
  let bytes = 0;
  try {
    for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const stat = statSync(join(directory, name), { throwIfNoEntry: false });
      if (stat?.isFile() === true) bytes += stat.size;
    }
    return bytes;
  } catch {
    return -1;
  }
}

/** Open files and how many there may be, where the system tells. */
export function fileDescriptors(): { readonly open: number; readonly max: number } | null {
  try {
    const [, max] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    // One of them is the directory that is being read.
    const open = readdirSync('/proc/self/fd').length - 1;
    return max === undefined ? null : { open, max: Number(max) };
  } catch {
    return null;
  }
}
