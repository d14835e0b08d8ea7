/**
 * What became exposed: results go to the clients that asked, events to those who watch. Within a batch both are merged
 * by zxid, so a client hears of a change before any reply that knows of it.
 */

import { type Env, type ExposedBatch, type ExposedSnapshot, unreachable } from '@concordat/kernel';
import { createReader } from '@concordat/wire';
import { decodeEvent, isAboutNode, type SessionMoved, zxidOf } from '../events.ts';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import { writeReplyHeader } from '../jute/responses.ts';
import { decodeResults, type Result } from '../orders.ts';
import { domainOfSession } from '../sessions/session-id.ts';
import { gatewayKey, isOwner } from '../sessions/sessions.ts';
import { onAttached } from './attach.ts';
import { type AuditLine, auditOfEvent, auditOfRequest } from './audit.ts';
import { answers, closeConnection, countAnswered, createNotifier, sendFrame } from './connection.ts';
import { createLoad, discount, end } from './load.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState, Origin } from './state.ts';
import { answerTrailing } from './trailing.ts';
import { type Deliver, isUnused, nodeChanged, stateJumped, watchesAlways } from './watches.ts';

export function onBatch(state: GatewayState, env: Env<GatewayMessage>, batch: ExposedBatch): void {
  state.exposedTime = Math.max(state.exposedTime, batch.time);
  const notify = createNotifier(state, env);
  let told = 0;
  const tellUpTo = (zxid: number): void => {
    for (; told < batch.events.length; told++) {
      const event = batch.events[told]!;
      if (zxidOf(event) > zxid) return;
      onEvent(state, env, event, notify);
    }
  };
  for (const outcome of batch.outcomes) {
    if (outcome.domain !== state.config.domain) continue;
    const results = decodeResults(outcome.reply);
    const origins = state.inFlight.get(outcome.seq);
    const isOurs = results?.gateway === state.life.gateway && results.epoch === state.life.epoch;
    if (!isOurs || origins?.length !== results.results.length) continue;
    state.inFlight.delete(outcome.seq);
    for (const origin of origins) discount(state, origin);
    for (const [index, result] of results.results.entries()) {
      tellUpTo(result.zxid);
      onResult(state, env, origins[index]!, result);
    }
  }
  tellUpTo(Number.MAX_SAFE_INTEGER);
}

function onEvent(state: GatewayState, env: Env<GatewayMessage>, bytes: Uint8Array, notify: Deliver): void {
  state.exposedZxid = Math.max(state.exposedZxid, zxidOf(bytes));
  const { audit, domain } = state.config;
  if (audit === undefined && isAboutNode(bytes) && isUnused(state.watches)) return;
  const event = decodeEvent(bytes);
  if (event === null) return;
  if (audit !== undefined) tellAudit(env, auditOfEvent(state.ending, event, { domain, user: audit.user }));
  if (event.type === 'session-closed' || event.type === 'session-moved') {
    const isExpiredHere = event.type === 'session-closed' && event.expired;
    if (isExpiredHere && domainOfSession(event.session) === state.config.domain) state.tally.expired++;
    const connection = state.bySession.get(event.session);
    // A session that was closed on request gets its reply first; one that moved here has a new connection already.
    const isOver = event.type === 'session-closed' ? event.expired : !isOwnLife(state, event);
    if (connection !== undefined && isOver) closeConnection(state, env, connection);
    return;
  }
  nodeChanged(state.watches, event, notify);
}

function tellAudit(env: Env<GatewayMessage>, lines: readonly AuditLine[]): void {
  for (const line of lines) env.note({ kind: 'audit', line });
}

const isOwnLife = (state: GatewayState, event: SessionMoved): boolean =>
  event.domain === state.life.domain &&
  event.gateway === state.life.gateway &&
  event.epoch === state.life.epoch;

function onResult(state: GatewayState, env: Env<GatewayMessage>, origin: Origin, result: Result): void {
  const { connection, order } = origin;
  switch (order.kind) {
    case 'claim':
      return onClaimed(state, env, result);
    case 'touch':
      return;
    case 'open':
    case 'move':
      if (connection === null) return;
      if (result.err === ErrorCode.sessionMoved) reclaim(state, env);
      return onAttached(state, env, connection, result);
    case 'request':
      if (state.config.audit !== undefined) tellAudit(env, auditOfRequest(order, origin.identities, result));
      if (connection !== null && connection.phase === 'live') onReply(state, env, connection, origin, result);
      return;
    default:
      unreachable(order);
  }
}

