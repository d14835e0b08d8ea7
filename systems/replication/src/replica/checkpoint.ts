/**
 * Checkpoints (PBFT, TOCS 2002 section 4.3): every interval a replica signs what its state was. An agreement quorum of
 * equal statements makes the checkpoint stable: it is final, others can be brought there, and the log below it can go.
 * A replica whose own state differs has diverged and fetches the agreed one.
 */

import { assert, type Digest, type Env } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { memberIdsEnd } from '../config.ts';
import { type Checkpointed, checkpointed, releaseCheckpointed } from '../execution/execution.ts';
import { dropKept } from '../executor/retention.ts';
import { trimCertificate } from '../order/speculative/certificate.ts';
import { isCurrent } from './incarnation.ts';
import { append } from './journal.ts';
import type { Certificate, Checkpoint, Message } from './messages.ts';
import { startSnapshot } from './snapshotting.ts';
import { retractFrom } from './speculation.ts';
import { findSlot, isMember, others, type ReplicaState, type Stable } from './state.ts';
import { startTransfer } from './state-transfer.ts';
import { signCheckpoint } from './statements.ts';

/** A checkpoint of the own execution, kept until a later one is stable. */
export interface OwnCheckpoint extends Checkpointed {
  readonly history: Digest;
  readonly state: Digest;
}

/** Keeps what the state is after an interval's last slot. */
export function takeCheckpoint(s: ReplicaState): void {
  const { history } = s.execution;
  s.own.push({ ...checkpointed(s.execution), history, state: s.execution.digest() });
}

/** Tells everyone what the state was after a slot that is committed: what n - u say is final. */
export function announceCheckpoint(s: ReplicaState, env: Env<Message>, slot: number): void {
  // Others are past it, and so is what is kept here.
  if (slot < s.stable.slot) return;
  const own = s.own.find((checkpoint) => checkpoint.slot === slot);
  assert(own !== undefined, 'a checkpoint is kept until a later one is stable');
  if (s.isSeated && s.incarnation.mayVote) {
    const message = signCheckpoint(s.keys, s.config.cluster, {
      slot,
      history: own.history,
      state: own.state,
      sender: s.config.self,
      incarnation: s.incarnation.number,
      epoch: s.config.epoch,
    });
    for (const peer of others(s)) env.send(peer, message);
    storeCheckpoint(s, message);
  }
  if (slot === s.stable.slot) compareOwn(s, env, s.stable, true);
  else becomeStableIfAgreed(s, env, slot);
}

/** After a recovery that executed to the stable checkpoint: it can be served again. */
export function rememberStable(s: ReplicaState): void {
  const state = s.execution.digest();
  assert(equalBytes(state, s.stable.state), 'executing the journal leads to the agreed state');
  s.own = [{ ...checkpointed(s.execution), history: s.stable.history, state }];
}

/** True if a CHECKPOINT could matter; asked before its signature is checked. */
export const isCheckpointWanted = (s: ReplicaState, m: Checkpoint): boolean =>
  m.epoch === s.config.epoch &&
  m.slot > s.stable.slot &&
  m.slot % s.config.checkpointInterval === 0 &&
  m.slot <= s.stable.slot + 2 * s.config.window &&
  isMember(s, m.sender);

/** A CHECKPOINT whose signature holds. */
export function onCheckpoint(s: ReplicaState, env: Env<Message>, m: Checkpoint): void {
  if (!isCheckpointWanted(s, m) || !isCurrent(s, m.sender, m.incarnation, m.slot)) return;
  storeCheckpoint(s, m);
  becomeStableIfAgreed(s, env, m.slot);
}

function storeCheckpoint(s: ReplicaState, m: Checkpoint): void {
  let row = s.checkpoints.get(m.slot);
  if (row === undefined) {
    row = new Array<Checkpoint | null>(memberIdsEnd(s.config.members)).fill(null);
    s.checkpoints.set(m.slot, row);
  }
  row[m.sender] = m;
}

function becomeStableIfAgreed(s: ReplicaState, env: Env<Message>, slot: number): void {
  const row = s.checkpoints.get(slot);
  if (row === undefined || slot <= s.stable.slot) return;
  for (const candidate of row) {
    if (candidate === null) continue;
    const certificate = row.filter((other) => other !== null && says(other, candidate)) as Certificate;
    if (certificate.length >= s.config.quorums.agreement) return becomeStable(s, env, certificate);
  }
}

