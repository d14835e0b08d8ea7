/**
 * An idle primary proposes empty batches, so a silent one can be told from one without work (Aardvark, NSDI 2009, section
 * 4.3: a number of PRE-PREPAREs is expected in a window of time). Only time in which the primary was free to propose counts.
 * The window doubles with each view change that it caused, and shrinks again once it passes.
 */

import type { Millis } from '@concordat/kernel';

export interface Heartbeat {
  /** Time that counts in this window, and proposals seen in it. */
  freeMs: Millis;
  proposals: number;
  lookedAt: Millis;
  doublings: number;
}

/** A window is so many times an idle primary's pause, ... */
const WINDOW_BEATS = 8;
/** ... in which at least so many proposals come: a primary may be late by half. */
const EXPECTED_BEATS = 4;
const MAX_DOUBLINGS = 5;

export const createHeartbeat = (now: Millis): Heartbeat => ({
  freeMs: 0,
  proposals: 0,
  lookedAt: now,
  doublings: 0,
});

/** Begins a new window. */
export function restartHeartbeat(h: Heartbeat, now: Millis): void {
  h.freeMs = 0;
  h.proposals = 0;
  h.lookedAt = now;
}

/** True if the window is over and too few proposals came. `isFree` tells if the primary could have proposed. */
export function missesBeats(h: Heartbeat, beatMs: Millis, isFree: boolean, now: Millis): boolean {
  // A pause of this replica is at most a pause of one beat of the primary.
  if (isFree) h.freeMs += Math.min(now - h.lookedAt, beatMs);
  h.lookedAt = now;
  if (h.freeMs < WINDOW_BEATS * beatMs * 2 ** h.doublings) return false;
  const isMissed = h.proposals < EXPECTED_BEATS;
  h.doublings = isMissed ? Math.min(MAX_DOUBLINGS, h.doublings + 1) : 0;
  restartHeartbeat(h, now);
  return isMissed;
}
