/**
 * Where an epoch's log ends. A command acts at the first checkpoint at or after its slot, and nothing is accepted beyond
 * that checkpoint before it is stable, so no member of the old configuration ever votes for what the new one decides.
 * Until a command is executed nobody knows whether it is approved: what follows waits for that, too, which takes no
 * longer than the slots between. The log goes on to the checkpoint with empty batches.
 */

import { findSlot, type ReplicaState } from '../replica/state.ts';
import { boundaryOf, pendingRecord, presentRecord } from './ordered.ts';

/** The last slot that may be accepted now; Infinity where nothing is being changed. */
export function logLimit(s: ReplicaState): number {
  const { governance } = s.execution.core;
  const pending = pendingRecord(governance);
  if (pending !== null) return pending.base;
  const { base } = presentRecord(governance);
  // Executed to the end, and not stable yet.
  if (base > s.genesis.slot) return base;
  for (let slot = Math.max(s.execution.executed, s.stable.slot) + 1; slot <= s.accepted; slot++)
    if (findSlot(s, slot)?.hasCommand === true) return boundaryOf(slot, s.config.checkpointInterval);
  return Number.POSITIVE_INFINITY;
}

/** True while the log has to reach a checkpoint for a change to act. */
export const isEpochEnding = (s: ReplicaState): boolean => logLimit(s) < Number.POSITIVE_INFINITY;

/** True if all that the epoch decides is executed here: only the checkpoint's certificate is missing. */
export const isAtBoundary = (s: ReplicaState): boolean =>
  s.execution.executed === s.committed && s.committed === logLimit(s);
