/**
 * How a gateway's body executes: order by order, each refused unless it comes from the gateway, in its present epoch,
 * that owns the session (DESIGN section 9, rule 4) - however late it is ordered.
 */

import { type ExecuteContext, unreachable } from '@concordat/kernel';
import { createWriter } from '@concordat/wire';
import { encodeEvent, type KeeperEvent } from './events.ts';
import { ErrorCode, OpCode } from './jute/protocol.ts';
import { createJuteReader } from './jute/reader.ts';
import { readPath, readWriteRequest, type WriteRequest } from './jute/requests.ts';
import { writeMultiResponse, writeOpResponse } from './jute/responses.ts';
import { writeString } from './jute/writer.ts';
import { domainName, endSession, type Keeper, nextZxid } from './keeper.ts';
import type {
  Body,
  MoveOrder,
  OpenOrder,
  Order,
  RequestOrder,
  Result,
  Results,
  TouchOrder,
} from './orders.ts';
import { type SessionId, sessionIdOf } from './sessions/session-id.ts';
import {
  type GatewayLife,
  gatewayKey,
  isOwner,
  movedSession,
  moveStatement,
  type Session,
  signerOf,
  touchSession,
} from './sessions/sessions.ts';
import type { Identity, Principal } from './tree/acl.ts';
import { applyMulti } from './tree/multi.ts';
import {
  checkNode,
  createNode,
  deleteNode,
  type OpResult,
  setNodeAcl,
  setNodeData,
  type Transaction,
} from './tree/operations.ts';

const NOTHING = new Uint8Array(0);
const writer = createWriter(4096);
const reader = createJuteReader();

/** One body's execution. */
interface Run {
  readonly keeper: Keeper;
  readonly life: GatewayLife;
  readonly domainName: string;
  readonly identities: readonly (readonly Identity[])[];
  readonly time: number;
  emit(event: KeeperEvent): void;
}

/** Told of an order of a body: whose body it is, and which of its orders, counted from 0. Changes nothing. */
export type OrderListener = (life: GatewayLife, seq: number, index: number) => void;

export function executeBody(
  keeper: Keeper,
  body: Body,
  context: ExecuteContext,
  heard: OrderListener,
): Results {
  const { gateway, epoch } = body;
  const run: Run = {
    keeper,
    life: { domain: context.domain, gateway, epoch },
    domainName: domainName(keeper.config, context.domain),
    identities: body.identities,
    time: Math.floor(context.time),
    emit: (event) => context.emit(encodeEvent(event)),
  };
  const results = body.orders.map((order, index) => {
    const result = executeOrder(run, order);
    heard(run.life, context.seq, index);
    return result;
  });
  return { gateway, epoch, results };
}

const refuse = (run: Run, err: number): Result => ({
  err,
  zxid: run.keeper.meta.get().zxid,
  payload: NOTHING,
});

const accept = (run: Run, payload: Uint8Array): Result => ({
  err: ErrorCode.ok,
  zxid: run.keeper.meta.get().zxid,
  payload,
});

function executeOrder(run: Run, order: Order): Result {
  if (order.kind === 'claim') return claim(run);
  if (run.keeper.sessions.epochs.get(gatewayKey(run.life.domain, run.life.gateway)) !== run.life.epoch)
    return refuse(run, ErrorCode.sessionMoved);
  switch (order.kind) {
    case 'open':
      return openSession(run, order);
    case 'move':
      return moveSession(run, order);
    case 'touch':
      return touchAll(run, order);
    case 'request':
      return executeRequest(run, order);
    default:
      return unreachable(order);
  }
}

/** Answers with the epoch that holds, so that one who comes too low knows where to begin. */
function claim(run: Run): Result {
  const { epochs } = run.keeper.sessions;
  const key = gatewayKey(run.life.domain, run.life.gateway);
  const current = epochs.get(key) ?? 0;
  const isHigher = run.life.epoch > current;
  if (isHigher) epochs.set(key, run.life.epoch);
  writer.u53(isHigher ? run.life.epoch : current);
  const payload = writer.finish();
  return { ...refuse(run, isHigher ? ErrorCode.ok : ErrorCode.sessionMoved), payload };
}

const negotiate = (keeper: Keeper, timeoutMs: number): number =>
  Math.min(Math.max(timeoutMs, keeper.config.minTimeoutMs), keeper.config.maxTimeoutMs);

/** The answer to open and move: `u53 session | u32 timeoutMs`. */
function attached(run: Run, session: SessionId, timeoutMs: number): Result {
  writer.u53(session);
  writer.u32(timeoutMs);
  return accept(run, writer.finish());
}

function openSession(run: Run, order: OpenOrder): Result {
  const { keeper } = run;
  const { sessions } = keeper;
  if ((sessions.counts.get(run.life.domain) ?? 0) >= keeper.config.maxSessions)
    return refuse(run, ErrorCode.systemError);
  nextZxid(keeper);
  const meta = keeper.meta.get();
  const session = sessionIdOf(run.life.domain, meta.sessions + 1);
  keeper.meta.set({ ...meta, sessions: meta.sessions + 1 });
  const timeoutMs = negotiate(keeper, order.timeoutMs);
  sessions.table.set(session, { owner: run.life, timeoutMs, key: order.key, formerKeys: [] });
  touchSession(sessions, session, timeoutMs, meta.lease);
  return attached(run, session, timeoutMs);
}

