/**
 * A replica's snapshots in its journal. Once one is complete, what the journal held only for earlier slots is released.
 */

import type { Env, Position } from '@concordat/kernel';
import { rootsOf } from '../execution/execution.ts';
import { partDigests } from '../execution/fetching.ts';
import {
  beginWriting,
  isSnapshotDue,
  type SnapshotWriting,
  writeParts,
} from '../execution/snapshot-writing.ts';
import { firstKeptPosition } from '../executor/retention.ts';
import { keepOnly, type OwnCheckpoint } from './checkpoint.ts';
import { append } from './journal.ts';
import type { Certificate, Message } from './messages.ts';
import { findSlot, type ReplicaState } from './state.ts';

export type Snapshotting = SnapshotWriting<OwnCheckpoint>;

/** Begins a snapshot of a checkpoint that just became stable, if one is due. */
export function startSnapshot(s: ReplicaState, env: Env<Message>, own: OwnCheckpoint): void {
  if (s.snapshotting === null && isSnapshotDue(s.journalBytes, s.snapshotBytes)) beginSnapshot(s, env, own);
}

export function beginSnapshot(s: ReplicaState, env: Env<Message>, own: OwnCheckpoint): void {
  s.journalBytes = 0;
  const position = append(s, env, {
    type: 'snapshot',
    certificate: s.stable.certificate,
    roots: rootsOf(own),
    parts: partDigests(own),
  });
  restate(s, env, s.stable.certificate);
  // What follows on it may have been accepted before: until the end it may leave the window.
  s.snapshotting = beginWriting(own, Math.min(position, positionAfter(s, own.slot)), env.now);
}

/** The first journal record about what is open above a slot, or Infinity. */
function positionAfter(s: ReplicaState, slot: number): Position {
  let first = Number.POSITIVE_INFINITY;
  for (let number = slot + 1; number <= s.stable.slot + s.config.window; number++)
    first = Math.min(first, findSlot(s, number)?.position ?? first);
  return first;
}

/** Repeats the promises that no slot's records hold, so that earlier ones need not be kept for them. */
function restate(s: ReplicaState, env: Env<Message>, certificate: Certificate): void {
  for (const link of s.chain) append(s, env, { type: 'epoch', link });
  append(s, env, { type: 'stable', certificate });
  const { number, mayVote, losses } = s.incarnation;
  append(s, env, { type: 'incarnation', number, mayVote, losses });
  append(s, env, { type: 'view', view: s.view, newView: s.newView });
  append(s, env, { type: 'prepared', view: s.view, slot: s.prepared });
  const { delivered } = s.feed;
  if (delivered.slot > 0) append(s, env, { type: 'delivered', certificate: delivered.certificate });
  if (s.certificate !== null) append(s, env, { type: 'certificate', certificate: s.certificate });
  if (s.changingTo !== null) append(s, env, { type: 'change', view: s.changingTo });
}

/** Appends the next parts. Called once per turn. */
export function continueSnapshot(s: ReplicaState, env: Env<Message>): void {
  const job = s.snapshotting;
  if (job === null) return;
  const isDone = writeParts(
    job,
    env.now,
    (part, bytes) => void append(s, env, { type: 'part', part, bytes }),
  );
  if (isDone) endSnapshot(s, env, job);
}

function endSnapshot(s: ReplicaState, env: Env<Message>, job: Snapshotting): void {
  append(s, env, { type: 'snapshot-end' });
  env.release(Math.min(job.position, firstKeptPosition(s), positionAfter(s, job.slot)));
  env.note({ kind: 'snapshot', slot: job.slot, bytes: job.bytes });
  s.snapshotBytes = job.bytes;
  s.snapshotting = null;
  keepOnly(s, s.stable.slot);
}
