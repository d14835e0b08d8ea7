/**
 * Requests of a connection in the order in which the client sent them: writes are handed to the order, reads answered
 * from the exposed state. A read waits for the writes before it, and a write for the reads before it, so that a client
 * sees its own requests take effect one after the other, whatever it pipelines.
 */

import { type Env, MAX_OPERATION_BYTES } from '@concordat/kernel';
import { OpCode, Xid } from '../jute/protocol.ts';
import { isAdmitted, turnAway } from './admission.ts';
import { answerLocally } from './answer.ts';
import { onAuth } from './auth.ts';
import { closeConnection, countAnswered, isFresh, sendHeader } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import { onSasl } from './sasl.ts';
import type { Connection, GatewayState, QueuedRequest } from './state.ts';

const HEADER_BYTES = 8;

const ORDERED = new Set<number>([
  OpCode.create,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.sync,
  OpCode.check,
  OpCode.multi,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.reconfig,
  OpCode.closeSession,
]);

/** Takes a frame of a connection whose handshake was received. */
export function onRequest(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  bytes: Uint8Array,
): void {
  const { limits } = state.config;
  connection.outstandingBytes += bytes.length;
  const outstanding = connection.queue.length - connection.head + connection.ordered;
  const isFlood =
    outstanding >= limits.maxOutstanding || connection.outstandingBytes > limits.maxOutstandingBytes;
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_OPERATION_BYTES || isFlood) {
    env.note({
      kind: 'keeper-drop',
      why: isFlood ? 'too many outstanding requests' : 'a frame of no known size',
    });
    return closeConnection(state, env, connection);
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  connection.queue.push({ xid: header.getInt32(0), op: header.getInt32(4), bytes, since: env.now });
  connection.heard = true;
  if (connection.phase === 'live') state.ready.add(connection);
}

/** Moves every queue as far as it goes. */
export function serveReady(state: GatewayState, env: Env<GatewayMessage>): void {
  for (const connection of state.ready) serve(state, env, connection);
  state.ready.clear();
}

function serve(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): void {
  while (connection.phase === 'live' && connection.head < connection.queue.length) {
    const request = connection.queue[connection.head]!;
    const isOrdered = ORDERED.has(request.op);
    if (!isOrdered && connection.ordered > 0) return;
    connection.head++;
    if (!isAdmitted(state, connection, request.op)) return turnAway(state, env, connection, request);
    if (isOrdered) order(state, connection, request);
    else serveLocally(state, env, connection, request);
  }
  connection.queue.length = 0;
  connection.head = 0;
}

function order(state: GatewayState, connection: Connection, request: QueuedRequest): void {
  connection.ordered++;
  state.outbox.push({
    order: {
      kind: 'request',
      session: connection.session,
      identities: 0,
      op: request.op,
      payload: request.bytes.subarray(HEADER_BYTES),
    },
    connection,
    xid: request.xid,
    identities: connection.identities,
    since: request.since,
  });
}

/** Answers from what is exposed, or not at all: a gateway that has fallen behind must not pose as alive. */
function serveLocally(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  connection.outstandingBytes -= request.bytes.length;
  if (!isFresh(state, env.now, connection.timeoutMs)) {
    env.note({ kind: 'keeper-stale', behindMs: env.now - state.exposedTime });
    return closeConnection(state, env, connection);
  }
  const { zxid } = state.config.service.keeper.meta.get();
  if (request.op === OpCode.ping) sendHeader(state, env, connection, Xid.ping, zxid, 0);
  else if (request.op === OpCode.auth) onAuth(state, env, connection, request);
  else if (request.op === OpCode.sasl) onSasl(state, env, connection, request);
  else answerLocally(state, env, connection, request);
  countAnswered(state, connection, request, zxid, env.now, state.tally.reads);
}
