/**
 * A clock that ran ahead and has been set right. A host's clock never goes back: it would take twice as long to come down as
 * it was ahead, hours of being a failed member for one hour. A process that starts takes up the right time at once, and a restart
 * with a whole journal is no failure - so the host halts, and its service manager starts it again.
 *
 * Only where the log says that the wall clock is right now: if most clocks were set back together, or this one was set wrong, going
 * on is better.
 */

import { CommandError } from '../errors.ts';

/** What can be asked about its clock, and stopped. */
export interface Clocked {
  ahead(): number;
  halt(error: Error): void;
}

/** Below this it is sooner over than a restart. */
const WORTH_MS = 5_000;
/** Ordered times are within a second of most members' clocks, and some are executed in every three. */
const AGREES_MS = 3_000;
const EVERY_MS = 1_000;

/** @param ordered time of the last batch that it executed */
export const isBetterRestarted = (aheadMs: number, wall: number, ordered: number): boolean =>
  aheadMs > WORTH_MS && Math.abs(wall - ordered) < AGREES_MS;

/** Looks now and then until it is closed. */
export function watchClock(host: Clocked, ordered: () => number): { close(): void } {
  const timer = setInterval(() => {
    const aheadMs = host.ahead();
    if (!isBetterRestarted(aheadMs, Date.now(), ordered())) return;
    clearInterval(timer);
    const seconds = (aheadMs / 1000).toFixed(0);
    const message = `the clock was ${seconds} s ahead and has been set right: start again, to follow it at once`;
    host.halt(new CommandError('clock-set-back', message));
  }, EVERY_MS).unref();
  return { close: () => clearInterval(timer) };
}
