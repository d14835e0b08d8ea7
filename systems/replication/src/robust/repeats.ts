/**
 * How often one connection is told the same reply: at once when it asks again for the first time, then later and later, so
 * that asking costs whoever asks more than whoever answers.
 */

import type { Millis } from '@concordat/kernel';
import { clientKey, type RequestRef } from '../request.ts';

interface Repeat {
  /** The reply is not sent again before. */
  notBefore: Millis;
  pauseMs: Millis;
}

/** Of one connection, by request, the one asked for first leading. */
export type Repeats = Map<string, Repeat>;

/** Requests of one connection whose repetitions are known. */
const MAX_REPEATS = 256;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 6400;

/** True if the reply to this request may be sent over this connection once more. */
export function mayRepeat(repeats: Repeats, request: Omit<RequestRef, 'digest'>, now: Millis): boolean {
  const key = `${clientKey(request)}/${request.seq}`;
  const last = repeats.get(key);
  if (last !== undefined && now < last.notBefore) return false;
  const pauseMs = last === undefined ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, 2 * last.pauseMs);
  repeats.set(key, { notBefore: now + pauseMs, pauseMs });
  if (repeats.size > MAX_REPEATS) {
    const [oldest] = repeats.keys();
    if (oldest !== undefined) repeats.delete(oldest);
  }
  return true;
}
