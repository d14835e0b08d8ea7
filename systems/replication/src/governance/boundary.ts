/**
 * Where an epoch's log ends. A command acts at the first checkpoint at or after its slot, and nothing is accepted beyond
 * that checkpoint before it is stable, so no member of the old configuration ever votes for what the new one decides.
 * Until a command is executed nobody knows whether it is approved: what follows waits for that, too, which takes no
 * longer than the slots between. The log goes on to the checkpoint with empty batches.
 */

import { equalBytes } from '@concordat/wire';
import { certifiedEnd } from '../replica/certified.ts';
import type { CommitCertificate } from '../replica/messages.ts';
import { findSlot, type ReplicaState } from '../replica/state.ts';
import { boundaryOf, pendingRecord, presentRecord } from './ordered.ts';
import { epochOf } from './views.ts';

/** The last slot that may be accepted now; Infinity where nothing is being changed. */
export function logLimit(s: ReplicaState): number {
  const { governance } = s.execution.core;
  const pending = pendingRecord(governance);
  if (pending !== null) return pending.base;
  const { base } = presentRecord(governance);
  // Executed to the end, and not stable yet.
  if (base > s.genesis.slot) return base;
  for (let slot = Math.max(s.execution.executed, s.stable.slot) + 1; slot <= s.accepted; slot++) {
    if (findSlot(s, slot)?.hasCommand !== true) continue;
    const end = boundaryOf(slot, s.config.checkpointInterval);
    if (end >= passedEnd(s)) return end;
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * How far correct members of this epoch have gone on this very log, as a certificate proves that the view begins with: they
 * had executed its commands, and found that none of them ends the epoch before. Whoever has lost what was committed, as
 * when power fails, needs to follow: the certificate must not be given up for one that covers less.
 */
function passedEnd(s: ReplicaState): number {
  let end = 0;
  for (const { certificate, stable } of s.newView?.changes ?? []) {
    if (certificate === null || epochOf(certificate.view) !== epochOf(s.view)) continue;
    if (isOwnLog(s, stable[0]?.slot ?? s.genesis.slot, certificate))
      end = Math.max(end, certifiedEnd(certificate));
  }
  return end;
}

/** True if what is accepted here is what a certificate says, from slot `base` on and as far as both go. */
function isOwnLog(s: ReplicaState, base: number, { digests }: CommitCertificate): boolean {
  const last = Math.min(s.accepted, base + digests.length);
  for (let slot = Math.max(base, s.stable.slot) + 1; slot <= last; slot++) {
    const own = findSlot(s, slot)?.content?.digest;
    const other = digests[slot - base - 1];
    if (own === undefined || other === undefined || !equalBytes(own, other)) return false;
  }
  return true;
}

/** True while the log has to reach a checkpoint for a change to act. */
export const isEpochEnding = (s: ReplicaState): boolean => logLimit(s) < Number.POSITIVE_INFINITY;

/** True if all that the epoch decides is executed here: only the checkpoint's certificate is missing. */
export const isAtBoundary = (s: ReplicaState): boolean =>
  s.execution.executed === s.committed && s.committed === logLimit(s);
