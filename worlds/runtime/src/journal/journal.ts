/**
 * The write-ahead log of one process. Appends collect in memory; `commit` writes them as one entry and makes them
 * durable. Group commit: one sync covers every commit written before it starts. A failed write or sync is final:
 * after it nobody knows what the disk holds (pages may have been dropped), so nothing is ever retried.
 */

import { assert, type Position, type Recovered } from '@concordat/kernel';
import { diskError, type RuntimeError } from '../errors.ts';
import { type Disk, type Handle, synced } from './disk.ts';
import { ENTRY_HEADER_BYTES, entryBytes, RECORD_HEADER_BYTES, sealEntry } from './entry.ts';
import type { Lock } from './lock.ts';
import type { Manifest } from './manifest.ts';
import { type Body, createPending } from './pending.ts';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, saltOf } from './segment.ts';
import { createSegmentStore, type SegmentStore } from './segment-store.ts';

/**
 * Where syncs run. `blocking` is faster per commit (PERF: 137 against 170 us) but the thread waits; `threadpool` lets
 * turns go on; `adaptive` blocks only while the disk answers within a millisecond.
 */
export type SyncMode = 'adaptive' | 'blocking' | 'threadpool';

export interface JournalListener {
  /** `durable` has grown; may be called from within `commit`. */
  durable(): void;
  /** Nothing will become durable any more. */
  failed(error: RuntimeError): void;
  synced?(durationMs: number, records: number): void;
}

export interface Journal {
  /** What was found when it was opened; without its records once they are forgotten. */
  readonly recovered: Recovered;
  /** Lets go of the recovered records, which somebody has read: they are as many bytes as the journal holds. */
  forgetRecovered(): void;
  /** Why `recovered.whole` is false; empty otherwise. */
  readonly reason: string;
  /** Position after the last appended record. */
  readonly end: Position;
  /** Records before this position are durable. */
  readonly durable: Position;
  listen(listener: JournalListener): void;
  /** Keeps `record` until it is written; it must fit into a segment. */
  append(record: Uint8Array): Position;
  /** Writes what was appended and sees to it that it becomes durable. */
  commit(): void;
  /** Allows records before `position` to be deleted; call it when what released them is durable. */
  release(position: Position): void;
  /** Closes and unlocks at once, without writing anything more: for a process that halts. */
  abandon(): Promise<void>;
  /** Makes everything durable, seals, closes and unlocks. Rejects with the failure if there was one. */
  close(): Promise<void>;
}

/** A segment file with its handle; `first` is null for a spare. */
export interface OpenSegment {
  readonly sequence: number;
  readonly first: Position | null;
  readonly end: number;
  readonly handle: Handle;
}

export interface WriterOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly lock: Lock;
  readonly manifest: Manifest;
  /** To be let go of later: no closure may keep the options as a whole. */
  readonly recovered: Recovered;
  readonly lastCrc: number;
  readonly segments: readonly OpenSegment[];
  readonly sync: SyncMode;
  readonly sealAfterMs: number;
}

interface Segment {
  readonly sequence: number;
  readonly first: Position;
  readonly salt: number;
  handle: Handle | null;
  end: number;
}

/** Those that hold records; the others are spares. */
const segmentsIn = ({ segments, manifest }: WriterOptions): Segment[] =>
  segments.flatMap(({ sequence, first, end, handle }) =>
    first === null ? [] : [{ sequence, first, end, handle, salt: saltOf(manifest.id, sequence) }],
  );

/** Above this average, a sync is worth the detour over the thread pool. */
const SLOW_SYNC_MS = 1;

