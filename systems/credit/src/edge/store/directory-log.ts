/**
 * Changes in a directory of this machine: the house's journal, which one process owns at a time, and snapshots beside it.
 *
 *   DIR/credit.json             version of this layout
 *   DIR/journal/                changes since the latest snapshot (segments, manifest, lock)
 *   DIR/snapshot-POSITION.bin   the state before that position
 *
 * Everything is private to its user. A directory without `credit.json` is begun anew; with it, whatever is missing is a loss.
 */

import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createJournal,
  type Disk,
  type Journal,
  openJournal,
  RuntimeError,
  type SyncMode,
} from '@concordat/runtime';
import { CreditError } from '../errors.ts';
import type { ChangeLog, LogListener } from './change-log.ts';
import { readSnapshotFile, syncDirectory, writeSnapshotFile } from './snapshot-file.ts';

const LAYOUT = 1;
const VERSION_FILE = 'credit.json';
const SNAPSHOT = /^snapshot-(\d{16})\.bin$/;

export interface DirectoryLogOptions {
  readonly directory: string;
  readonly segmentBytes?: number;
  readonly sync?: SyncMode;
  /** The journal's, unless a test brings its own. */
  readonly disk?: Disk;
  /**
   * Go on although acknowledged charges are known to be lost (a wiped or damaged journal): whoever made them has his credit
   * back. Off unless told.
   */
  readonly acceptsLoss?: boolean;
}

const snapshotPath = (directory: string, position: number): string =>
  join(directory, `snapshot-${String(position).padStart(16, '0')}.bin`);

/** Rejects with `in-use`, `bad-data`, `lost-charges`, and with the journal's `disk-full` and `disk-failed`. */
export async function openDirectoryLog(options: DirectoryLogOptions): Promise<ChangeLog> {
  const { directory, segmentBytes, sync, disk, acceptsLoss = false } = options;
  const journalDirectory = join(directory, 'journal');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const isNew = !existsSync(join(directory, VERSION_FILE));
  if (!isNew) await checkVersion(directory);
  const settings = {
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
    ...(sync === undefined ? {} : { sync }),
    ...(disk === undefined ? {} : { disk }),
  };
  if (isNew && !existsSync(join(journalDirectory, 'journal.manifest'))) {
    // What a crash left of an earlier beginning: nothing was acknowledged over it.
    await rm(journalDirectory, { recursive: true, force: true });
    await createJournal(journalDirectory, settings);
  }
  const journal = await opened(journalDirectory, settings);
  try {
    if (isNew) await writeVersion(directory);
    if (!journal.recovered.whole && !acceptsLoss) throw lost(directory, journal.reason);
    const position = await latestSnapshot(directory, journal, acceptsLoss);
    return logOf(directory, journal, position);
  } catch (error) {
    await journal.abandon();
    throw error;
  }
}

const lost = (directory: string, why: string): CreditError =>
  new CreditError(
    'lost-charges',
    `acknowledged charges in ${directory} are lost (${why}): restore a backup, or go on without them by acceptsLoss`,
  );

async function opened(directory: string, settings: object): Promise<Journal> {
  try {
    return await openJournal(directory, settings);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'journal-locked')
      throw new CreditError('in-use', error.message, error);
    throw error;
  }
}

async function checkVersion(directory: string): Promise<void> {
  const path = join(directory, VERSION_FILE);
  const text = await readFile(path, 'utf8');
  if (text !== versionText(LAYOUT))
    throw new CreditError(
      'bad-data',
      `${path} says ${JSON.stringify(text)}: this program reads layout ${LAYOUT}`,
    );
}

const versionText = (layout: number): string => `{"layout":${layout}}\n`;

async function writeVersion(directory: string): Promise<void> {
  const path = join(directory, VERSION_FILE);
  const file = await open(`${path}.new`, 'w', 0o600);
  await file.writeFile(versionText(LAYOUT));
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
  await syncDirectory(directory);
}

/** In place of a position: there is no snapshot, as before the first change. */
const NONE = -1;

/** Where the latest snapshot ends, or NONE if none is needed. Removes what a crash left of others. */
async function latestSnapshot(directory: string, journal: Journal, acceptsLoss: boolean): Promise<number> {
  const names = await readdir(directory);
  for (const name of names) if (name.endsWith('.new')) await rm(join(directory, name));
  const positions = names.flatMap((name) => {
    const digits = SNAPSHOT.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  const latest = Math.max(NONE, ...positions);
  for (const position of positions) if (position < latest) await rm(snapshotPath(directory, position));
  const { first } = journal.recovered;
  const isCovered = latest === NONE ? journal.end === 0 : latest >= first && latest <= journal.end;
  if (!isCovered && !acceptsLoss) throw lost(directory, 'there is a journal, but no snapshot to begin with');
  return latest;
}

function logOf(directory: string, journal: Journal, position: number): ChangeLog {
  let latest = position;
  const watch = watchJournal(journal);
  return {
    snapshot: position === NONE ? null : readSnapshotFile(snapshotPath(directory, position)),
    changes: changesOf(journal, position),
    listen: watch.listen,
    get end() {
      return journal.end;
    },
    get durable() {
      return journal.durable;
    },
    append: (change) => {
      journal.append(change);
    },
    commit: () => journal.commit(),
    storeSnapshot: async (records) => {
      const { end } = journal;
      // A snapshot that shows more than the journal holds would make the journal look cut off after a crash.
      await writeSnapshotFile(snapshotPath(directory, end), records, () => watch.until(end));
      const former = latest;
      latest = end;
      journal.release(end);
      if (former !== NONE && former !== end) await rm(snapshotPath(directory, former), { force: true });
    },
    close: () => journal.close(),
  };
}

/** Passes on what a journal tells, and waits for what is durable. */
function watchJournal(journal: Journal): {
  readonly listen: (listener: LogListener) => void;
  readonly until: (position: number) => Promise<void>;
} {
  let listener: LogListener = { durable: () => {}, failed: () => {} };
  let failure: Error | null = null;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  journal.listen({
    durable: () => {
      listener.durable();
      wake();
    },
    failed: (error) => {
      failure = error;
      listener.failed(error);
      wake();
    },
  });
  const until = (position: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (failure === null && journal.durable < position) return;
        waiting.delete(look);
        if (failure === null) resolve();
        else reject(failure);
      };
      waiting.add(look);
      journal.commit();
      look();
    });
  return {
    listen: (next) => {
      listener = next;
    },
    until,
  };
}

async function* changesOf(journal: Journal, from: number): AsyncGenerator<Uint8Array> {
  const { first, records } = journal.recovered;
  for (const record of records.slice(Math.max(0, from - first))) yield record;
  journal.forgetRecovered();
}
