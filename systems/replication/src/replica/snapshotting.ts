/**
 * Snapshots of the state in the journal, a few parts per turn while execution goes on. Once one is complete, what the
 * journal held only for earlier slots is released. There is one journal and no second file format: a snapshot is
 * records like any other, so whatever survives a crash is one sequence.
 */

import { type Env, type Millis, PART_BYTES, type Position } from '@concordat/kernel';
import { rootsOf } from '../execution/execution.ts';
import { firstKeptPosition } from '../executor/retention.ts';
import { keepOnly, type OwnCheckpoint } from './checkpoint.ts';
import { append } from './journal.ts';
import type { Certificate, Message } from './messages.ts';
import { findSlot, type ReplicaState } from './state.ts';

export interface Snapshotting {
  readonly slot: number;
  readonly source: OwnCheckpoint;
  /** Where the snapshot begins in the journal. */
  readonly position: Position;
  /** The next part, of the core's and then of the service's. */
  next: number;
  /** No part is written before. */
  restsUntil: Millis;
  bytes: number;
}

/** A journal is worth compacting when it has this much and four times the state: a quarter more is written for it. */
const MIN_JOURNAL_BYTES = 16 * 1024 * 1024;

/** Bytes of parts per turn: a turn stays short. */
const TURN_BYTES = 4 * PART_BYTES;

/**
 * And per millisecond: the disk is there for what others wait for. A snapshot as fast as the turns went kept a member from
 * syncing anything else for seconds, long enough to fall behind the others' window.
 */
const BYTES_PER_MS = 16 * 1024;

/** Begins a snapshot of a checkpoint that just became stable, if one is due. */
export function startSnapshot(s: ReplicaState, env: Env<Message>, own: OwnCheckpoint): void {
  const isDue = s.journalBytes >= Math.max(MIN_JOURNAL_BYTES, 4 * s.snapshotBytes);
  if (s.snapshotting === null && isDue) beginSnapshot(s, env, own);
}

export function beginSnapshot(s: ReplicaState, env: Env<Message>, own: OwnCheckpoint): void {
  s.journalBytes = 0;
  const position = append(s, env, {
    type: 'snapshot',
    certificate: s.stable.certificate,
    roots: rootsOf(own),
    parts: { core: digestsOf(own.core), service: digestsOf(own.service) },
  });
  restate(s, env, s.stable.certificate);
  s.snapshotting = { slot: own.slot, source: own, position, next: 0, restsUntil: env.now, bytes: 0 };
}

const digestsOf = (snapshot: OwnCheckpoint['core']): Uint8Array[] =>
  Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));

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
  if (job === null || env.now < job.restsUntil) return;
  const { core, service } = job.source;
  const end = core.parts + service.parts;
  let written = 0;
  for (; written < TURN_BYTES && job.next < end; job.next++) {
    const bytes = job.next < core.parts ? core.read(job.next) : service.read(job.next - core.parts);
    append(s, env, { type: 'part', part: job.next, bytes });
    written += bytes.length;
  }
  job.bytes += written;
  job.restsUntil = env.now + written / BYTES_PER_MS;
  if (job.next === end) endSnapshot(s, env, job);
}

function endSnapshot(s: ReplicaState, env: Env<Message>, job: Snapshotting): void {
  append(s, env, { type: 'snapshot-end' });
  let needed = Math.min(job.position, firstKeptPosition(s));
  for (let number = job.slot + 1; number <= s.stable.slot + s.config.window; number++) {
    needed = Math.min(needed, findSlot(s, number)?.position ?? needed);
  }
  env.release(needed);
  env.note({ kind: 'snapshot', slot: job.slot, bytes: job.bytes });
  s.snapshotBytes = job.bytes;
  s.snapshotting = null;
  keepOnly(s, s.stable.slot);
}
