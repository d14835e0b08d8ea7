/**
 * When it is. Rounds begin every `roundMs` of the stream's clock; a peer learns where that clock stands from signed beacons, which
 * answer questions with a number of its own, so that an old one is worth nothing. Half the way there and back is added (Cristian,
 * 1989), and the answer that took the shortest wins. Time never steps back.
 */

import type { Millis } from '@concordat/kernel';

export interface RoundClock {
  readonly roundMs: Millis;
  /** Stream time minus the own clock; null before the first beacon. */
  offset: number | null;
  /** Of the beacon that `offset` is from. */
  roundTripMs: Millis;
  adoptedAt: Millis;
  /** The question that is open. */
  nonce: number;
  askedAt: Millis;
  /** The latest stream time that was told. */
  latest: Millis;
}

/** How far clocks may be apart: a message for a round is valid this long before and after it. */
export const TOLERANCE_MS = 100;
/** A good sample is believed this long against worse ones: quartz drifts 100 ms in 1,000 s. */
const SAMPLE_LIFE_MS = 120_000;
/** A question that took longer says too little. */
const MAX_ROUND_TRIP_MS = 2 * TOLERANCE_MS;

export const createRoundClock = (roundMs: Millis): RoundClock => ({
  roundMs,
  offset: null,
  roundTripMs: 0,
  adoptedAt: 0,
  nonce: -1,
  askedAt: 0,
  latest: 0,
});

export function openQuestion(clock: RoundClock, nonce: number, now: Millis): void {
  clock.nonce = nonce;
  clock.askedAt = now;
}

/** Takes in an authentic beacon; true if it was the answer to the open question and of use. */
export function onBeacon(clock: RoundClock, nonce: number, sessionMs: Millis, now: Millis): boolean {
  if (nonce !== clock.nonce) return false;
  clock.nonce = -1;
  const roundTripMs = now - clock.askedAt;
  const isStale = clock.offset === null || now - clock.adoptedAt > SAMPLE_LIFE_MS;
  if (roundTripMs > MAX_ROUND_TRIP_MS || (!isStale && roundTripMs > clock.roundTripMs)) return false;
  clock.offset = sessionMs + roundTripMs / 2 - now;
  clock.roundTripMs = roundTripMs;
  clock.adoptedAt = now;
  return true;
}

/** Milliseconds since round 0 began; null before the first beacon. */
export function streamTime(clock: RoundClock, now: Millis): Millis | null {
  if (clock.offset === null) return null;
  clock.latest = Math.max(clock.latest, now + clock.offset);
  return clock.latest;
}

export const roundAt = (roundMs: Millis, streamMs: Millis): number => Math.floor(streamMs / roundMs);

/** True if a message for `round` may be dealt with at stream time `ms`. */
export const isTimely = (roundMs: Millis, round: number, ms: Millis): boolean =>
  ms >= round * roundMs - TOLERANCE_MS && ms <= (round + 1) * roundMs + TOLERANCE_MS;
