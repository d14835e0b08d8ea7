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
const MAX_PENDING_LINES = 100_000;

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
  let dropped = 0;
  let writing: Promise<void> | null = null;

  const rotate = async (): Promise<void> => {
    await file.close();
    for (let i = files - 1; i >= 1; i--) await rename(`${path}.${i}`, `${path}.${i + 1}`).catch(() => {});
    await rename(path, `${path}.1`);
    file = await openIt();
    size = 0;
  };
  /** Writes as many lines as the file takes, at least one; the next file begins with what is left. */
  const writeSome = async (lines: readonly string[]): Promise<number> => {
    let bytes = 0;
    let count = 0;
    for (const line of lines) {
      const more = Buffer.byteLength(line);
      if (size + bytes + more > maxFileBytes && size + bytes > 0) break;
      bytes += more;
      count += 1;
    }
    if (count === 0) await rotate();
    else size += (await file.write(lines.slice(0, count).join(''))).bytesWritten;
    return count;
  };
  const flush = async (): Promise<void> => {
    while (pending.length > 0) {
      const lines = pending;
      pending = [];
      try {
        for (let at = 0; at < lines.length; ) at += await writeSome(lines.slice(at));
      } catch (error) {
        logger.error('audit-log-failed', { path, lines: lines.length, why: messageOf(error) });
      }
      if (dropped > 0) logger.error('audit-lines-dropped', { path, lines: dropped });
      dropped = 0;
    }
    writing = null;
  };
  return {
    write: (line) => {
      if (pending.length >= MAX_PENDING_LINES) dropped += 1;
      else pending.push(`${stamp(now())} INFO audit.Slf4jAuditLogger: ${line}\n`);
      writing ??= Promise.resolve().then(flush);
    },
    close: async () => {
      await writing;
      await file.close();
    },
  };
}

/** As log4j's ISO8601. */
const stamp = (time: Date): string => time.toISOString().replace('T', ' ').replace('.', ',').replace('Z', '');