function moveSession(run: Run, order: MoveOrder): Result {
  const { keeper, life } = run;
  const { sessions, signatures } = keeper;
  const session = sessions.table.get(order.session);
  if (session === undefined) return refuse(run, ErrorCode.sessionExpired);
  const statement = moveStatement(order.session, life, order.timeoutMs, order.nextKey);
  const signer = signerOf(signatures, session, statement, order.signature);
  if (signer === null) return refuse(run, ErrorCode.sessionExpired);
  const timeoutMs = negotiate(keeper, order.timeoutMs);
  sessions.table.set(order.session, movedSession(session, life, timeoutMs, order.nextKey, signer));
  touchSession(sessions, order.session, timeoutMs, keeper.meta.get().lease);
  run.emit({ type: 'session-moved', zxid: keeper.meta.get().zxid, session: order.session, ...life });
  return attached(run, order.session, timeoutMs);
}

/** The session if the body's gateway owns it, otherwise the error. A first request ends the former keys' validity. */
function ownedSession(run: Run, id: SessionId): Session | number {
  const { table } = run.keeper.sessions;
  const session = table.get(id);
  if (session === undefined) return ErrorCode.sessionExpired;
  if (!isOwner(session, run.life)) return ErrorCode.sessionMoved;
  if (session.formerKeys.length > 0) table.set(id, { ...session, formerKeys: [] });
  return session;
}

function touchAll(run: Run, order: TouchOrder): Result {
  const { lease } = run.keeper.meta.get();
  for (const id of order.sessions) {
    const session = ownedSession(run, id);
    if (typeof session !== 'number') touchSession(run.keeper.sessions, id, session.timeoutMs, lease);
  }
  return accept(run, NOTHING);
}

function executeRequest(run: Run, order: RequestOrder): Result {
  const session = ownedSession(run, order.session);
  if (typeof session === 'number') return refuse(run, session);
  const identities = run.identities[order.identities];
  if (identities === undefined) return refuse(run, ErrorCode.marshallingError);
  reader.reset(order.payload);
  if (order.op === OpCode.sync) return sync(run);
  if (order.op === OpCode.reconfig) return refuseReconfig(run);
  if (order.op === OpCode.closeSession) {
    endSession(run.keeper, order.session, false, run.emit);
    return accept(run, NOTHING);
  }
  const request = readWriteRequest(reader, order.op);
  if (request === null) {
    nextZxid(run.keeper);
    return refuse(run, ErrorCode.marshallingError);
  }
  return transact(run, order, request, { domain: run.domainName, identities });
}

/** An ordered no-op: what its session reads next is no older than this. Not a transaction. */
function sync(run: Run): Result {
  const path = readPath(reader);
  if (reader.failed) return refuse(run, ErrorCode.marshallingError);
  writeString(writer, path);
  return accept(run, writer.finish());
}

/** As by a ZooKeeper that is not configured for it: refused whatever it asks for, and counted as a failed transaction. */
function refuseReconfig(run: Run): Result {
  // Servers to join, servers to leave, new members, and the version of the configuration that is meant.
  for (let list = 0; list < 3; list++) reader.string();
  reader.long();
  if (reader.failed) return refuse(run, ErrorCode.marshallingError);
  nextZxid(run.keeper);
  return refuse(run, ErrorCode.reconfigDisabled);
}

function transact(run: Run, order: RequestOrder, request: WriteRequest, principal: Principal): Result {
  const tx: Transaction = {
    zxid: nextZxid(run.keeper),
    time: run.time,
    session: order.session,
    principal,
    changes: [],
  };
  const { tree } = run.keeper;
  let err: number = ErrorCode.ok;
  if (request.kind === 'multi') {
    const results = applyMulti(tree, tx, request.operations);
    if (results === null) return refuse(run, ErrorCode.marshallingError);
    writeMultiResponse(writer, results);
  } else {
    const result = apply(run.keeper, tx, request);
    err = result.err;
    if (err === ErrorCode.ok) writeOpResponse(writer, result);
  }
  for (const change of tx.changes) run.emit(change);
  return { err, zxid: tx.zxid, payload: writer.finish() };
}

function apply(keeper: Keeper, tx: Transaction, request: Exclude<WriteRequest, { kind: 'multi' }>): OpResult {
  switch (request.kind) {
    case 'create':
      return createNode(keeper.tree, tx, request);
    case 'delete':
      return deleteNode(keeper.tree, tx, request);
    case 'set-data':
      return setNodeData(keeper.tree, tx, request);
    case 'set-acl':
      return setNodeAcl(keeper.tree, tx, request);
    case 'check':
      return checkNode(keeper.tree, tx, request);
    default:
      return unreachable(request);
  }
}