/** Refused: an earlier life of this gateway claimed as much or more; the refusal says how much. */
function onClaimed(state: GatewayState, env: Env<GatewayMessage>, result: Result): void {
  if (result.err === ErrorCode.ok) {
    state.claim = 'held';
    env.note({ kind: 'keeper-epoch', epoch: state.life.epoch });
  } else claimAbove(state, env, createReader(result.payload).u53());
}

/** The next claim is above `epoch` and our own, so that no two lives ever share one. */
function claimAbove(state: GatewayState, env: Env<GatewayMessage>, epoch: number): void {
  state.claim = 'none';
  state.life = { ...state.life, epoch: Math.max(epoch + 1, state.life.epoch + 1, Math.floor(env.now)) };
}

/** Our epoch is no longer in force: everybody comes back under a higher one. */
function reclaim(state: GatewayState, env: Env<GatewayMessage>): void {
  if (state.claim !== 'held') return;
  env.note({ kind: 'keeper-epoch-lost', epoch: state.life.epoch });
  for (const connection of [...state.connections.values()]) closeConnection(state, env, connection);
  forgetOrders(state);
  claimAbove(state, env, state.life.epoch);
}

/** Nothing will come of the orders under way, or nobody will know. */
function forgetOrders(state: GatewayState): void {
  state.outbox = [];
  state.hasVoid = false;
  state.inFlight.clear();
  state.attaching = 0;
  Object.assign(state.ordered, createLoad());
}

function onReply(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  origin: Origin,
  result: Result,
): void {
  const { order } = origin;
  connection.ordered--;
  if (connection.ordered === 0) connection.lastOrdered = null;
  end(state, connection, origin.sizeBytes);
  if (connection.queue.length > connection.head) state.ready.add(connection);
  // As ZooKeeper: whoever lost its session to another server is told by the connection closing.
  if (result.err === ErrorCode.sessionMoved) return closeConnection(state, env, connection);
  writeReplyHeader(answers, origin.xid, result.zxid, result.err);
  answers.fixed(result.payload);
  sendFrame(state, env, connection, answers.finish());
  if (result.err === ErrorCode.quotaExceeded) state.tally.quotaExceeded++;
  const op = order.kind === 'request' ? order.op : OpCode.error;
  // As ZooKeeper counts: a sync changes nothing.
  const kind = op === OpCode.sync ? state.tally.reads : state.tally.updates;
  countAnswered(state, connection, { op, xid: origin.xid, since: origin.since }, result.zxid, env.now, kind);
  const isOver = order.kind === 'request' && order.op === OpCode.closeSession;
  if (isOver || result.err === ErrorCode.sessionExpired) closeConnection(state, env, connection);
  else answerTrailing(state, env, connection, origin);
}

/**
 * The state jumped. What became of orders under way is unknown, which clients learn as a lost connection; so do those
 * whose session is gone, and those with watches that must miss nothing. One-shot watches fire by comparison.
 */
export function onSnapshot(state: GatewayState, env: Env<GatewayMessage>, item: ExposedSnapshot): void {
  state.exposedTime = Math.max(state.exposedTime, item.time);
  const { sessions, tree, meta } = state.config.service.keeper;
  // A claim under way may have been accepted in the part that nobody saw, but so may another life's equal one.
  const current = sessions.epochs.get(gatewayKey(state.life.domain, state.life.gateway)) ?? 0;
  const isHeld = state.claim === 'held' && current === state.life.epoch;
  for (const connection of [...state.connections.values()]) {
    const session = sessions.table.get(connection.session);
    const isOurs = isHeld && session !== undefined && isOwner(session, state.life);
    const isLost = connection.phase === 'attaching' || (connection.phase === 'live' && !isOurs);
    if (isLost || connection.ordered > 0 || watchesAlways(state.watches, connection.id))
      closeConnection(state, env, connection);
  }
  forgetOrders(state);
  if (!isHeld) claimAbove(state, env, current);
  stateJumped(state.watches, tree, state.exposedZxid, createNotifier(state, env));
  state.exposedZxid = meta.get().zxid;
}
