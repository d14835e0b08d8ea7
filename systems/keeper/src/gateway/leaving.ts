/**
 * A server that is about to stop hands its clients over: what they have asked for is answered, and each is let go at a moment
 * when it waits for nothing, so that it finds another server and never learns that anything was lost.
 *
 * A client that asks anew with each answer would always have something on its way. So from now on answers are kept back, until
 * it has asked for nothing for a while because it waits for them; then it gets all of them at once, and the end with them.
 */

import type { Env, Millis } from '@concordat/kernel';
import { closeConnection } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState } from './state.ts';

export const LEAVE = 'gateway/leave';
const LOOK_MS: Millis = 10;
/** Longer than requests are on their way that were sent before the client began to wait. */
const QUIET_MS: Millis = 100;

/** Takes no new clients, and lets those who are there go. `connections` is empty when all are gone. */
export function leave(state: GatewayState, env: Env<GatewayMessage>): void {
  if (state.leavingSince !== null) return;
  state.leavingSince = env.now;
  env.note({ kind: 'keeper-leaving', connections: state.connections.size });
  // Who is being attached comes back as if the answer had been lost: both of its passwords hold.
  for (const connection of [...state.connections.values()])
    if (connection.phase !== 'live' || connection.isReadOnly) closeConnection(state, env, connection);
  env.setTimer(LEAVE, LOOK_MS);
}

/** Lets those go who wait for nothing but the answers that are kept back. */
export function letGo(state: GatewayState, env: Env<GatewayMessage>): void {
  for (const connection of [...state.connections.values()])
    if (isQuiet(state, connection, env.now)) closeConnection(state, env, connection);
  if (state.connections.size > 0) env.setTimer(LEAVE, LOOK_MS);
}

const isQuiet = (
  { leavingSince }: GatewayState,
  { outstanding, receivedAt }: Connection,
  now: Millis,
): boolean => outstanding === 0 && now - Math.max(leavingSince ?? now, receivedAt) >= QUIET_MS;
