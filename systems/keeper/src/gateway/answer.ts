/**
 * Answers from local state: reads with the watches they set, watch requests, and a polite refusal for anything else.
 * The watch is set in the same turn as the answer is made, so no change falls between them.
 */

import { type Env, unreachable } from '@concordat/kernel';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import {
  type PathRequest,
  type ReadRequest,
  readReadRequest,
  type SetWatchesRequest,
  type WatchRequest,
} from '../jute/read-requests.ts';
import { createJuteReader } from '../jute/reader.ts';
import { writeReplyHeader } from '../jute/responses.ts';
import { OPEN_ACL } from '../tree/acl.ts';
import { type Asker, answerMultiRead, answerPath, answerWhoAmI } from '../tree/reads.ts';
import {
  answers,
  closeConnection,
  createNotifier,
  principalOf,
  sendFrame,
  sendHeader,
} from './connection.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState, QueuedRequest } from './state.ts';
import {
  childEventSince,
  countWatches,
  dataEventSince,
  hasWatch,
  isWatcherType,
  unwatch,
  watchAlways,
  watchChildren,
  watchData,
} from './watches.ts';

const HEADER_BYTES = 8;
const reader = createJuteReader();

export function answerLocally(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  const read = readRequestOf(request);
  if (read === null) {
    const { zxid } = state.config.service.keeper.meta.get();
    return sendHeader(state, env, connection, request.xid, zxid, errorOf(request.op));
  }
  if (read.kind === 'set-watches') setWatches(state, env, connection, read);
  sendFrame(state, env, connection, replyTo(state, connection, request.xid, read));
  if (countWatches(state.watches, connection.id) > state.config.limits.maxWatches) {
    env.note({ kind: 'keeper-drop', why: 'too many watches' });
    closeConnection(state, env, connection);
  }
}

/** What a request asks for; null if it cannot be read. */
export function readRequestOf({ op, bytes }: QueuedRequest): ReadRequest | null {
  reader.reset(bytes, HEADER_BYTES);
  return readReadRequest(reader, op);
}

/** The whole reply to a read, from the tree as it stands. */
export function replyTo(
  state: GatewayState,
  connection: Connection,
  xid: number,
  read: ReadRequest,
): Uint8Array {
  const { zxid } = state.config.service.keeper.meta.get();
  writeReplyHeader(answers, xid, zxid, ErrorCode.ok);
  const outcome = answerRead(state, connection, read);
  const bytes = answers.finish();
  const isTooLarge = bytes.length > state.config.limits.maxReplyBytes;
  const err = isTooLarge ? ErrorCode.marshallingError : outcome;
  if (isTooLarge || (read.kind === 'multi-read' && err !== ErrorCode.ok)) state.tally.repliesRefused++;
  if (err === ErrorCode.ok) return bytes;
  writeReplyHeader(answers, xid, zxid, err);
  return answers.finish();
}

/** Why a request could not be read: known to us or not. */
const errorOf = (op: number): number =>
  KNOWN.has(op) ? ErrorCode.marshallingError : ErrorCode.unimplemented;

const KNOWN = new Set<number>([
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.multiRead,
  OpCode.setWatches,
  OpCode.setWatches2,
  OpCode.getEphemerals,
  OpCode.getAllChildrenNumber,
  OpCode.addWatch,
  OpCode.checkWatches,
  OpCode.removeWatches,
]);

/** Writes what follows the header and returns the error, if any; what was written is void then. */
function answerRead(state: GatewayState, connection: Connection, read: ReadRequest): number {
  const { tree } = state.config.service.keeper;
  const asker: Asker = { session: connection.session, principal: principalOf(state, connection) };
  switch (read.kind) {
    case 'path':
      return answerWatched(state, connection, asker, read);
    case 'multi-read':
      return answerMultiRead(tree, asker, read, answers, state.config.limits.maxReplyBytes);
    case 'who-am-i':
      answerWhoAmI(asker, answers);
      return ErrorCode.ok;
    case 'watch':
      return answerWatch(state, connection, read);
    case 'set-watches':
      return ErrorCode.ok;
    default:
      return unreachable(read);
  }
}

function answerWatched(state: GatewayState, connection: Connection, asker: Asker, read: PathRequest): number {
  const { tree } = state.config.service.keeper;
  const err = answerPath(tree, asker, read, answers);
  if (!read.watch) return err;
  const { watches } = state;
  if (read.op === OpCode.exists) {
    // Also the absence of a node can be watched.
    if (err === ErrorCode.ok || err === ErrorCode.noNode)
      watchData(watches, read.path, connection.id, err === ErrorCode.ok);
  } else if (err === ErrorCode.ok) {
    if (read.op === OpCode.getData) watchData(watches, read.path, connection.id, true);
    else watchChildren(watches, read.path, connection.id);
  }
  return err;
}

/** addWatch is answered with an ErrorResponse, the others with nothing. */
function answerWatch(state: GatewayState, connection: Connection, read: WatchRequest): number {
  const { watches } = state;
  const { op, path, type } = read;
  if (op === OpCode.addWatch) {
    answers.i32(ErrorCode.ok);
    return watchAlways(watches, path, connection.id, type) ? ErrorCode.ok : ErrorCode.marshallingError;
  }
  if (!isWatcherType(type)) return ErrorCode.marshallingError;
  const found =
    op === OpCode.checkWatches
      ? hasWatch(watches, path, connection.id, type)
      : unwatch(watches, path, connection.id, type);
  return found ? ErrorCode.ok : ErrorCode.noWatcher;
}

/**
 * A client came back and names the watches it had: those whose node changed since the zxid it last saw fire at once,
 * the others are set. Persistent watches are only set, as in ZooKeeper 3.8.
 */
function setWatches(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: SetWatchesRequest,
): void {
  const { watches } = state;
  const { tree } = state.config.service.keeper;
  const { high, low } = request.relativeZxid;
  const since = high * 0x1_0000_0000 + low;
  const notify = createNotifier(state, env);
  for (const path of request.data) {
    const type = dataEventSince(tree, path, true, since);
    if (type === 0) watchData(watches, path, connection.id, true);
    else notify(connection.id, type, path, OPEN_ACL);
  }
  for (const path of request.exist) {
    const type = dataEventSince(tree, path, false, since);
    if (type === 0) watchData(watches, path, connection.id, false);
    else notify(connection.id, type, path, OPEN_ACL);
  }
  for (const path of request.child) {
    const type = childEventSince(tree, path, since);
    if (type === 0) watchChildren(watches, path, connection.id);
    else notify(connection.id, type, path, OPEN_ACL);
  }
  for (const path of request.persistent) watchAlways(watches, path, connection.id, 0);
  for (const path of request.recursive) watchAlways(watches, path, connection.id, 1);
}
