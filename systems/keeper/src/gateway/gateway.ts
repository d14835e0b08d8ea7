/**
 * The gateway: where unmodified ZooKeeper clients connect. It is a learner of the ordered log (DESIGN section 5): it
 * orders the writes of a turn as one request, answers reads from exposed local state, and keeps sessions alive by
 * ordered touches. It does not know who orders; the composition passes exposed items in and takes bodies out.
 */

import {
  assert,
  type Env,
  type ExposedBatch,
  type ExposedSnapshot,
  isBatch,
  type NodeId,
} from '@concordat/kernel';
import { MAX_TOUCHES } from '../orders.ts';
import type { SessionId } from '../sessions/session-id.ts';
import { addressAt, identitiesAt } from './admission.ts';
import { attachWaiting, isAheadOf, onHandshake } from './attach.ts';
import { closeConnection, forget, LENGTH_BYTES } from './connection.ts';
import { onBatch, onSnapshot } from './exposure.ts';
import { LEAVE, leave, letGo } from './leaving.ts';
import { problemOf } from './limits.ts';
import { isClogged, measureUnread, releaseHeld, slowReaders } from './load.ts';
import type { GatewayMessage } from './message.ts';
import { dropStale, isGivenUp, noticePause } from './pauses.ts';
import { onRequest, orderLastWill, serveReady } from './queue.ts';
import { closeIfSilent, endReadOnly } from './read-only.ts';
import {
  type Connection,
  createConnection,
  createGatewayState,
  type GatewayConfig,
  type GatewayState,
  originOf,
} from './state.ts';
import { closeOverdue, type Submit, submitOrders } from './submission.ts';
import { onExecuted } from './trailing.ts';
import { answerWord } from './words.ts';

export interface Gateway {
  start(env: Env<GatewayMessage>): GatewayState;
  receive(state: GatewayState, env: Env<GatewayMessage>, from: NodeId, message: GatewayMessage): void;
  linked(state: GatewayState, env: Env<GatewayMessage>, from: NodeId, isUp: boolean): void;
  /** True if the timer was one of the gateway's, all of whose names begin with `gateway/`. */
  timeout(state: GatewayState, env: Env<GatewayMessage>, timer: string): boolean;
  /** Takes what became exposed, in order; `service` must have executed all of it by the next `settle`. */
  exposed(state: GatewayState, env: Env<GatewayMessage>, item: ExposedBatch | ExposedSnapshot): void;
  /** Hands all clients over to other servers, because this one is about to stop. */
  leave(state: GatewayState, env: Env<GatewayMessage>): void;
  /** The end of a turn: answers reads and submits this turn's writes. */
  settle(state: GatewayState, env: Env<GatewayMessage>, submit: Submit): void;
}

const TICK = 'gateway/tick';
const TICK_MS = 250;
/** Goes on with what one turn left to the next. */
const MORE = 'gateway/more';
/** How soon it is looked whether a client has taken what it was sent. */
const UNREAD_MS = 10;
/** Busy sessions are touched this often within their timeout. */
const TOUCHES_PER_TIMEOUT = 6;

export function createGateway(config: GatewayConfig): Gateway {
  assert(problemOf(config.limits) === null, 'within its limits a gateway can serve');
  return {
    start: (env) => {
      env.setTimer(TICK, TICK_MS);
      // Later lives have later clocks; if not, the refusal of the claim says where to begin.
      const state = createGatewayState(config, Math.max(1, Math.floor(env.now)), env.now);
      listenTo(state);
      return state;
    },
    receive,
    linked,
    leave,
    timeout: (state, env, timer) => {
      if (timer === MORE) {
        for (const connection of state.clogged) state.ready.add(connection);
        state.clogged.clear();
        return true;
      }
      if (timer === LEAVE) {
        letGo(state, env);
        return true;
      }
      if (timer !== TICK) return false;
      env.setTimer(TICK, TICK_MS);
      onTick(state, env);
      return true;
    },
    exposed: (state, env, item) => {
      if (isBatch(item)) onBatch(state, env, item);
      else onSnapshot(state, env, item);
    },
    settle: (state, env, submit) => {
      noticePause(state, env.now);
      measureUnread(state, env.now);
      for (const connection of slowReaders(state)) cutOff(state, env, connection);
      attachWaiting(state, env);
      serveReady(state, env);
      submitOrders(state, env, submit);
      releaseHeld(state);
      if (state.ready.size > 0) env.setTimer(MORE, 0);
      else if (state.clogged.size > 0) env.setTimer(MORE, UNREAD_MS);
    },
  };
}

/** What is executed between two writes of a client answers its reads between them. */
function listenTo(state: GatewayState): void {
  const { config, inFlight } = state;
  config.service.listen(({ domain, gateway, epoch }, seq, index) => {
    if (domain !== config.domain || gateway !== config.gateway || epoch !== state.life.epoch) return;
    const origin = inFlight.get(seq)?.[index];
    if (origin !== undefined) onExecuted(state, origin);
  });
}

