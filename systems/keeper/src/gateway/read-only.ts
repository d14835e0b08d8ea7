/**
 * Read-only mode, ZooKeeper's `readonlymode.enabled`: while the log stands still, clients that say in their handshake that they
 * would rather have old data than none are served from the last exposed state (DESIGN section 9, rule 5: they may stay). All
 * others are not. What they read was agreed upon once; nothing says that it is the present. Nothing of it is ordered.
 */

import type { Env } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { ConnectRequest } from '../jute/handshake.ts';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import { seedOf } from '../sessions/password.ts';
import { type SessionId, sessionIdOf, sessionOfLong } from '../sessions/session-id.ts';
import { closeConnection, countAnswered, isServing, sendHeader } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState, QueuedRequest } from './state.ts';

/** Ordered sessions are counted from 1 and never come so far: a session of this mode is no other's. */
const FIRST_LOCAL = 2 ** 43;

/**
 * Whether this is the mode now. Only what was exposed in this life is shown: what a journal brought back may be more than
 * was ever agreed upon.
 */
export const isReadOnlyNow = (state: GatewayState, now: number): boolean =>
  state.config.readOnlyMode === true && !isServing(state, now) && Number.isFinite(state.exposedTime);

/** How the server calls itself. */
export const modeOf = (state: GatewayState, now: number): string =>
  isReadOnlyNow(state, now) ? 'read-only' : state.config.info().mode;

/**
 * The session under which a client reads: a new one of our own, or the one that it shows, if its password is right as far as we
 * know. Null if it is not: the session may be younger than our state, or have a newer key, so nobody may be told that it is over.
 */
export function readOnlySession(state: GatewayState, handshake: ConnectRequest): SessionId | null {
  const { hash, signatures, service, domain } = state.config;
  if (handshake.session.high === 0 && handshake.session.low === 0)
    return sessionIdOf(domain, FIRST_LOCAL + state.localSessions++);
  const id = sessionOfLong(handshake.session);
  const session = service.keeper.sessions.table.get(id);
  if (session === undefined) return null;
  const key = signatures.publicKeyOf(seedOf(hash, handshake.password));
  return [session.key, ...session.formerKeys].some((known) => equalBytes(known, key)) ? id : null;
}

/** Sends everybody away who was served so, for the present is to be had again. */
export function endReadOnly(state: GatewayState, env: Env<GatewayMessage>): void {
  if (state.config.readOnlyMode !== true || !isServing(state, env.now)) return;
  for (const connection of [...state.connections.values()])
    if (connection.isReadOnly) closeConnection(state, env, connection);
}

/** Closes a connection whose client has said nothing for its whole timeout: no lease of it ends here. */
export function closeIfSilent(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): void {
  if (connection.heard) {
    connection.heard = false;
    connection.touchedAt = env.now;
  } else if (env.now - connection.touchedAt >= connection.timeoutMs) closeConnection(state, env, connection);
}

/** What would have to be ordered is refused; the end of a session is its connection's, and nobody else's. */
export function refuseWrite(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  const { zxid } = state.config.service.keeper.meta.get();
  const isEnd = request.op === OpCode.closeSession;
  const err = isEnd ? ErrorCode.ok : ErrorCode.notReadOnly;
  sendHeader(state, env, connection, request.xid, zxid, err);
  countAnswered(state, connection, request, zxid, env.now, state.tally.updates);
  if (isEnd) closeConnection(state, env, connection);
}
