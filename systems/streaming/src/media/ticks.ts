/** Time in transport streams: ticks of 90 kHz, in fields of 33 bits that wrap after 26.5 hours. */

export const TICKS_PER_SECOND = 90_000;

const WRAP = 2 ** 33;

/** The shortest way from one 33-bit time to another, in [-2^32, 2^32). */
export function ticksBetween(from: number, to: number): number {
  const forward = (((to - from) % WRAP) + WRAP) % WRAP;
  return forward < WRAP / 2 ? forward : forward - WRAP;
}

export const ticksOfMs = (ms: number): number => Math.round((ms * TICKS_PER_SECOND) / 1000);

/** Rounded to whole milliseconds. */
export const msOfTicks = (ticks: number): number => Math.round((ticks * 1000) / TICKS_PER_SECOND);
