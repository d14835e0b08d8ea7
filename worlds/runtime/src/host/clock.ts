/**
 * The node's clock: wall time that never steps backwards. When the wall clock is set back, this one runs at half
 * speed until the wall catches up, so that it neither jumps nor stands still; timers run on the monotonic clock. What it is
 * ahead takes twice as long to wear off: a host tells how much it is, for those who would rather start again.
 */

import type { Millis } from '@concordat/kernel';

export interface Clock {
  /** Milliseconds since 1970, never less than before. */
  now(): Millis;
  /** How far it is ahead of the wall clock, which was set back; 0 in peace. */
  ahead(): Millis;
}

export interface TimeSources {
  readonly wall: () => Millis;
  readonly monotonic: () => Millis;
}

const SYSTEM: TimeSources = { wall: () => Date.now(), monotonic: () => performance.now() };

export function createClock(sources: TimeSources = SYSTEM): Clock {
  let last = sources.wall();
  let lastMonotonic = sources.monotonic();
  const now = (): Millis => {
    const wall = sources.wall();
    const monotonic = sources.monotonic();
    last = wall >= last ? wall : last + Math.max(0, (monotonic - lastMonotonic) / 2);
    lastMonotonic = monotonic;
    return last;
  };
  return { now, ahead: () => Math.max(0, now() - sources.wall()) };
}