/** Closes a connection that does not take what it is sent. */
function cutOff(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): void {
  state.tally.slowReaders++;
  env.note({ kind: 'keeper-drop', why: 'a client that does not read' });
  closeConnection(state, env, connection);
}

function linked(state: GatewayState, env: Env<GatewayMessage>, from: NodeId, isUp: boolean): void {
  const known = state.connections.get(from);
  if (!isUp) {
    if (known === undefined) return;
    state.tally.dropped++;
    orderLastWill(state, known);
    return forget(state, known);
  }
  if (known !== undefined) return;
  if (state.leavingSince !== null) return env.close(from);
  const address = addressAt(state.config, from);
  const refusal = state.config.door === undefined ? state.door.enter(address) : null;
  if (refusal !== null) {
    env.note({ kind: 'keeper-drop', why: refusal });
    return env.close(from);
  }
  const { maxHandshakes, handshakeMs } = state.config.limits;
  const connection = createConnection(
    from,
    env.now,
    env.now + handshakeMs,
    address,
    identitiesAt(state.config, from),
  );
  state.connections.set(from, connection);
  state.silent.add(connection);
  if (state.silent.size <= maxHandshakes) return;
  // The oldest, not the newest: an honest client says who it is at once, so silence cannot shut the door to it.
  const [oldest = connection] = state.silent;
  state.tally.refused++;
  env.note({ kind: 'keeper-drop', why: 'too many silent connections' });
  closeConnection(state, env, oldest);
}

function receive(state: GatewayState, env: Env<GatewayMessage>, from: NodeId, message: GatewayMessage): void {
  const connection = state.connections.get(from);
  if (connection === undefined) return;
  connection.received++;
  connection.receivedAt = env.now;
  state.statistics.received++;
  switch (message.type) {
    case 'client-frame':
      state.tally.bytesReceived += LENGTH_BYTES + message.bytes.length;
      if (connection.phase === 'handshake') onHandshake(state, env, connection, message.bytes);
      else onRequest(state, env, connection, message.bytes);
      return;
    case 'client-word':
      env.sendEarly(from, { type: 'client-raw', bytes: answerWord(state, env, connection, message.word) });
      return closeConnection(state, env, connection);
    case 'client-raw':
      return closeConnection(state, env, connection);
  }
}

function onTick(state: GatewayState, env: Env<GatewayMessage>): void {
  const heard: SessionId[] = [];
  noticePause(state, env.now);
  closeOverdue(state, env);
  endReadOnly(state, env);
  for (const connection of [...state.connections.values()]) {
    if (connection.phase === 'handshake' || connection.phase === 'waiting') {
      if (env.now >= connection.deadline) giveUp(state, env, connection);
    } else if (connection.phase === 'attaching') {
      // Its order may still take effect; a session that nobody got expires, and both keys of a moved one hold.
      if (isGivenUp(state, env.now, connection)) dropStale(state, env, connection);
    } else if (connection.phase === 'live') {
      const isClosed = closeIfGone(state, env, connection);
      if (isClosed) continue;
      if (connection.isReadOnly) closeIfSilent(state, env, connection);
      else if (isTouchDue(connection, env.now)) {
        connection.heard = false;
        connection.touchedAt = env.now;
        heard.push(connection.session);
      }
    }
  }
  orderTouches(state, env, heard);
}

/** A handshake took too long. */
function giveUp(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): void {
  // A zxid that never came may have been planted by a lying gateway: worth a counter of its own (rule 8).
  if (isAheadOf(state, connection)) env.note({ kind: 'keeper-zxid-ahead' });
  else env.note({ kind: 'keeper-drop', why: connection.phase });
  if (connection.phase === 'handshake') state.tally.silent++;
  closeConnection(state, env, connection);
}

/**
 * True if the connection is closed, because we have nothing to show or the client does not look. While we do not read it, a
 * client counts as heard, because its pings wait behind its requests; if it should first take what it was sent, as long as
 * it takes some.
 */
function closeIfGone(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): boolean {
  const { timeoutMs, takenAt } = connection;
  if (isGivenUp(state, env.now, connection)) dropStale(state, env, connection);
  else if (!isClogged(state, connection)) connection.heard ||= connection.isHeld;
  else if (env.now - takenAt >= timeoutMs) cutOff(state, env, connection);
  else connection.heard ||= takenAt > connection.touchedAt;
  return connection.phase === 'closed';
}

const isTouchDue = (
  connection: { readonly heard: boolean; readonly touchedAt: number; readonly timeoutMs: number },
  now: number,
): boolean => connection.heard && now - connection.touchedAt >= connection.timeoutMs / TOUCHES_PER_TIMEOUT;

function orderTouches(state: GatewayState, env: Env<GatewayMessage>, sessions: readonly SessionId[]): void {
  for (let start = 0; start < sessions.length; start += MAX_TOUCHES) {
    const order = { kind: 'touch', sessions: sessions.slice(start, start + MAX_TOUCHES) } as const;
    // Before all requests, however many wait: no overload may make sessions expire.
    state.outbox.unshift(originOf(order, null, env.now));
  }
}
