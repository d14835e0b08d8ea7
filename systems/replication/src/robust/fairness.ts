/**
 * No request may be overtaken (Aardvark, NSDI 2009, section 4.3): one that waits is shown to the primary, and from then on the
 * primary must not order two requests of any other client that came later. One request is watched at a time, the oldest;
 * requests that were not admitted are not pending, so shedding load does not look like unfairness.
 *
 * Deviation: what is later is decided by a margin, not by a sequence number: clients here have many requests under way, and
 * what reaches a backup within a margin of each other may reach the primary in another order.
 */

import type { Millis } from '@concordat/kernel';
import type { Pooled } from '../pool.ts';
import { clientKey } from '../request.ts';

export interface Fairness {
  watched: Pooled | null;
  /** Since when the primary has it, or null. */
  shownAt: Millis | null;
  /** Later requests that went before it, by client. */
  overtakers: Map<string, number>;
}

/** So many later requests of one client are one too many. */
const OVERTAKING = 2;

export const createFairness = (): Fairness => ({ watched: null, shownAt: null, overtakers: new Map() });

/** Watches `pooled`, or nothing. */
export function watch(f: Fairness, pooled: Pooled | null): void {
  f.watched = pooled;
  f.shownAt = null;
  f.overtakers.clear();
}

/** Notes that `pooled` was ordered. Requests that came within `marginMs` after the watched one was shown are not later. */
export function noteOrdered(f: Fairness, pooled: Pooled, marginMs: Millis): void {
  if (f.watched === null || f.shownAt === null) return;
  if (pooled === f.watched) {
    watch(f, null);
    return;
  }
  if (pooled.arrivedAt <= f.shownAt + marginMs) return;
  const client = clientKey(pooled.request);
  if (client === clientKey(f.watched.request)) return;
  f.overtakers.set(client, (f.overtakers.get(client) ?? 0) + 1);
}

/** True if the watched request was overtaken. */
export function isOvertaken(f: Fairness): boolean {
  for (const count of f.overtakers.values()) if (count >= OVERTAKING) return true;
  return false;
}