export const says = (a: Checkpoint, b: Checkpoint): boolean =>
  a.slot === b.slot && equalBytes(a.state, b.state) && equalBytes(a.history, b.history);

/** True if a certificate, whose signatures hold, proves its checkpoint stable. The empty one proves the beginning. */
export function isCertificate(s: ReplicaState, certificate: Certificate): boolean {
  const [first] = certificate;
  if (first === undefined) return true;
  return (
    certificate.length >= s.config.quorums.agreement &&
    certificate.every(
      (item) =>
        says(item, first) &&
        item.epoch === s.config.epoch &&
        isMember(s, item.sender) &&
        isCurrent(s, item.sender, item.incarnation, item.slot),
    )
  );
}

/** What a proven certificate says, or null for the beginning of the log. */
export function stableOf(certificate: Certificate): Stable | null {
  const [first] = certificate;
  return first === undefined
    ? null
    : { slot: first.slot, history: first.history, state: first.state, certificate };
}

/** Adopts a proven certificate: what it covers is final. */
export function becomeStable(s: ReplicaState, env: Env<Message>, certificate: Certificate): void {
  const stable = stableOf(certificate);
  if (stable === null || stable.slot <= s.stable.slot) return;
  append(s, env, { type: 'stable', certificate });
  env.note({ kind: 'stable', slot: stable.slot });
  const isOnOurLog = s.accepted >= stable.slot && isHistoryOf(s, stable);
  const before = s.stable;
  s.stable = stable;
  trimCertificate(s, before);
  if (isOnOurLog) s.committed = Math.max(s.committed, stable.slot);
  else restartLog(s, env, stable.slot);
  raiseMarks(s, stable.slot);
  for (const slot of s.checkpoints.keys()) if (slot <= stable.slot) s.checkpoints.delete(slot);
  dropKept(s);
  compareOwn(s, env, stable, isOnOurLog);
}

const isHistoryOf = (s: ReplicaState, { slot, history }: Stable): boolean => {
  const own = findSlot(s, slot)?.history ?? null;
  return own !== null && equalBytes(own, history);
};

/** What was accepted above a checkpoint on another log is no continuation of it. */
function restartLog(s: ReplicaState, env: Env<Message>, slot: number): void {
  retractFrom(s, env, s.committed + 1);
  for (let number = slot + 1; number <= s.accepted; number++) {
    const record = findSlot(s, number);
    if (record !== null) record.proposal = null;
  }
  s.accepted = slot;
  s.prepared = Math.min(s.prepared, slot);
}

function raiseMarks(s: ReplicaState, slot: number): void {
  s.accepted = Math.max(s.accepted, slot);
  s.prepared = Math.max(s.prepared, slot);
  s.committed = Math.max(s.committed, slot);
  s.preparedSent = Math.min(Math.max(s.preparedSent, slot), s.accepted);
  s.committedSent = Math.min(Math.max(s.committedSent, slot), s.prepared);
}

/** Checks the own execution against the agreed state, and gets there by transfer where the log does not lead. */
function compareOwn(s: ReplicaState, env: Env<Message>, stable: Stable, isOnOurLog: boolean): void {
  const own = s.own.find(({ slot }) => slot === stable.slot);
  if (own !== undefined && equalBytes(own.state, stable.state)) {
    keepOnly(s, stable.slot);
    startSnapshot(s, env, own);
    return;
  }
  if (s.execution.executed >= stable.slot) {
    env.note({ kind: 'diverged', slot: stable.slot });
    startTransfer(s, env, stable);
  } else if (!isOnOurLog) {
    startTransfer(s, env, stable);
  }
}

/** Forgets the own checkpoints before `slot`, except one that a snapshot or a peer is still being served from. */
export function keepOnly(s: ReplicaState, slot: number): void {
  const needed = Math.min(slot, s.snapshotting?.slot ?? slot, s.serving?.slot ?? slot);
  while (s.own.length > 0 && (s.own[0] as OwnCheckpoint).slot < needed) {
    const oldest = s.own.shift();
    assert(oldest !== undefined, 'there is an oldest checkpoint');
    releaseCheckpointed(s.execution, oldest);
  }
}
