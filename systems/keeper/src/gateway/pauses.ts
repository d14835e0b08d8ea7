/**
 * Pauses of this process: a machine that was suspended, or that gave it no time. What the log did meanwhile waits to be read, so for a
 * moment the gateway cannot tell a log that has stopped from one that it has not looked at. Until it can, nobody is answered
 * from the past (rule 5), but nobody is sent away either.
 */

import type { Env, Millis } from '@concordat/kernel';
import { closeConnection, isFresh } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState } from './state.ts';

/** Longer than between two ticks of a process that is awake: there was a pause, or the clock was set. */
const PAUSE_MS: Millis = 1000;
/** From the end of a pause on. It is not prolonged by pauses within, so a log that has stopped is found out. */
const CATCH_UP_MS: Millis = 2000;

/** Called in every turn, before anything is judged by its age. */
export function noticePause(state: GatewayState, now: Millis): void {
  if (now - state.awakeAt > PAUSE_MS && now >= state.catchingUpUntil)
    state.catchingUpUntil = now + CATCH_UP_MS;
  state.awakeAt = now;
}

/** Whether what is exposed is too old to be shown to the connection. */
export const isStale = (
  state: GatewayState,
  now: Millis,
  { isReadOnly, timeoutMs }: Pick<Connection, 'isReadOnly' | 'timeoutMs'>,
): boolean => !isReadOnly && !isFresh(state, now, timeoutMs);

/** Likewise, and the log has had its time to move. */
export const isGivenUp = (
  state: GatewayState,
  now: Millis,
  connection: Pick<Connection, 'isReadOnly' | 'timeoutMs'>,
): boolean => now >= state.catchingUpUntil && isStale(state, now, connection);

export function dropStale(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): void {
  env.note({ kind: 'keeper-stale', behindMs: env.now - state.exposedTime });
  closeConnection(state, env, connection);
}