export function createJournalWriter(options: WriterOptions): Journal {
  const { disk, directory, manifest, sync: syncMode, lock } = options;
  let { recovered } = options;
  const capacity = manifest.segmentBytes - SEGMENT_HEADER_BYTES;
  const segments = segmentsIn(options);
  let listener: JournalListener = { durable: () => {}, failed: () => {} };
  const pending = createPending();
  let written: Position = recovered.first + recovered.records.length;
  let durable = written;
  let attested = 0;
  let lastCrc = options.lastCrc;
  let unsynced: Segment[] = [];
  let isSyncing = false;
  let averageMs = 0;
  let failure: RuntimeError | null = null;
  let isClosed = false;
  const whenDurable: (() => void)[] = [];

  for (const segment of segments.slice(0, -1)) closeHandle(segment);
  const store: SegmentStore = createSegmentStore({
    disk,
    directory,
    manifest,
    spares: options.segments.filter((segment) => segment.first === null),
    onSpare,
    durable: () => durable,
  });
  const sealTimer = setTimeout(seal, options.sealAfterMs).unref();

  return {
    get recovered() {
      return recovered;
    },
    forgetRecovered: () => {
      recovered = { ...recovered, records: [] };
    },
    reason: manifest.reason,
    get end() {
      return written + pending.count;
    },
    get durable() {
      return durable;
    },
    listen: (next) => {
      listener = next;
    },
    append: (record) => {
      assert(
        entryBytes(RECORD_HEADER_BYTES + record.length) <= capacity,
        'a journal record fits into one segment',
      );
      pending.append(record);
      return written + pending.count - 1;
    },
    commit,
    release,
    abandon,
    close,
  };

  function fail(operation: string, cause: unknown): void {
    if (failure !== null) return;
    failure = diskError(operation, directory, cause);
    for (const resolve of whenDurable.splice(0)) resolve();
    listener.failed(failure);
  }

  function commit(): void {
    if (failure !== null || isClosed) return;
    try {
      writePending();
    } catch (error) {
      fail('write the journal in', error);
      return;
    }
    sync();
    sealTimer.refresh();
  }

  /** Writes as much as there is room for; the rest waits for the next spare segment. */
  function writePending(): void {
    while (pending.count > 0) {
      const isFresh = segments.length === 0 || roomLeft() === capacity;
      const body = pending.fitting(roomLeft());
      // What one segment can hold is not split, so that a turn's records are there or not, if possible.
      const isSplit = body.count < pending.count && !isFresh && entryBytes(pending.bodyBytes) <= capacity;
      if (body.count === 0 || isSplit) {
        if (!openNextSegment()) return;
        continue;
      }
      writeEntry(pending.take(body), body);
    }
    const active = segments.at(-1);
    if (active !== undefined && active.end > manifest.segmentBytes / 2) store.prepare();
  }

  function roomLeft(): number {
    const active = segments.at(-1);
    return active === undefined ? 0 : manifest.segmentBytes - active.end;
  }

  function openNextSegment(): boolean {
    const spare = store.take();
    if (spare === null) return false;
    const { sequence, handle } = spare;
    const header = { sequence, first: written, durable, previous: lastCrc };
    disk.write(handle, encodeSegmentHeader(header, manifest.id), 0);
    const former = segments.at(-1);
    const salt = saltOf(manifest.id, sequence);
    segments.push({ sequence, first: written, salt, handle, end: SEGMENT_HEADER_BYTES });
    if (former !== undefined && !unsynced.includes(former) && !isSyncing) closeHandle(former);
    return true;
  }

  function writeEntry(slab: Buffer, { count, bodyBytes }: Body): void {
    const active = segments.at(-1);
    assert(active !== undefined && active.handle !== null, 'an entry is written to an open segment');
    const sizeBytes = entryBytes(bodyBytes);
    const head = { salt: active.salt, previous: lastCrc, first: written, durable };
    lastCrc = sealEntry(slab, head, bodyBytes, count);
    disk.write(active.handle, slab.subarray(0, sizeBytes), active.end);
    active.end += sizeBytes;
    written += count;
    attested = durable;
    if (unsynced.at(-1) !== active) unsynced.push(active);
  }

  function sync(): void {
    if (isSyncing || failure !== null || unsynced.length === 0) return;
    const target = written;
    const dirty = unsynced;
    unsynced = [];
    const started = performance.now();
    const isBlocking = syncMode === 'blocking' || (syncMode === 'adaptive' && averageMs < SLOW_SYNC_MS);
    if (isBlocking) syncNow(dirty, target, started);
    else syncLater(dirty, target, started);
  }

  function syncNow(dirty: readonly Segment[], target: Position, started: number): void {
    try {
      for (const { handle } of dirty) if (handle !== null) disk.sync(handle);
    } catch (error) {
      fail('sync the journal in', error);
      return;
    }
    onSynced(dirty, target, started);
  }

  function syncLater(dirty: readonly Segment[], target: Position, started: number): void {
    isSyncing = true;
    let left = dirty.length;
    const done = (error: Error | null): void => {
      if (error !== null) fail('sync the journal in', error);
      left--;
      if (left > 0) return;
      isSyncing = false;
      if (failure !== null || isClosed) return;
      onSynced(dirty, target, started);
      sync();
    };
    for (const { handle } of dirty) {
      assert(handle !== null, 'a segment stays open while it is unsynced');
      disk.syncLater(handle, done);
    }
  }

  function onSynced(dirty: readonly Segment[], target: Position, started: number): void {
    const durationMs = performance.now() - started;
    averageMs += (durationMs - averageMs) / 16;
    const records = target - durable;
    durable = target;
    for (const segment of dirty) {
      if (segment !== segments.at(-1) && !unsynced.includes(segment)) closeHandle(segment);
    }
    listener.synced?.(durationMs, records);
    listener.durable();
    if (durable === written && pending.count === 0) for (const resolve of whenDurable.splice(0)) resolve();
  }

  function closeHandle(segment: Segment): void {
    if (segment.handle !== null) disk.close(segment.handle);
    segment.handle = null;
  }

  function onSpare(): void {
    if (pending.count > 0) commit();
  }

  /** Attests, without haste, that everything so far was durable: damage to it cannot pass for a torn write. */
  function seal(): void {
    if (isClosed || failure !== null || durable !== written || attested === durable) return;
    if (segments.at(-1)?.handle == null || roomLeft() < ENTRY_HEADER_BYTES + 4) return;
    try {
      writeEntry(Buffer.alloc(entryBytes(0)), { count: 0, bodyBytes: 0 });
    } catch (error) {
      fail('write the journal in', error);
    }
  }

  function release(position: Position): void {
    assert(position <= durable, 'only durable records are released');
    const keep = segments.findIndex((_, index) => {
      const next = segments[index + 1];
      return next === undefined || next.first > position || next.first > durable;
    });
    if (keep <= 0) return;
    const dropped = segments.splice(0, keep);
    const first = segments[0]?.first ?? position;
    store.discard(
      dropped.map((segment) => segment.sequence),
      first,
    );
  }

  async function abandon(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    clearTimeout(sealTimer);
    await store.close();
    for (const segment of segments) closeHandle(segment);
    lock.release();
  }

  async function close(): Promise<void> {
    if (isClosed) return;
    commit();
    if (failure === null && (durable !== written || pending.count > 0)) {
      await new Promise<void>((resolve) => whenDurable.push(resolve));
    }
    seal();
    isClosed = true;
    clearTimeout(sealTimer);
    for (const { handle } of unsynced) if (handle !== null && failure === null) await synced(disk, handle);
    if (failure === null) await store.attest();
    await store.close();
    for (const segment of segments) closeHandle(segment);
    lock.release();
    if (failure !== null) throw failure;
  }
}
