/**
 * A learner's journal: every exposed batch, and a snapshot of a certified state when what would have to be executed again
 * outgrows it (UpRight logs every batch, and snapshots rarely). Parts are written a few per turn while execution goes on, and
 * what leads up to a complete snapshot is released.
 */

import {
  type Digest,
  type Env,
  type Millis,
  PART_BYTES,
  type Position,
  type Snapshot,
} from '@concordat/kernel';
import { rootsOf } from '../execution/execution.ts';
import type { OwnCheckpoint } from '../replica/checkpoint.ts';
import type { Message } from '../replica/messages.ts';
import type { Content } from '../replica/state.ts';
import { keepOnly } from './checkpoints.ts';
import { encodeLearnerRecord, type LearnerRecord } from './records.ts';
import type { LearnerState } from './state.ts';

/** A snapshot that is being written. */
interface Writing {
  readonly slot: number;
  readonly source: OwnCheckpoint;
  readonly position: Position;
  /** The next part, of the core's and then of the service's. */
  next: number;
  /** No part is written before. */
  restsUntil: Millis;
  bytes: number;
}

export interface Journalled {
  /** Bytes since the last snapshot began. */
  bytes: number;
  snapshotBytes: number;
  snapshot: Writing | null;
  /** Where the batches are that a recovery would execute, by slot. */
  readonly positions: Map<number, Position>;
}

export const createJournalled = (): Journalled => ({
  bytes: 0,
  snapshotBytes: 0,
  snapshot: null,
  positions: new Map(),
});

/** Bytes of parts per turn, and per millisecond: turns stay short, and the disk free for what others wait for. */
const TURN_BYTES = 4 * PART_BYTES;
const BYTES_PER_MS = 16 * 1024;

export function append(l: LearnerState, env: Env<Message>, record: LearnerRecord): Position {
  const bytes = encodeLearnerRecord(record);
  l.journal.bytes += bytes.length;
  return env.append(bytes);
}

export function logBatch(
  l: LearnerState,
  env: Env<Message>,
  slot: number,
  history: Digest,
  { batch, requests }: Content,
): void {
  l.journal.positions.set(slot, append(l, env, { type: 'batch', slot, history, batch, requests }));
}

/** Begins a snapshot of a certified state when a quarter more is written for it. */
export function beginSnapshotIfDue(l: LearnerState, env: Env<Message>, own: OwnCheckpoint): void {
  const { bytes, snapshotBytes, snapshot } = l.journal;
  if (snapshot === null && bytes >= Math.max(l.config.minJournalBytes, 4 * snapshotBytes))
    beginSnapshot(l, env, own);
}

export function beginSnapshot(l: LearnerState, env: Env<Message>, own: OwnCheckpoint): void {
  const { slot, history, state, core, service } = own;
  l.journal.bytes = 0;
  const position = append(l, env, {
    type: 'snapshot',
    slot,
    history,
    state,
    roots: rootsOf(own),
    parts: { core: digestsOf(core), service: digestsOf(service) },
  });
  l.journal.snapshot = { slot, source: own, position, next: 0, restsUntil: env.now, bytes: 0 };
}

const digestsOf = (snapshot: Snapshot): Digest[] =>
  Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));

/** Appends the next parts. Called once per turn. */
export function continueSnapshot(l: LearnerState, env: Env<Message>): void {
  const job = l.journal.snapshot;
  if (job === null || env.now < job.restsUntil) return;
  const { core, service } = job.source;
  const end = core.parts + service.parts;
  let written = 0;
  for (; written < TURN_BYTES && job.next < end; job.next++) {
    const bytes = job.next < core.parts ? core.read(job.next) : service.read(job.next - core.parts);
    append(l, env, { type: 'part', part: job.next, bytes });
    written += bytes.length;
  }
  job.bytes += written;
  job.restsUntil = env.now + written / BYTES_PER_MS;
  if (job.next === end) endSnapshot(l, env, job);
}

function endSnapshot(l: LearnerState, env: Env<Message>, job: Writing): void {
  append(l, env, { type: 'snapshot-end' });
  const { positions } = l.journal;
  for (const slot of positions.keys()) if (slot <= job.slot) positions.delete(slot);
  let needed = job.position;
  for (const position of positions.values()) needed = Math.min(needed, position);
  env.release(needed);
  env.note({ kind: 'snapshot', slot: job.slot, bytes: job.bytes });
  l.journal.snapshotBytes = job.bytes;
  l.journal.snapshot = null;
  keepOnly(l, l.certified.slot);
}
