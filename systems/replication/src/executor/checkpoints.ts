/**
 * Checkpoints of a learner (UpRight, SOSP'09 section 4; facts of its release): marked at each interval while execution goes on,
 * signed by executors, and proven by equal signatures of enough holders. Whoever differs from what is proven has diverged,
 * by a fault or because the application is not deterministic, and fetches the proven state.
 */

import type { Env, NodeId, SignatureCheck } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { checkpointed, releaseCheckpointed } from '../execution/execution.ts';
import { configurationQuorums, delegateOf, memberIds } from '../governance/configuration.ts';
import { says, stableOf } from '../replica/checkpoint.ts';
import type { Certificate, Checkpoint, Message } from '../replica/messages.ts';
import type { Stable } from '../replica/state.ts';
import { checkpointCheck } from '../replica/statements.ts';
import { configurationIn } from './epochs.ts';
import { beginSnapshotIfDue } from './journal.ts';
import { exposedEnd, type LearnerState, sourceOf } from './state.ts';
import { startTransfer } from './transfer.ts';

/** Keeps what the state is after an interval's last slot. */
export function takeCheckpoint(l: LearnerState): void {
  const { history } = l.execution;
  l.own.push({ ...checkpointed(l.execution), history, state: l.execution.digest() });
}

/** Certificates that wait for their checks; those beyond come again. */
const MAX_VERIFYING = 64;

/** Somebody shows a certificate: its signatures are checked, if it could matter. */
export function checkCertificate(
  l: LearnerState,
  env: Env<Message>,
  from: NodeId,
  certificate: Certificate,
): void {
  const [first] = certificate;
  if (first === undefined || first.slot <= l.certified.slot) return;
  const source = sourceOf(l, from);
  if (source !== undefined) source.certified = Math.max(source.certified, first.slot);
  if (l.signed.some((known) => isOf(known, first))) {
    certify(l, env);
    return;
  }
  if (l.verifying.size >= MAX_VERIFYING) return;
  const checks = certificateChecks(l, certificate, first);
  if (checks === null || [...l.verifying.values()].some((waiting) => waiting.from === from)) return;
  const ticket = l.nextTicket++;
  l.verifying.set(ticket, { from, certificate });
  env.offload({ kind: 'verify', checks }, ticket);
}

/**
 * The signatures under a certificate of enough holders; null if it is none. Executors sign by the keys that they began with, and
 * in no epoch. Members sign in one, and by its keys.
 */
function certificateChecks(
  l: LearnerState,
  certificate: Certificate,
  first: Checkpoint,
): SignatureCheck[] | null {
  const { config } = l;
  const signed = config.isApart ? null : configurationIn(l, first.epoch);
  if (!config.isApart && signed === null) return null;
  const proving = signed === null ? config.proving : configurationQuorums(signed).agreement;
  const holders = signed === null ? config.holders : memberIds(signed);
  const epoch = signed?.epoch ?? 0;
  const isWhole =
    certificate.length >= proving &&
    certificate.every((item) => says(item, first) && item.epoch === epoch && holders.includes(item.sender));
  if (!isWhole) return null;
  return certificate.map((item) => {
    const key =
      signed === null || !config.governance.isGoverned ? null : delegateOf(signed, item.sender)?.key;
    return { ...checkpointCheck(config.cluster, item), ...(key != null && { key }) };
  });
}

export function onCertificateChecked(
  l: LearnerState,
  env: Env<Message>,
  ticket: number,
  holds: boolean,
): void {
  const waiting = l.verifying.get(ticket);
  if (waiting === undefined) return;
  l.verifying.delete(ticket);
  const stable = stableOf(waiting.certificate);
  if (!holds) env.note({ kind: 'strike', peer: waiting.from, why: 'false signature in a certificate' });
  else if (stable !== null && stable.slot > l.certified.slot) {
    l.signed = [...l.signed.filter(({ slot }) => slot !== stable.slot), stable].sort(
      (a, b) => a.slot - b.slot,
    );
    certify(l, env);
  }
}

const isOf = (stable: Stable, { slot, history, state }: Omit<Stable, 'certificate'>): boolean =>
  stable.slot === slot && equalBytes(stable.history, history) && equalBytes(stable.state, state);

/**
 * Goes by a certificate once so many order replicas have shown it, or a later one, that one of them neither lies nor fails: it
 * has it on disk, and shows it to everyone. Going by what a liar shows to one alone, executors would drop what the others can
 * only reach by it.
 */
function certify(l: LearnerState, env: Env<Message>): void {
  const shown = l.sources.map(({ certified }) => certified).sort((a, b) => b - a);
  const end = shown[l.config.quorums.sound - 1] ?? 0;
  const stable = l.signed.findLast(({ slot }) => slot <= end);
  if (stable === undefined) return;
  l.signed = l.signed.filter(({ slot }) => slot > stable.slot);
  l.certified = stable;
  env.note({ kind: 'stable', slot: stable.slot });
  if (exposedEnd(l) >= stable.slot) compareCertified(l, env);
}

/** Compares the own state with the proven one, and gets there by transfer if it is another. */
export function compareCertified(l: LearnerState, env: Env<Message>): void {
  const own = l.own.find(({ slot }) => slot === l.certified.slot);
  if (own === undefined) return;
  if (equalBytes(own.state, l.certified.state) && equalBytes(own.history, l.certified.history)) {
    keepOnly(l, own.slot);
    beginSnapshotIfDue(l, env, own);
  } else {
    env.note({ kind: 'diverged', slot: own.slot });
    startTransfer(l, env);
  }
}

/** Forgets the own checkpoints before `slot`, except one that a snapshot or a peer still reads. */
export function keepOnly(l: LearnerState, slot: number): void {
  const needed = Math.min(slot, l.journal.snapshot?.slot ?? slot, l.serving?.slot ?? slot);
  for (let oldest = l.own[0]; oldest !== undefined && oldest.slot < needed; oldest = l.own[0]) {
    l.own.shift();
    releaseCheckpointed(l.execution, oldest);
  }
}
