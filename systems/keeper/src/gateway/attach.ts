/**
 * Handshakes: a new session is opened, a known one moved here, both through the ordered log (DESIGN section 9, rules 4
 * and 8). A client whose zxid lies ahead of this gateway waits for it, for at most its timeout.
 */

import type { Env } from '@concordat/kernel';
import { createReader } from '@concordat/wire';
import type { ConnectRequest } from '../jute/handshake.ts';
import { readConnectRequest } from '../jute/handshake.ts';
import { ErrorCode, PASSWORD_BYTES } from '../jute/protocol.ts';
import { createJuteReader, type Long } from '../jute/reader.ts';
import { writeConnectResponse } from '../jute/responses.ts';
import type { Order, Result } from '../orders.ts';
import { seedOf } from '../sessions/password.ts';
import { longOfSession, type SessionId, sessionOfLong } from '../sessions/session-id.ts';
import { moveStatement } from '../sessions/sessions.ts';
import { answers, closeConnection, sendFrame } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import { isReadOnlyNow, readOnlySession } from './read-only.ts';
import { type Connection, type GatewayState, originOf } from './state.ts';

const reader = createJuteReader();
const NO_SESSION: Long = { high: 0, low: 0 };
const NO_PASSWORD = new Uint8Array(PASSWORD_BYTES);

export function onHandshake(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  bytes: Uint8Array,
): void {
  reader.reset(bytes);
  const handshake = readConnectRequest(reader);
  if (handshake === null) {
    env.note({ kind: 'keeper-drop', why: 'malformed handshake' });
    return closeConnection(state, env, connection);
  }
  state.tally.handshakes++;
  state.silent.delete(connection);
  connection.handshake = handshake;
  connection.phase = 'waiting';
  const { minTimeoutMs, maxTimeoutMs } = state.config.service.keeper.config;
  connection.timeoutMs = Math.min(Math.max(handshake.timeoutMs, minTimeoutMs), maxTimeoutMs);
  connection.deadline = env.now + connection.timeoutMs;
  state.waiting.add(connection);
}

/**
 * Orders what waiting handshakes ask for, once the claim is held and their zxid is exposed here: a few at a time, so that a
 * storm of returning clients goes as fast as the replicas bear it and those who are there do not wait for it. Sessions that
 * exist come first, in order of arrival: they may expire, new ones cannot.
 */
export function attachWaiting(state: GatewayState, env: Env<GatewayMessage>): void {
  if (state.waiting.size === 0) return;
  if (isReadOnlyNow(state, env.now)) attachReadOnly(state, env);
  if (state.claim !== 'held') return;
  for (const isNew of [false, true]) {
    for (const connection of state.waiting) {
      if (state.attaching >= state.config.limits.maxAttaching) return;
      const { handshake } = connection;
      if (handshake === null || isNewSession(handshake) !== isNew || isAheadOf(state, connection)) continue;
      state.waiting.delete(connection);
      attach(state, env, connection, handshake);
    }
  }
}

const isNewSession = ({ session }: ConnectRequest): boolean => session.high === 0 && session.low === 0;

/** Whether its client has seen what is not exposed here, as far as we can judge. */
export function isAheadOf(state: GatewayState, { handshake }: Connection): boolean {
  if (handshake === null || state.claim !== 'held') return false;
  return isAhead(handshake, state);
}

/** Zxids are signed in the protocol; a negative one is behind everything. */
const isAhead = ({ lastZxidSeen: seen }: ConnectRequest, { config }: GatewayState): boolean =>
  seen.high >= 0 && seen.high * 0x1_0000_0000 + seen.low > config.service.keeper.meta.get().zxid;

/**
 * Serves waiting clients that would rather have old data than none; others wait for the log. A few in each turn: what a client
 * shows costs a key to check.
 */
