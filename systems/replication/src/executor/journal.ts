/**
 * A learner's journal: every exposed batch, and a snapshot of a certified state when what would have to be executed again
 * outgrows it (UpRight logs every batch, and snapshots rarely). Parts are written a few per turn while execution goes on, and
 * what leads up to a complete snapshot is released.
 */

import type { Digest, Env, Position } from '@concordat/kernel';
import { INLINE_BYTES } from '../admission/codec.ts';
import { rootsOf } from '../execution/execution.ts';
import { partDigests } from '../execution/fetching.ts';
import {
  beginWriting,
  isSnapshotDue,
  type SnapshotWriting,
  writeParts,
} from '../execution/snapshot-writing.ts';
import type { OwnCheckpoint } from '../replica/checkpoint.ts';
import type { Message } from '../replica/messages.ts';
import type { Content } from '../replica/slot.ts';
import type { Request } from '../request.ts';
import { keepOnly } from './checkpoints.ts';
import { encodeLearnerRecord, type LearnerRecord } from './records.ts';
import type { LearnerState } from './state.ts';

export interface Journalled {
  /** Bytes since the last snapshot began. */
  bytes: number;
  snapshotBytes: number;
  snapshot: SnapshotWriting<OwnCheckpoint> | null;
  /** Where the batches are that a recovery would execute, by slot. */
  readonly positions: Map<number, Position>;
}

export const createJournalled = (): Journalled => ({
  bytes: 0,
  snapshotBytes: 0,
  snapshot: null,
  positions: new Map(),
});

export function append(l: LearnerState, env: Env<Message>, record: LearnerRecord): Position {
  const bytes = encodeLearnerRecord(record);
  l.journal.bytes += bytes.length;
  return env.append(bytes);
}

/** Large bodies have records of their own: those who order references do not bound what a batch names. */
export function logBatch(
  l: LearnerState,
  env: Env<Message>,
  slot: number,
  history: Digest,
  { batch, requests }: Content,
): void {
  const isApart = ({ body }: Request): boolean => l.config.isByReference && body.length >= INLINE_BYTES;
  const bodies = requests.filter(isApart).map((request) => append(l, env, { type: 'body', request }));
  const rest = requests.filter((request) => !isApart(request));
  const position = append(l, env, { type: 'batch', slot, history, batch, requests: rest });
  l.journal.positions.set(slot, bodies[0] ?? position);
}

/** Begins a snapshot of a certified state when a quarter more is written for it. */
export function beginSnapshotIfDue(l: LearnerState, env: Env<Message>, own: OwnCheckpoint): void {
  const { bytes, snapshotBytes, snapshot } = l.journal;
  const isDue = isSnapshotDue(bytes, snapshotBytes, l.config.minJournalBytes);
  if (snapshot === null && isDue) beginSnapshot(l, env, own);
}

export function beginSnapshot(l: LearnerState, env: Env<Message>, own: OwnCheckpoint): void {
  const { slot, history, state } = own;
  l.journal.bytes = 0;
  const position = append(l, env, {
    type: 'snapshot',
    slot,
    history,
    state,
    roots: rootsOf(own),
    parts: partDigests(own),
  });
  l.journal.snapshot = beginWriting(own, position, env.now);
}

/** Appends the next parts. Called once per turn. */
export function continueSnapshot(l: LearnerState, env: Env<Message>): void {
  const job = l.journal.snapshot;
  if (job === null) return;
  const isDone = writeParts(
    job,
    env.now,
    (part, bytes) => void append(l, env, { type: 'part', part, bytes }),
  );
  if (isDone) endSnapshot(l, env, job);
}

function endSnapshot(l: LearnerState, env: Env<Message>, job: SnapshotWriting<OwnCheckpoint>): void {
  append(l, env, { type: 'snapshot-end' });
  const { positions } = l.journal;
  for (const slot of positions.keys()) if (slot <= job.slot) positions.delete(slot);
  let needed = job.position;
  for (const position of positions.values()) needed = Math.min(needed, position);
  for (const { position } of l.ahead) needed = Math.min(needed, position);
  env.release(needed);
  env.note({ kind: 'snapshot', slot: job.slot, bytes: job.bytes });
  l.journal.snapshotBytes = job.bytes;
  l.journal.snapshot = null;
  keepOnly(l, l.certified.slot);
}
