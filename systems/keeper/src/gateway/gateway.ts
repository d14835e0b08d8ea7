/**
 * The gateway: where unmodified ZooKeeper clients connect. It is a learner of the ordered log (DESIGN section 5): it
 * orders the writes of a turn as one request, answers reads from exposed local state, and keeps sessions alive by
 * ordered touches. It does not know who orders; the composition passes exposed items in and takes bodies out.
 */

import { type Env, type ExposedBatch, type ExposedSnapshot, isBatch, type NodeId } from '@concordat/kernel';
import { MAX_TOUCHES } from '../orders.ts';
import type { SessionId } from '../sessions/session-id.ts';
import { attachWaiting, onHandshake } from './attach.ts';
import { closeConnection, forget, isFresh, LENGTH_BYTES } from './connection.ts';
import { onBatch, onSnapshot } from './exposure.ts';
import type { GatewayMessage } from './message.ts';
import { onRequest, serveReady } from './queue.ts';
import { createConnection, createGatewayState, type GatewayConfig, type GatewayState } from './state.ts';
import { type Submit, submitOrders } from './submission.ts';
import { answerWord } from './words.ts';

export interface Gateway {
  start(env: Env<GatewayMessage>): GatewayState;
  receive(state: GatewayState, env: Env<GatewayMessage>, from: NodeId, message: GatewayMessage): void;
  linked(state: GatewayState, env: Env<GatewayMessage>, from: NodeId, isUp: boolean): void;
  /** True if the timer was one of the gateway's, all of whose names begin with `gateway/`. */
  timeout(state: GatewayState, env: Env<GatewayMessage>, timer: string): boolean;
  /** Takes what became exposed, in order; `service` must have executed all of it by the next `settle`. */
  exposed(state: GatewayState, env: Env<GatewayMessage>, item: ExposedBatch | ExposedSnapshot): void;
  /** The end of a turn: answers reads and submits this turn's writes. */
  settle(state: GatewayState, env: Env<GatewayMessage>, submit: Submit): void;
}

const TICK = 'gateway/tick';
const TICK_MS = 250;
/** How long a connection may take to say who it is. */
const HANDSHAKE_MS = 10_000;
/** Busy sessions are touched this often within their timeout. */
const TOUCHES_PER_TIMEOUT = 6;

export function createGateway(config: GatewayConfig): Gateway {
  return {
    start: (env) => {
      env.setTimer(TICK, TICK_MS);
      // Later lives have later clocks; if not, the refusal of the claim says where to begin.
      return createGatewayState(config, Math.max(1, Math.floor(env.now)), env.now);
    },
    receive,
    linked,
    timeout: (state, env, timer) => {
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
      attachWaiting(state, env);
      serveReady(state, env);
      submitOrders(state, env, submit);
    },
  };
}

/** ZooKeeper's identity for the peer: its IPv4 address, also when it arrives mapped into IPv6. */
const addressIdentity = (config: GatewayConfig, connection: NodeId) => ({
  scheme: 'ip',
  id: config.addressOf(connection).replace(/^::ffff:(?=\d+\.)/, ''),
});

function linked(state: GatewayState, env: Env<GatewayMessage>, from: NodeId, isUp: boolean): void {
  const known = state.connections.get(from);
  if (!isUp) {
    if (known === undefined) return;
    state.tally.dropped++;
    return forget(state, known);
  }
  if (known !== undefined) return;
  const connection = createConnection(
    from,
    env.now,
    env.now + HANDSHAKE_MS,
    addressIdentity(state.config, from),
  );
  state.connections.set(from, connection);
  if (state.connections.size > state.config.limits.maxConnections) {
    state.tally.refused++;
    env.note({ kind: 'keeper-drop', why: 'too many connections' });
    closeConnection(state, env, connection);
  }
}

function receive(state: GatewayState, env: Env<GatewayMessage>, from: NodeId, message: GatewayMessage): void {
  const connection = state.connections.get(from);
  if (connection === undefined) return;
  connection.received++;
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
  for (const connection of [...state.connections.values()]) {
    if (connection.phase === 'handshake' || connection.phase === 'waiting') {
      if (env.now < connection.deadline) continue;
      // A zxid that never came may have been planted by a lying gateway: worth a counter of its own (rule 8).
      if (connection.phase === 'waiting' && state.claim === 'held') env.note({ kind: 'keeper-zxid-ahead' });
      else env.note({ kind: 'keeper-drop', why: connection.phase });
      if (connection.phase === 'handshake') state.tally.silent++;
      closeConnection(state, env, connection);
    } else if (connection.phase === 'attaching') {
      // Its order may still take effect; a session that nobody got expires, and both keys of a moved one hold.
      if (!isFresh(state, env.now, connection.timeoutMs)) closeConnection(state, env, connection);
    } else if (connection.phase === 'live') {
      if (!isFresh(state, env.now, connection.timeoutMs)) closeConnection(state, env, connection);
      else if (isTouchDue(connection, env.now)) {
        connection.heard = false;
        connection.touchedAt = env.now;
        heard.push(connection.session);
      }
    }
  }
  orderTouches(state, env, heard);
}

const isTouchDue = (
  connection: { readonly heard: boolean; readonly touchedAt: number; readonly timeoutMs: number },
  now: number,
): boolean => connection.heard && now - connection.touchedAt >= connection.timeoutMs / TOUCHES_PER_TIMEOUT;

function orderTouches(state: GatewayState, env: Env<GatewayMessage>, sessions: readonly SessionId[]): void {
  for (let start = 0; start < sessions.length; start += MAX_TOUCHES) {
    const order = { kind: 'touch', sessions: sessions.slice(start, start + MAX_TOUCHES) } as const;
    state.outbox.push({ order, connection: null, xid: 0, identities: [], since: env.now });
  }
}