function attachReadOnly(state: GatewayState, env: Env<GatewayMessage>): void {
  let left = state.config.limits.maxAttaching;
  for (const connection of state.waiting) {
    const { handshake } = connection;
    if (handshake?.readOnly !== true || isAhead(handshake, state)) continue;
    if (left-- === 0) return;
    state.waiting.delete(connection);
    const session = readOnlySession(state, handshake);
    // It may be one that we have not heard of yet: another endpoint will know.
    if (session === null) {
      closeConnection(state, env, connection);
      continue;
    }
    connection.isReadOnly = true;
    // Nothing is moved: what a client shows is good for its next endpoint, too.
    connection.password = isNewSession(handshake) ? env.secret(PASSWORD_BYTES) : handshake.password;
    goLive(state, env, connection, session, connection.timeoutMs);
    connection.touchedAt = env.now;
  }
}

function attach(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  handshake: ConnectRequest,
): void {
  const isNew = isNewSession(handshake);
  if (!isNew) state.tally.returns++;
  const session = sessionOfLong(handshake.session);
  if (!isNew && session === 0) return refuseSession(state, env, connection);
  connection.phase = 'attaching';
  connection.password = env.secret(PASSWORD_BYTES);
  const order = isNew
    ? openOrder(state, connection, handshake)
    : moveOrder(state, connection, session, handshake);
  state.attaching++;
  state.outbox.push(originOf(order, connection, env.now));
}

const timeoutOf = (handshake: ConnectRequest): number => Math.max(0, handshake.timeoutMs);

function keyOf(state: GatewayState, password: Uint8Array): Uint8Array {
  const { hash, signatures } = state.config;
  return signatures.publicKeyOf(seedOf(hash, password));
}

const openOrder = (state: GatewayState, connection: Connection, handshake: ConnectRequest): Order => ({
  kind: 'open',
  key: keyOf(state, connection.password),
  timeoutMs: timeoutOf(handshake),
});

/** Signs the session over to this gateway with the password the client shows, naming the key of the next password. */
function moveOrder(
  state: GatewayState,
  connection: Connection,
  session: SessionId,
  handshake: ConnectRequest,
): Order {
  const { hash, signatures } = state.config;
  const nextKey = keyOf(state, connection.password);
  const timeoutMs = timeoutOf(handshake);
  const statement = moveStatement(session, state.life, timeoutMs, nextKey);
  const signature = signatures.signWith(seedOf(hash, handshake.password), statement);
  return { kind: 'move', session, nextKey, timeoutMs, signature };
}

/** The result of an open or move is exposed. */
export function onAttached(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  result: Result,
): void {
  if (connection.phase !== 'attaching') return;
  if (result.err === ErrorCode.sessionExpired) return refuseSession(state, env, connection);
  const payload = createReader(result.payload);
  const session = payload.u53();
  const timeoutMs = payload.u32();
  if (result.err !== ErrorCode.ok || payload.failed) return closeConnection(state, env, connection);
  goLive(state, env, connection, session, timeoutMs);
}

function goLive(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  session: SessionId,
  timeoutMs: number,
): void {
  const former = state.bySession.get(session);
  if (former !== undefined) closeConnection(state, env, former);
  connection.phase = 'live';
  connection.session = session;
  connection.timeoutMs = timeoutMs;
  // A touch soon after the first request ends the validity of the key before a move.
  connection.touchedAt = Number.NEGATIVE_INFINITY;
  state.bySession.set(session, connection);
  state.ready.add(connection);
  respond(state, env, connection, timeoutMs, longOfSession(session), connection.password);
}

/** As ZooKeeper says that a session is gone or the password wrong: a response without a session. */
function refuseSession(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): void {
  respond(state, env, connection, 0, NO_SESSION, NO_PASSWORD);
  closeConnection(state, env, connection);
}

function respond(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  timeoutMs: number,
  session: Long,
  password: Uint8Array,
): void {
  const hasReadOnly = connection.handshake?.hasReadOnly === true;
  const readOnly = connection.isReadOnly;
  writeConnectResponse(answers, { timeoutMs, session, password, hasReadOnly, readOnly });
  sendFrame(state, env, connection, answers.finish());
}
