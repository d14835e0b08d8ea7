/**
 * The longest time for which this thread was held: by a turn, a collection of garbage, a disk that it waited for, or another
 * process that had the processor. Whoever waits here for anything waits as long.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often it is looked; what is shorter goes unnoticed. */
const RESOLUTION_MS = 10;

export interface LoopDelay {
  /** Since it was opened. */
  readonly maxMs: number;
  close(): void;
}

export function watchLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    get maxMs() {
      // It records the time between two looks, of which the first part was meant.
      return Math.max(0, histogram.max / 1e6 - RESOLUTION_MS);
    },
    close: () => void histogram.disable(),
  };
}
