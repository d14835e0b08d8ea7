/**
 * Opening a journal's directory: lock, read the manifest, recover, repair, and hand over to the writer. Whatever was
 * lost is written down in the manifest before anything is repaired, so a crash in between forgets no loss.
 */

import { randomBytes } from 'node:crypto';
import type { Progress } from '@concordat/kernel';
import { diskError, RuntimeError } from '../errors.ts';
import { type Disk, realDisk } from './disk.ts';
import { createJournalWriter, type Journal, type OpenSegment, type SyncMode } from './journal.ts';
import { acquireLock, type Lock } from './lock.ts';
import { decodeManifest, MANIFEST_NAME, type Manifest, storeManifest } from './manifest.ts';
import { type RecoveredSegment, type Recovery, recover } from './recovery.ts';
import { isSegmentName, JOURNAL_ID_BYTES, segmentName } from './segment.ts';
import { createSegment, writeZeros } from './segment-store.ts';

const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024;

export interface JournalOptions {
  /** Fixed when the journal is created; 16 MiB unless told. A record must fit into one segment. */
  readonly segmentBytes?: number;
  readonly sync?: SyncMode;
  /** After this long without a commit, what is durable is attested on disk. */
  readonly sealAfterMs?: number;
  /** The real one unless a test brings its own. */
  readonly disk?: Disk;
  /** Awaited when the directory is this process's alone and before it is read: for what no two may do at a time. */
  readonly onLocked?: () => Promise<void>;
  /** Bytes read, of all. */
  readonly onReading?: (progress: Progress) => void;
}

/**
 * Initialises a journal in `directory` (made if needed, private to its user): from here on it is provably whole.
 * Throws `journal-exists` if there is one already: initialising again would forget promises.
 */
export async function createJournal(directory: string, options: JournalOptions = {}): Promise<void> {
  const disk = options.disk ?? realDisk;
  await guarded('create a journal in', directory, async () => {
    const names = await disk.list(directory);
    const lock = acquireLock(directory);
    try {
      if (names.includes(MANIFEST_NAME) || names.some(isSegmentName)) {
        throw new RuntimeError('journal-exists', `${directory} already holds a journal`);
      }
      await initialise(disk, directory, options, '');
    } finally {
      lock.release();
    }
  });
}

/**
 * Opens the journal in `directory` for one process. A journal that was never initialised, or whose manifest is
 * unreadable, is begun anew with `recovered.whole` false. Throws `journal-locked`, `disk-full`, `disk-failed`.
 */
