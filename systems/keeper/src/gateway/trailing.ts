/**
 * Reads between writes that are under way. A client that pipelines sees its requests take effect one after the other, but its
 * later writes need not wait for that: a read that stands between two of them trails the first, is answered at the moment when
 * that one is executed - from the very state between the two - and is sent after its result. Otherwise nine reads to a write,
 * pipelined, cost a round of agreement for each write.
 *
 * Only what leaves no trace may trail, and only as much as may wait in memory: everything else waits as ever.
 */

import type { Env } from '@concordat/kernel';
import { OpCode } from '../jute/protocol.ts';
import { estimateBytes } from '../tree/reads.ts';
import { readRequestOf, replyTo } from './answer.ts';
import { closeConnection, countAnswered, isFresh, LENGTH_BYTES, sendFrame } from './connection.ts';
import { count, end, isLarge } from './load.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState, Origin, QueuedRequest, TrailingRead } from './state.ts';

/** Of answers to what trails, by connection: as estimated when it begins to, and as they are. */
const MAX_ESTIMATED_BYTES = 256 * 1024;
const MAX_ANSWERED_BYTES = 4 * MAX_ESTIMATED_BYTES;

const MAY_TRAIL = new Set<number>([
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
]);

/** The read as one that trails the connection's last write, or null if it has to wait. */
export function trailing(
  state: GatewayState,
  connection: Connection,
  request: QueuedRequest,
): TrailingRead | null {
  const last = connection.lastOrdered;
  // Executed ahead: the state between it and the next is not to be had any more.
  if (last === null || last.isExecuted || !MAY_TRAIL.has(request.op)) return null;
  if (isLarge(state.config.limits, request.bytes.length)) return null;
  const read = readRequestOf(request);
  if (read?.kind !== 'path' || read.watch) return null;
  const estimatedBytes = estimateBytes(state.config.service.keeper.tree, read);
  if (connection.trailing.estimatedBytes + estimatedBytes > MAX_ESTIMATED_BYTES) return null;
  return { request, read, estimatedBytes, answer: null, zxid: 0 };
}

/** Has it trail the connection's last write. It still counts as queued. */
export function trail(state: GatewayState, connection: Connection, read: TrailingRead): void {
  connection.lastOrdered?.reads.push(read);
  connection.trailing.requests++;
  connection.trailing.bytes += read.request.bytes.length;
  connection.trailing.estimatedBytes += read.estimatedBytes;
  count(state.queued, state.config.limits, read.request.bytes.length, 1);
}

/** An order of ours was executed, and nothing after it: also anew, if what was executed ahead was taken back. */
export function onExecuted(state: GatewayState, origin: Origin): void {
  origin.isExecuted = true;
  const { connection } = origin;
  if (connection?.phase !== 'live') return;
  const { zxid } = state.config.service.keeper.meta.get();
  for (const trailing of origin.reads) {
    if (trailing.answer !== null) connection.trailing.answeredBytes -= trailing.answer.length;
    const isTooMuch = connection.trailing.answeredBytes >= MAX_ANSWERED_BYTES;
    trailing.answer = isTooMuch ? null : replyTo(state, connection, trailing.request.xid, trailing.read);
    trailing.zxid = zxid;
    connection.trailing.answeredBytes += trailing.answer?.length ?? 0;
  }
}

/** Sends the answers to what trails a write whose result was sent. */
export function answerTrailing(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  { reads }: Origin,
): void {
  for (const { request, answer, zxid, estimatedBytes } of reads) {
    // It has outgrown what may wait, or is not news any more, as for any other read.
    if (answer === null || !isFresh(state, env.now, connection.timeoutMs)) {
      env.note({ kind: 'keeper-drop', why: 'reads between writes that cannot be answered' });
      return closeConnection(state, env, connection);
    }
    connection.trailing.requests--;
    connection.trailing.bytes -= request.bytes.length;
    connection.trailing.estimatedBytes -= estimatedBytes;
    connection.trailing.answeredBytes -= answer.length;
    count(state.queued, state.config.limits, request.bytes.length, -1);
    end(state, connection, request.bytes.length);
    connection.deficit -= LENGTH_BYTES + answer.length;
    sendFrame(state, env, connection, answer);
    countAnswered(state, connection, request, zxid, env.now, state.tally.reads);
  }
}
