/**
 * The files behind a journal: prepares the next segment in the background, so that a commit never waits for zeros to
 * be written, and takes released ones back into use. All changes of the manifest go through one chain, in order.
 */

import type { Position } from '@concordat/kernel';
import { diskError, type RuntimeError } from '../errors.ts';
import { type Disk, type Handle, synced } from './disk.ts';
import { type Manifest, storeManifest } from './manifest.ts';
import { segmentName } from './segment.ts';

/** An open segment file of zeros, or of entries that pass for none of its own: their CRCs are salted with a former sequence. */
export interface Spare {
  readonly sequence: number;
  readonly handle: Handle;
}

export interface SegmentStore {
  /** Hands out the spare segment, or null while one is being made. Throws if the disk refused one that was needed. */
  take(): Spare | null;
  /**
   * Starts to make a spare unless there is one or it is under way; calls `onSpare` in the end, also after failing. After
   * that it waits a while before it tries again.
   */
  prepare(): void;
  /** Forgets segments whose records all lie before `released`. */
  discard(sequences: readonly number[], released: Position): void;
  /** Writes down what is durable. */
  attest(): Promise<void>;
  /** Resolves when no work is under way and the spare segments are closed. */
  close(): Promise<void>;
}

export interface SegmentStoreOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly manifest: Manifest;
  readonly spares: readonly Spare[];
  readonly onSpare: () => void;
  /** Goes into every manifest that is written. */
  readonly durable: () => Position;
}

/**
 * Released segments are kept for reuse up to this many, 512 MiB. PERF: under load, writing zeros took 5 to 9 % of
 * two processors that four replicas share, and as much of the disk as the journal itself.
 */
const MAX_REUSABLE = 32;

/** Small enough that a commit's sync never waits for much of it. */
const ZERO_CHUNK = Buffer.alloc(1024 * 1024);
/** A full disk is asked again this often. */
const RETRY_MS = 250;

export function createSegmentStore(options: SegmentStoreOptions): SegmentStore {
  const { disk, directory } = options;
  let manifest = options.manifest;
  const spares = [...options.spares];
  /** Sequences of released segments, no longer in the manifest: what a crash leaves of them is litter. */
  const reusable: number[] = [];
  let failure: RuntimeError | null = null;
  let isPreparing = false;
  let retryAt = 0;
  /** A segment was needed, and has been asked for since. */
  let isInNeed = false;
  let chain: Promise<void> = Promise.resolve();

  const change = async (next: Manifest): Promise<void> => {
    const attested = { ...next, durable: options.durable() };
    await storeManifest(disk, directory, attested);
    manifest = attested;
  };
  const remove = async (sequences: readonly number[]): Promise<void> => {
    if (sequences.length === 0) return;
    for (const sequence of sequences) await disk.remove(`${directory}/${segmentName(sequence)}`);
    await disk.syncDirectory(directory);
  };
  const prepareNow = async (): Promise<void> => {
    const sequence = Math.max(...manifest.segments) + 1;
    let handle: Handle | null = null;
    try {
      const former = reusable.pop();
      handle =
        former === undefined
          ? await createSegment(disk, directory, sequence, manifest.segmentBytes)
          : await renameSegment(disk, directory, former, sequence);
      await change({ ...manifest, segments: [...manifest.segments, sequence] });
      spares.push({ sequence, handle });
      failure = null;
    } catch (error) {
      // There was room for it but not for the manifest: the next attempt finds it under this name.
      if (handle !== null) {
        disk.close(handle);
        reusable.push(sequence);
      }
      failure = diskError('prepare a journal segment in', directory, error);
      retryAt = performance.now() + RETRY_MS;
    }
    isPreparing = false;
    options.onSpare();
  };
  const discardNow = async (sequences: readonly number[], released: Position): Promise<void> => {
    try {
      const segments = manifest.segments.filter((sequence) => !sequences.includes(sequence));
      await change({ ...manifest, segments, released: Math.max(released, manifest.released) });
      const excess = Math.max(0, reusable.length + sequences.length - MAX_REUSABLE);
      reusable.push(...sequences.slice(excess));
      await remove(sequences.slice(0, excess));
    } catch (error) {
      // Old files that stay cost space, not safety: unlisted ones are removed at the next start.
      failure = diskError('delete old journal segments in', directory, error);
    }
  };
  const begin = (): void => {
    isPreparing = true;
    failure = null;
    chain = chain.then(prepareNow);
  };
  const take = (): Spare | null => {
    const spare = spares.shift() ?? null;
    if (spare === null && isInNeed && !isPreparing && failure !== null) throw failure;
    // Nothing can be written without one, so a full disk is asked once more however lately it refused.
    const isAsking = spare === null && !isPreparing;
    if (isAsking) begin();
    isInNeed = spare === null && (isAsking || isInNeed);
    return spare;
  };
  return {
    take,
    prepare: () => {
      if (spares.length === 0 && !isPreparing && performance.now() >= retryAt) begin();
    },
    discard: (sequences, released) => {
      chain = chain.then(() => discardNow(sequences, released));
    },
    attest: async () => {
      await chain;
      await change(manifest);
    },
    close: async () => {
      await chain;
      for (const { handle } of spares.splice(0)) disk.close(handle);
    },
  };
}

/** A new file of zeros, durable, with its name; a failed one is removed, so that it does not fill a full disk. */
export async function createSegment(
  disk: Disk,
  directory: string,
  sequence: number,
  segmentBytes: number,
): Promise<Handle> {
  const path = `${directory}/${segmentName(sequence)}`;
  const handle = await disk.open(path, true);
  try {
    await writeZeros(disk, handle, 0, segmentBytes);
    await disk.syncDirectory(directory);
    return handle;
  } catch (error) {
    disk.close(handle);
    await disk.remove(path);
    throw error;
  }
}

/** A released segment under a new sequence. */
async function renameSegment(disk: Disk, directory: string, from: number, to: number): Promise<Handle> {
  const path = `${directory}/${segmentName(to)}`;
  await disk.rename(`${directory}/${segmentName(from)}`, path);
  await disk.syncDirectory(directory);
  return disk.open(path, false);
}

/** Overwrites [from, to) with zeros, durably. */
export async function writeZeros(disk: Disk, handle: Handle, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += ZERO_CHUNK.length) {
    await disk.writeLater(handle, ZERO_CHUNK.subarray(0, Math.min(ZERO_CHUNK.length, to - at)), at);
    await synced(disk, handle);
  }
}
