/**
 * The node's clock: wall time that never steps backwards. When the wall clock is set back, this one runs at half
 * speed until the wall catches up, so that it neither jumps nor stands still; timers run on the monotonic clock.
 */

import type { Millis } from '@concordat/kernel';

export interface Clock {
  /** Milliseconds since 1970, never less than before. */
  now(): Millis;
}

export interface TimeSources {
  readonly wall: () => Millis;
  readonly monotonic: () => Millis;
}

const SYSTEM: TimeSources = { wall: () => Date.now(), monotonic: () => performance.now() };

export function createClock(sources: TimeSources = SYSTEM): Clock {
  let last = sources.wall();
  let lastMonotonic = sources.monotonic();
  return {
    now: () => {
      const wall = sources.wall();
      const monotonic = sources.monotonic();
      last = wall >= last ? wall : last + Math.max(0, (monotonic - lastMonotonic) / 2);
      lastMonotonic = monotonic;
      return last;
    },
  };
}
