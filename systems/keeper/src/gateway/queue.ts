/**
 * Requests of a connection in the order in which the client sent them: writes are handed to the order, reads answered
 * from the exposed state. A read waits for the writes before it, and a write for the reads before it - most of these are
 * answered between the two while both are under way (`trailing.ts`) - so that a client sees its own requests take effect
 * one after the other, whatever it pipelines.
 *
 * Between connections the order is a deficit round robin (Shreedhar and Varghese, SIGCOMM 1995): each in its turn spends a
 * quantum on what its requests and their answers cost. A client with ten thousand requests delays one with a single request
 * by what is being ordered already and one quantum.
 */

import { type Env, MAX_OPERATION_BYTES } from '@concordat/kernel';
import { ErrorCode, OpCode, Xid } from '../jute/protocol.ts';
import { isAdmitted, turnAway } from './admission.ts';
import { answerLocally } from './answer.ts';
import { onAuth } from './auth.ts';
import { closeConnection, countAnswered, sendHeader } from './connection.ts';
import { begin, count, end, holdIfHeavy, isClogged, isLarge } from './load.ts';
import type { GatewayMessage } from './message.ts';
import { dropStale, isGivenUp, isStale } from './pauses.ts';
import { refuseWrite } from './read-only.ts';
import { answerReconfig } from './reconfig.ts';
import { onSasl } from './sasl.ts';
import type { Connection, GatewayState, Origin, QueuedRequest } from './state.ts';
import { trail, trailing } from './trailing.ts';

const HEADER_BYTES = 8;
/** What a request costs in bytes beside its own: about what it takes to order and execute a small one. */
const REQUEST_COST = 128;
/** Some sixteen small requests: rotating costs nothing beside handling so many. */
const QUANTUM = 4096;
/** Requests that are done, and more than those that wait, are cleared from a queue. */
const DONE_MAX = 256;

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
  const refusal = refusalOf(state, connection, bytes);
  if (refusal !== null) {
    env.note({ kind: 'keeper-drop', why: refusal });
    return closeConnection(state, env, connection);
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  begin(state, connection, bytes.length);
  connection.queue.push({ xid: header.getInt32(0), op: header.getInt32(4), bytes, since: env.now });
  connection.heard = true;
  if (connection.phase === 'live') state.ready.add(connection);
  holdIfHeavy(state, connection);
}

/** Why a connection is closed for a frame; null if it is not. */
function refusalOf(
  { config: { limits }, queued, ordered, tally }: GatewayState,
  { outstanding, outstandingBytes }: Connection,
  bytes: Uint8Array,
): string | null {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_OPERATION_BYTES) return 'a frame of no known size';
  if (outstanding >= limits.maxOutstanding || outstandingBytes + bytes.length > limits.maxOutstandingBytes)
    return 'too many outstanding requests';
  const largeBytes = queued.largeBytes + ordered.largeBytes + bytes.length;
  if (!isLarge(limits, bytes.length) || largeBytes <= limits.maxLargeBytes) return null;
  tally.largeRefused++;
  return 'too many large requests';
}

/** Moves queues as far as they go in this turn; those that could go further are still ready afterwards. */
export function serveReady(state: GatewayState, env: Env<GatewayMessage>): void {
  resumeStalled(state);
  let left = state.config.limits.turnBytes;
  // Whoever has more after a quantum is added again, and so visited again after all others.
  for (const connection of state.ready) {
    if (left <= 0) break;
    state.ready.delete(connection);
    connection.deficit += QUANTUM;
    const before = connection.deficit;
    if (serve(state, env, connection)) state.ready.add(connection);
    left -= before - connection.deficit;
  }
  if (state.stalled.size > 0) state.tally.throttleWaits++;
}

/** Those that waited for room among what is being ordered come before all others, in the order in which they waited. */
function resumeStalled(state: GatewayState): void {
  const { ready, stalled } = state;
  if (stalled.size === 0 || !hasRoom(state, 0)) return;
  const later = [...ready];
  ready.clear();
  for (const connection of stalled) ready.add(connection);
  for (const connection of later) ready.add(connection);
  stalled.clear();
}

function hasRoom({ ordered, config: { limits } }: GatewayState, sizeBytes: number): boolean {
  const { orderedRequests, orderedBytes } = limits;
  return ordered.requests < orderedRequests && ordered.bytes + sizeBytes <= orderedBytes;
}

/** Moves a queue by about a quantum; true if it could go further. */
function serve(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): boolean {
  while (connection.phase === 'live' && connection.head < connection.queue.length) {
    const request = connection.queue[connection.head]!;
    if (!isAdmitted(state, connection, request.op)) {
      turnAway(state, env, connection, request);
      return false;
    }
    const read = mayTrail(state, connection, request);
    if (read === null && !mayProceed(state, env, connection, request)) return false;
    const cost = REQUEST_COST + request.bytes.length;
    if (connection.deficit < cost) return true;
    const answered = state.tally.bytesAnswered;
    take(state, connection);
    if (read !== null) trail(state, connection, read);
    else if (connection.isReadOnly && ORDERED.has(request.op)) refuseHere(state, env, connection, request);
    else if (!isOrdered(state, request)) serveLocally(state, env, connection, request);
    else if (isOverdue(state, env, connection, request)) refuseOverdue(state, env, connection, request);
    else order(state, connection, request);
    connection.deficit -= cost + hiddenCost(state, request) + state.tally.bytesAnswered - answered;
  }
  connection.queue.length = 0;
  connection.head = 0;
  // Nobody saves up for later; what was lent is paid back.
  connection.deficit = Math.min(0, connection.deficit);
  return false;
}