export async function openJournal(directory: string, options: JournalOptions = {}): Promise<Journal> {
  const disk = options.disk ?? realDisk;
  const guard = <T>(work: () => Promise<T>): Promise<T> => guarded('open the journal in', directory, work);
  const lock = await guard(async () => {
    await disk.list(directory);
    return acquireLock(directory);
  });
  try {
    await options.onLocked?.();
    return await guard(() => openLocked(disk, directory, options, lock));
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function guarded<T>(operation: string, directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(operation, directory, error);
  }
}

async function openLocked(
  disk: Disk,
  directory: string,
  options: JournalOptions,
  lock: Lock,
): Promise<Journal> {
  const text = await disk.read(`${directory}/${MANIFEST_NAME}`);
  let manifest = text === null ? null : decodeManifest(Buffer.from(text).toString());
  if (manifest === null) {
    const reason =
      text === null ? 'there is no manifest: never initialised, or wiped' : 'the manifest is damaged';
    const found = (await disk.list(directory)).filter(isJournalFile);
    await copyAside(disk, directory, found);
    for (const name of found) await disk.remove(`${directory}/${name}`);
    manifest = await initialise(disk, directory, options, reason);
  }
  await removeLitter(disk, directory, manifest);
  const recovery = await recover(disk, directory, manifest, options.onReading);
  const { manifest: repaired, segments } = await repair(disk, directory, manifest, recovery);
  const opened: OpenSegment[] = [];
  for (const { sequence, first, end } of segments) {
    const handle = await disk.open(`${directory}/${segmentName(sequence)}`, false);
    opened.push({ sequence, first, end, handle });
  }
  const { records, first, lastCrc } = recovery;
  return createJournalWriter({
    disk,
    directory,
    lock,
    manifest: repaired,
    recovered: { records, first, whole: repaired.losses === 0, losses: repaired.losses },
    lastCrc,
    segments: opened,
    sync: options.sync ?? 'adaptive',
    sealAfterMs: options.sealAfterMs ?? 100,
  });
}

const isJournalFile = (name: string): boolean => name === MANIFEST_NAME || isSegmentName(name);

async function initialise(
  disk: Disk,
  directory: string,
  options: JournalOptions,
  reason: string,
): Promise<Manifest> {
  const segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES;
  disk.close(await createSegment(disk, directory, 0, segmentBytes));
  const id = new Uint8Array(randomBytes(JOURNAL_ID_BYTES));
  const losses = reason === '' ? 0 : 1;
  const manifest = { id, losses, reason, segmentBytes, released: 0, durable: 0, segments: [0] };
  await storeManifest(disk, directory, manifest);
  return manifest;
}

/** Segments that a crash left unlisted: being made, or being deleted. */
async function removeLitter(disk: Disk, directory: string, manifest: Manifest): Promise<void> {
  const listed = new Set(manifest.segments.map(segmentName));
  for (const name of await disk.list(directory)) {
    if (isSegmentName(name) && !listed.has(name)) await disk.remove(`${directory}/${name}`);
  }
}

/** Keeps copies of damaged files for people to look at. */
async function copyAside(disk: Disk, directory: string, names: readonly string[]): Promise<void> {
  const present = await disk.list(directory);
  const found = names.filter((name) => present.includes(name));
  if (found.length === 0) return;
  const aside = `${directory}/damaged-${randomBytes(4).toString('hex')}`;
  await disk.list(aside);
  for (const name of found) await disk.copy(`${directory}/${name}`, `${aside}/${name}`);
  await disk.syncDirectory(aside);
}

async function repair(
  disk: Disk,
  directory: string,
  manifest: Manifest,
  recovery: Recovery,
): Promise<{ manifest: Manifest; segments: readonly RecoveredSegment[] }> {
  const repaired =
    recovery.loss === null
      ? { manifest, segments: recovery.segments }
      : await dropLost(disk, directory, manifest, recovery, recovery.loss);
  for (const { sequence, end, isClean } of repaired.segments) {
    if (isClean) continue;
    const handle = await disk.open(`${directory}/${segmentName(sequence)}`, false);
    await writeZeros(disk, handle, end, manifest.segmentBytes);
    disk.close(handle);
  }
  return repaired;
}

/** Goes on behind the readable prefix; everything damaged is copied aside first. */
async function dropLost(
  disk: Disk,
  directory: string,
  manifest: Manifest,
  recovery: Recovery,
  loss: string,
): Promise<{ manifest: Manifest; segments: readonly RecoveredSegment[] }> {
  const durable = recovery.first + recovery.records.length;
  const reason = manifest.losses === 0 ? loss : manifest.reason;
  const broken = { ...manifest, durable, losses: manifest.losses + 1, reason };
  await storeManifest(disk, directory, broken);
  const nameOf = (segment: RecoveredSegment): string => segmentName(segment.sequence);
  const lost = recovery.segments.filter((segment) => segment.first === null);
  const kept = recovery.segments.filter((segment) => segment.first !== null);
  await copyAside(disk, directory, [...lost, ...kept.filter((segment) => !segment.isClean)].map(nameOf));
  if (kept.length === 0) {
    const sequence = Math.max(...manifest.segments) + 1;
    disk.close(await createSegment(disk, directory, sequence, manifest.segmentBytes));
    kept.push({ sequence, first: null, end: 0, isClean: true });
  }
  const shortened = { ...broken, segments: kept.map((segment) => segment.sequence) };
  await storeManifest(disk, directory, shortened);
  await removeLitter(disk, directory, shortened);
  return { manifest: shortened, segments: kept };
}
