/**
 * The file with the audit log: who changed what, a line each, as ZooKeeper's log4j writes it. Files of 10 MiB, the last ten of
 * them, as there. Lines are appended in order and not synced one by one; a disk that cannot take them must not hold up the
 * service, so beyond a bound they are dropped and the operator is told how many.
 */

import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Logger } from '@concordat/runtime';
import { messageOf } from '../errors.ts';

const MAX_FILE_BYTES = 10 * 1024 * 1024;
const FILES = 10;
const MAX_PENDING_CHARACTERS = 16 * 1024 * 1024;

export interface AuditLog {
  write(line: string): void;
  /** Settles when all is written that could be. */
  close(): Promise<void>;
}

export interface AuditLogOptions {
  readonly maxFileBytes?: number;
  /** Besides the one that is written to. */
  readonly files?: number;
  readonly now?: () => Date;
}

/** Rejects with a system error if the file cannot be opened. */
export async function openAuditLog(
  path: string,
  logger: Logger,
  { maxFileBytes = MAX_FILE_BYTES, files = FILES, now = () => new Date() }: AuditLogOptions = {},
): Promise<AuditLog> {
  const openIt = (): Promise<FileHandle> => open(path, 'a', 0o600);
  let file = await openIt();
  let size = (await file.stat()).size;
  let pending: string[] = [];
  let pendingCharacters = 0;
  let dropped = 0;
  let writing: Promise<void> | null = null;

  /** If that fails, the file grows on and it is tried again after as much: no line is worth less for it. */
  const rotate = async (): Promise<void> => {
    size = 0;
    try {
      for (let i = files - 1; i >= 1; i--)
        await rename(`${path}.${i}`, `${path}.${i + 1}`).catch((error: unknown) => {
          // Before there are as many.
          if (!isMissing(error)) throw error;
        });
      await rename(path, `${path}.1`);
      const former = file;
      file = await openIt();
      await former.close();
    } catch (error) {
      logger.error('audit-log-not-turned-over', { path, why: messageOf(error) });
    }
  };
  const flush = async (): Promise<void> => {
    while (pending.length > 0) {
      const lines = pending;
      pending = [];
      pendingCharacters = 0;
      try {
        for (let at = 0; at < lines.length; ) {
          const end = roomFor(lines, at, maxFileBytes - size);
          if (end === at && size > 0) await rotate();
          else {
            // A line larger than a file has one of its own.
            const text = lines.slice(at, Math.max(end, at + 1)).join('');
            size += (await file.write(text)).bytesWritten;
            at = Math.max(end, at + 1);
          }
        }
      } catch (error) {
        logger.error('audit-log-failed', { path, why: messageOf(error) });
      }
      if (dropped > 0) logger.error('audit-lines-dropped', { path, lines: dropped });
      dropped = 0;
    }
    writing = null;
  };
  return {
    write: (line) => {
      if (pendingCharacters > MAX_PENDING_CHARACTERS) dropped += 1;
      else {
        pending.push(`${stamp(now())} INFO audit.Slf4jAuditLogger: ${line}\n`);
        pendingCharacters += line.length;
      }
      writing ??= Promise.resolve().then(flush);
    },
    close: async () => {
      await writing;
      await file.close();
    },
  };
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Up to which line, from `at` on, all fit into so many bytes. */
function roomFor(lines: readonly string[], at: number, room: number): number {
  let end = at;
  for (let left = room; end < lines.length; end++) {
    left -= Buffer.byteLength(lines[end] ?? '');
    if (left < 0) break;
  }
  return end;
}

/** As log4j's ISO8601. */
const stamp = (time: Date): string => time.toISOString().replace('T', ' ').replace('.', ',').replace('Z', '');
