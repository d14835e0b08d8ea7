/**
 * Regular view changes (Aardvark, NSDI 2009, section 4.3): reasons to leave a view though it makes progress. The rules are
 * in `throughput.ts`, `heartbeat.ts` and `fairness.ts`; here they meet the replica.
 */

import type { Env, Millis } from '@concordat/kernel';
import { primaryOf } from '../config.ts';
import { isDeliverable } from '../executor/retention.ts';
import { isAtBoundary, logLimit } from '../governance/boundary.ts';
import { isDue, type Pooled, pooledAt } from '../pool.ts';
import { selectionEnd } from '../replica/acceptance.ts';
import type { Message } from '../replica/messages.ts';
import { check, show } from '../replica/requests.ts';
import { isInWindow, isPrimary, isVoting, type ReplicaState } from '../replica/state.ts';
import type { RequestRef } from '../request.ts';
import { isOvertaken, noteOrdered, watch } from './fairness.ts';
import { missesBeats, restartHeartbeat } from './heartbeat.ts';
import { beginView, fallsShort } from './throughput.ts';

/** What needs no patience: a primary that is slower than others were. Called on every tick of a replica that votes. */
export function isSlower(s: ReplicaState, now: Millis): string | null {
  const { policies, heartbeatMs, checkpointInterval } = s.config;
  const { throughput, heartbeat } = s.robust;
  // The log may not go on before a checkpoint is stable: nobody's fault.
  if (isAtBoundary(s)) return null;
  const checkpoint = Math.floor(s.execution.executed / checkpointInterval);
  if (policies.regularViews && s.transfer === null && fallsShort(throughput, checkpoint, now))
    return 'others ordered more';
  if (policies.heartbeat && missesBeats(heartbeat, heartbeatMs, isFreeToPropose(s), now))
    return 'it is heard too seldom';
  return null;
}

/** True if nothing but itself keeps another member from proposing. */
const isFreeToPropose = (s: ReplicaState): boolean =>
  !isPrimary(s) &&
  isVoting(s) &&
  s.transfer === null &&
  s.peers[primaryOf(s.config.members, s.view)]?.isUp === true &&
  isInWindow(s, s.accepted + 1) &&
  isDeliverable(s, s.accepted + 1) &&
  s.accepted < logLimit(s) &&
  s.accepted >= selectionEnd(s) &&
  s.accepted - s.committed < s.config.pipeline;

/** How long a request waits before it is watched, and how much later others must have come: longer where views failed. */
const marginMs = (s: ReplicaState): Millis => (s.config.viewTimeoutMs / 10) * 2 ** Math.min(s.failedViews, 5);

/** True if the primary prefers others to a request that it knows. Called on every tick of a replica that votes. */
export function isUnfair(s: ReplicaState, env: Env<Message>): boolean {
  if (!s.config.policies.fairness || isPrimary(s) || s.transfer !== null) return false;
  const { fairness } = s.robust;
  const { watched } = fairness;
  // What it was shown over a link that is gone it may never have seen.
  if (s.peers[primaryOf(s.config.members, s.view)]?.isUp !== true) watch(fairness, null);
  else if (watched === null || !s.pool.arrivals.has(watched) || !isDue(s.pool, watched))
    watch(fairness, longestWaiting(s, env.now));
  else if (!watched.isVerified) {
    if (!watched.isBusy) check(s, env, watched);
  } else if (fairness.shownAt === null) {
    fairness.shownAt = env.now;
    show(s, env, watched);
  }
  return isOvertaken(fairness);
}

/** True unless too few vouch for it, and nothing that this replica could do would show more. */
const mayConvince = (s: ReplicaState, { isVerified, request }: Pooled): boolean =>
  isVerified || s.admission.isSigned(request);

/** The request that has waited longest, if that is long. */
function longestWaiting(s: ReplicaState, now: Millis): Pooled | null {
  if (now - s.enteredAt < marginMs(s)) return null;
  for (const pooled of s.pool.arrivals) {
    // Arrivals are in order: no later one has waited longer.
    if (now - pooled.arrivedAt < marginMs(s)) return null;
    if (isDue(s.pool, pooled) && mayConvince(s, pooled)) return pooled;
  }
  return null;
}

/** Notes what the current view's log holds. */
export function noteBatch(s: ReplicaState, refs: readonly RequestRef[]): void {
  const { fairness } = s.robust;
  if (fairness.shownAt === null) return;
  for (const ref of refs) {
    const pooled = pooledAt(s.pool, ref);
    if (pooled !== null) noteOrdered(fairness, pooled, marginMs(s));
  }
}

/** A new primary is judged by what it does. */
export function noteNewView(s: ReplicaState, now: Millis): void {
  const { throughput, heartbeat, fairness } = s.robust;
  beginView(throughput, s.view, now);
  restartHeartbeat(heartbeat, now);
  watch(fairness, null);
}
