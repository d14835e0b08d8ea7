/**
 * A node's clock: true time with an offset, a drift and jumps. What a process reads never steps backwards within a
 * run (a host guards that); its timers run on the drifting but never jumping counter, as monotonic timers do.
 */

import type { Millis } from '@concordat/kernel';

export interface ClockOptions {
  /** What the clock shows at true time 0. Default 0. */
  readonly offsetMs?: Millis;
  /** Milliseconds gained per true millisecond: 0.0001 gains 100 ppm. Above -1. Default 0. */
  readonly drift?: number;
}

export interface Clock {
  offsetMs: Millis;
  drift: number;
  /** The latest reading of this run. */
  lastRead: Millis;
}

export const createClock = (options: ClockOptions = {}): Clock => ({
  offsetMs: options.offsetMs ?? 0,
  drift: options.drift ?? 0,
  lastRead: Number.NEGATIVE_INFINITY,
});

/** Reads the clock at true time `now`; a jump backwards shows as a clock that stands still. */
export function readClock(clock: Clock, now: Millis): Millis {
  const shown = clock.offsetMs + now * (1 + clock.drift);
  if (shown > clock.lastRead) clock.lastRead = shown;
  return clock.lastRead;
}

/** True time that passes while this clock's counter advances by `span`. */
export const trueSpan = (clock: Clock, span: Millis): Millis => span / (1 + clock.drift);

/** Steps the clock by `byMs`, as an administrator or a time daemon does. */
export function jumpClock(clock: Clock, byMs: Millis): void {
  clock.offsetMs += byMs;
}

/** Changes the drift at true time `now` without a step. */
export function setDrift(clock: Clock, drift: number, now: Millis): void {
  clock.offsetMs += now * (clock.drift - drift);
  clock.drift = drift;
}
