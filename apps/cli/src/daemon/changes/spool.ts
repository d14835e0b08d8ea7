/**
 * What a daemon keeps in its own directory of what transactions did, for backups to come: files N.changes, of which the last is
 * being written (`keeper/changes/file.ts`). They are never written over nor gone on with: after a restart a new one begins. The
 * oldest go when there are too many.
 */

import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Point, Stretch } from '@concordat/keeper';
import { type ChangesReader, createSealer, openChanges, type Sealer } from '../../keeper/changes/file.ts';

export interface SpoolLimits {
  /** A file is followed by another beyond it. */
  readonly fileBytes: number;
  /** Of all files together. */
  readonly allBytes: number;
}

const LIMITS: SpoolLimits = { fileBytes: 16 * 1024 * 1024, allBytes: 512 * 1024 * 1024 };

export interface Spool {
  /** Where it has come to; null while nothing is kept. */
  readonly end: Point | null;
  /** Of all that was written since the last call of `asked`, or the start. */
  readonly unasked: number;
  readonly limits: SpoolLimits;
  /** Somebody has come for it. */
  asked(): void;
  /** Resolves when it is on the disk. Where it does not join on what is there, or is too large, a gap is seen. */
  add(stretch: Stretch): Promise<void>;
  /** Removes everything. */
  discard(): Promise<void>;
  close(): Promise<void>;
}

const NAME = /^(\d{10})\.changes$/;

/** The files of a daemon's directory, oldest first; none if there is no such directory. */
export async function spooledIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => join(directory, name));
}

interface Kept {
  readonly path: string;
  bytes: number;
}

/** @param federation its identity, in hexadecimal: files of another are removed */
export async function openSpool(
  directory: string,
  federation: string,
  limits: SpoolLimits = LIMITS,
): Promise<Spool> {
  const paths = await spooledIn(directory);
  const kept: Kept[] = [];
  for (const path of paths) kept.push({ path, bytes: (await stat(path).catch(() => null))?.size ?? 0 });
  let number = Number(NAME.exec(paths.at(-1)?.slice(-18) ?? '')?.[1] ?? 0);
  let end = endOf(paths, federation);
  let current: { readonly handle: Awaited<ReturnType<typeof open>>; readonly sealer: Sealer } | null = null;
  let unasked = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    await current?.handle.appendFile(bytes);
    const last = kept.at(-1);
    if (last !== undefined) last.bytes += bytes.length;
    unasked += bytes.length;
  };
  const close = async (): Promise<void> => {
    const { handle } = current ?? {};
    current = null;
    await handle?.close();
  };
  const begin = async (from: Point): Promise<Sealer> => {
    await close();
    await mkdir(directory, { recursive: true, mode: 0o700 });
    number++;
    const path = join(directory, `${String(number).padStart(10, '0')}.changes`);
    const sealer = createSealer({ federation, from });
    current = { handle: await open(path, 'wx', 0o600), sealer };
    kept.push({ path, bytes: 0 });
    await write(sealer.header);
    return sealer;
  };
  const trim = async (): Promise<void> => {
    for (let all = kept.reduce((sum, { bytes }) => sum + bytes, 0); all > limits.allBytes; ) {
      const oldest = kept.length > 1 ? kept.shift() : undefined;
      if (oldest === undefined) return;
      await rm(oldest.path, { force: true });
      all -= oldest.bytes;
    }
  };
  const discard = async (): Promise<void> => {
    await close();
    for (const { path } of kept.splice(0)) await rm(path, { force: true }).catch(() => {});
    end = null;
  };
  if (end === null) await discard();
  return {
    get end() {
      return end;
    },
    get unasked() {
      return unasked;
    },
    limits,
    asked: () => {
      unasked = 0;
    },
    add: async (stretch) => {
      const isFull = (kept.at(-1)?.bytes ?? 0) >= limits.fileBytes;
      const joins = end?.zxid === stretch.from.zxid;
      const sealer = current === null || isFull || !joins ? await begin(stretch.from) : current.sealer;
      const frame = sealer.frame(stretch);
      if (frame === null) {
        // What follows has another beginning than this file's end.
        await close();
      } else {
        await write(frame);
        await current?.handle.datasync();
      }
      end = stretch.end;
      await trim();
    },
    discard,
    close,
  };
}

/** Where the last file ends of which anything can be read; null if there is none, or it is another federation's. */
function endOf(paths: readonly string[], federation: string): Point | null {
  for (const path of paths.toReversed()) {
    const reader = opened(path);
    if (reader === null) continue;
    try {
      if (reader.federation !== federation) return null;
      let end = reader.from;
      for (const step of reader.steps()) if (step.kind === 'stretch') end = step.stretch.end;
      return end;
    } finally {
      reader.close();
    }
  }
  return null;
}

/** A daemon must be able to start whatever has become of these files. */
function opened(path: string): ChangesReader | null {
  try {
    return openChanges(path);
  } catch {
    return null;
  }
}