/** The connection's next request as a read that need not wait until the writes before it are done; null if it must. */
const mayTrail = (state: GatewayState, connection: Connection, request: QueuedRequest) =>
  connection.ordered > 0 && !isClogged(state, connection) ? trailing(state, connection, request) : null;

function refuseHere(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  end(state, connection, request.bytes.length);
  refuseWrite(state, env, connection, request);
}

/** What shows in neither the request nor its answer: a count of a whole tree looks at each node. */
const hiddenCost = (state: GatewayState, { op }: QueuedRequest): number =>
  op === OpCode.getAllChildrenNumber ? state.config.service.keeper.tree.nodes.size : 0;

/** A proposal of this member is nobody else's. */
const isOrdered = ({ config }: GatewayState, { op }: QueuedRequest): boolean =>
  ORDERED.has(op) && (op !== OpCode.reconfig || config.reconfig === undefined);

/** Whether a connection's next request may be served now. If not, whatever it waits for makes it ready again. */
function mayProceed(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): boolean {
  // Whatever else there is: the end of a session costs less than keeping it.
  if (request.op === OpCode.closeSession) return true;
  const isAnsweredHere =
    !isOrdered(state, request) || connection.isReadOnly || isOverdue(state, env, connection, request);
  if (isAnsweredHere && connection.ordered > 0) return false;
  if (isAnsweredHere && isStale(state, env.now, connection) && !isGivenUp(state, env.now, connection)) {
    state.clogged.add(connection);
    return false;
  }
  // A ping is answered all the same: that is how a client learns that it is not forgotten.
  if (request.op !== OpCode.ping && isClogged(state, connection)) {
    state.clogged.add(connection);
    return false;
  }
  if (isAnsweredHere) return true;
  if (connection.ordered >= state.config.limits.sessionRequests) return false;
  if (hasRoom(state, request.bytes.length)) return true;
  state.stalled.add(connection);
  return false;
}

/** Takes the next request out of the queue. */
function take(state: GatewayState, connection: Connection): void {
  const { queue, head } = connection;
  count(state.queued, state.config.limits, queue[head]!.bytes.length, -1);
  connection.head++;
  if (connection.head <= DONE_MAX || 2 * connection.head < queue.length) return;
  connection.queue = queue.slice(connection.head);
  connection.head = 0;
}

function order(state: GatewayState, connection: Connection, request: QueuedRequest): void {
  connection.ordered++;
  count(state.ordered, state.config.limits, request.bytes.length, 1);
  const origin: Origin = {
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
    sizeBytes: request.bytes.length,
    reads: [],
    isExecuted: false,
  };
  connection.lastOrdered = origin;
  state.outbox.push(origin);
}

/**
 * A client that closed its session and is gone did not wait for the answer: its session ends all the same, and takes its
 * ephemeral nodes with it.
 */
export function orderLastWill(state: GatewayState, connection: Connection): void {
  const last = connection.queue[connection.queue.length - 1];
  if (connection.phase !== 'live' || connection.isReadOnly || last?.op !== OpCode.closeSession) return;
  if (!isAdmitted(state, connection, last.op)) return;
  count(state.queued, state.config.limits, last.bytes.length, -1);
  connection.queue.pop();
  order(state, connection, last);
}

function isOverdue(
  { config: { limits } }: GatewayState,
  env: Env<GatewayMessage>,
  { timeoutMs }: Connection,
  { op, since }: QueuedRequest,
): boolean {
  const { throttledOpMs } = limits;
  const patienceMs = throttledOpMs > 0 ? Math.min(throttledOpMs, timeoutMs) : timeoutMs;
  return op !== OpCode.closeSession && env.now - since > patienceMs;
}

/**
 * ThrottledOp, in its place among the answers: the client learns that its write did not happen, which is more than a lost
 * connection would tell, and is not made to come back and send everything again.
 */
function refuseOverdue(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  state.tally.stale++;
  state.tally.throttled++;
  end(state, connection, request.bytes.length);
  const { zxid } = state.config.service.keeper.meta.get();
  sendHeader(state, env, connection, request.xid, zxid, ErrorCode.throttledOp);
  countAnswered(state, connection, request, zxid, env.now, state.tally.updates);
}

/** Answers from what is exposed, or not at all: a gateway that has fallen behind must not pose as alive. */
function serveLocally(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  end(state, connection, request.bytes.length);
  if (isStale(state, env.now, connection)) return dropStale(state, env, connection);
  const { zxid } = state.config.service.keeper.meta.get();
  const { reconfig } = state.config;
  if (request.op === OpCode.reconfig && reconfig !== undefined)
    answerReconfig(state, env, connection, request, reconfig);
  else if (request.op === OpCode.ping) sendHeader(state, env, connection, Xid.ping, zxid, 0);
  else if (request.op === OpCode.auth) onAuth(state, env, connection, request);
  else if (request.op === OpCode.sasl) onSasl(state, env, connection, request);
  else answerLocally(state, env, connection, request);
  countAnswered(state, connection, request, zxid, env.now, state.tally.reads);
}
