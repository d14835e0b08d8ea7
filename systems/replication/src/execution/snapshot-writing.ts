/**
 * Writing a snapshot into the journal, a few parts per turn while execution goes on. There is one journal and no second
 * file format: a snapshot is records like any other, so whatever survives a crash is one sequence.
 */

import { type Millis, PART_BYTES, type Position } from '@concordat/kernel';
import type { Checkpointed } from './execution.ts';
import { countParts, readPart } from './fetching.ts';

/** A snapshot that is being written. */
export interface SnapshotWriting<C extends Checkpointed> {
  readonly slot: number;
  readonly source: C;
  /** Where it begins in the journal. */
  readonly position: Position;
  /** The next part, of the core's and then of the service's. */
  next: number;
  /** No part is written before. */
  restsUntil: Millis;
  bytes: number;
}

/**
 * A journal is worth compacting when it has this much and four times the state: a quarter more is written for it. Whoever
 * restarts reads all of it, at about 20 MiB a second, and needs several times its size in memory for that moment.
 */
export const MIN_JOURNAL_BYTES = 4 * 1024 * 1024;

/** Bytes of parts per turn: a turn stays short. */
const TURN_BYTES = 4 * PART_BYTES;

/**
 * And per millisecond: the disk is there for what others wait for. A snapshot as fast as the turns went kept a member from
 * syncing anything else for seconds, long enough to fall behind the others' window.
 */
const BYTES_PER_MS = 16 * 1024;

export const isSnapshotDue = (
  journalBytes: number,
  snapshotBytes: number,
  leastBytes = MIN_JOURNAL_BYTES,
): boolean => journalBytes >= Math.max(leastBytes, 4 * snapshotBytes);

/** What decides when the next snapshot is due. */
export interface JournalSize {
  /** Since the last whole snapshot began. */
  readonly bytes: number;
  /** Of that snapshot's parts. */
  readonly snapshotBytes: number;
}

/**
 * Measures a journal that is read again: whoever restarted more often than a snapshot is due would never write one
 * otherwise, and read more each time.
 */
export function createMeasure(): {
  /** Counts the next record, which takes so many bytes; null stands for one that no version wrote. */
  count(length: number, record: { readonly type: string; readonly bytes?: Uint8Array } | null): void;
  size(): JournalSize;
} {
  let [bytes, snapshotBytes] = [0, 0];
  let open: { readonly begunAt: number; bytes: number } | null = null;
  return {
    count(length, record) {
      if (record?.type === 'snapshot') open = { begunAt: bytes, bytes: 0 };
      bytes += length;
      if (open === null) return;
      if (record?.type === 'part') open.bytes += record.bytes?.length ?? 0;
      if (record?.type !== 'snapshot-end') return;
      bytes -= open.begunAt;
      snapshotBytes = open.bytes;
      open = null;
    },
    size: () => ({ bytes, snapshotBytes }),
  };
}

export const beginWriting = <C extends Checkpointed>(
  source: C,
  position: Position,
  now: Millis,
): SnapshotWriting<C> => ({ slot: source.slot, source, position, next: 0, restsUntil: now, bytes: 0 });

/** Appends the next parts, if it is time; true once all are there. Called once per turn. */
export function writeParts<C extends Checkpointed>(
  job: SnapshotWriting<C>,
  now: Millis,
  append: (part: number, bytes: Uint8Array) => void,
): boolean {
  if (now < job.restsUntil) return false;
  const end = countParts(job.source);
  let written = 0;
  for (; written < TURN_BYTES && job.next < end; job.next++) {
    const bytes = readPart(job.source, job.next);
    append(job.next, bytes);
    written += bytes.length;
  }
  job.bytes += written;
  job.restsUntil = now + written / BYTES_PER_MS;
  return job.next === end;
}
