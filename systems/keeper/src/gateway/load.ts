/**
 * What requests cost while they wait or are under way, and which connections are read. When there are too many, those with
 * more than their share are left unread: what they send next waits in their sockets, and costs nobody else anything.
 *
 * A client that is not read cannot show that it is alive, so as long as we do not read it, it counts as alive.
 */

import type { Millis, NodeId } from '@concordat/kernel';
import type { GatewayLimits } from './limits.ts';
import type { Connection, GatewayState, Origin } from './state.ts';

/** The streams on which connections arrive, as far as the composition has hold of them. */
export interface Flow {
  /** Stops reading a connection from its next message on, losing nothing; or goes on. */
  hold(connection: NodeId, isHeld: boolean): void;
  /** Bytes that left in earlier turns and that the connection has not taken yet. */
  unread(connection: NodeId): number;
}

export interface Load {
  requests: number;
  bytes: number;
  /** Bytes of large requests. */
  largeBytes: number;
}

export const createLoad = (): Load => ({ requests: 0, bytes: 0, largeBytes: 0 });

/** Reads of a connection that trail its writes, see `trailing.ts`. None is large. */
export interface Trailing {
  requests: number;
  bytes: number;
  /** Of their answers, as estimated when they began to trail, and of those that wait for the result of their write. */
  estimatedBytes: number;
  answeredBytes: number;
}

export const nothingTrailing = (): Trailing => ({
  requests: 0,
  bytes: 0,
  estimatedBytes: 0,
  answeredBytes: 0,
});

/** Counts a request of this size in, or with a `sign` of -1 out. */
export function count(load: Load, limits: GatewayLimits, sizeBytes: number, sign: 1 | -1): void {
  load.requests += sign;
  load.bytes += sign * sizeBytes;
  if (isLarge(limits, sizeBytes)) load.largeBytes += sign * sizeBytes;
}

export const isLarge = ({ largeRequestBytes }: GatewayLimits, sizeBytes: number): boolean =>
  largeRequestBytes >= 0 && sizeBytes > largeRequestBytes;

/** A request of `connection` arrived. */
export function begin(state: GatewayState, connection: Connection, sizeBytes: number): void {
  if (connection.outstanding === 0) state.busy++;
  connection.outstanding++;
  connection.outstandingBytes += sizeBytes;
  count(state.queued, state.config.limits, sizeBytes, 1);
}

/** A request of a connection that is there was answered, wherever `state` counted it. */
export function end(state: GatewayState, connection: Connection, sizeBytes: number): void {
  connection.outstanding--;
  connection.outstandingBytes -= sizeBytes;
  if (connection.outstanding === 0) state.busy--;
}

/** An order is no longer under way. */
export function discount(state: GatewayState, { order, sizeBytes }: Origin): void {
  if (order.kind === 'request') count(state.ordered, state.config.limits, sizeBytes, -1);
  else if (order.kind === 'open' || order.kind === 'move') state.attaching--;
}

/** Whether it has so much outstanding, in parts of the limits, that it should not send more. */
function isHeavy(state: GatewayState, { outstanding, outstandingBytes }: Connection, part: number): boolean {
  const { queued, ordered } = state;
  const { sessionRequests, sessionBytes, globalRequests, globalBytes } = state.config.limits;
  if (outstanding >= part * sessionRequests || outstandingBytes > part * sessionBytes) return true;
  // Equal shares: who has less than one is never in the way of others.
  const share = part / Math.max(1, state.busy);
  return (
    (queued.requests + ordered.requests > globalRequests &&
      outstanding > Math.max(1, share * globalRequests)) ||
    (queued.bytes + ordered.bytes > globalBytes && outstandingBytes > share * globalBytes)
  );
}

/** Stops reading a connection that has too much outstanding. */
export function holdIfHeavy(state: GatewayState, connection: Connection): void {
  const { flow } = state.config;
  if (flow === undefined || connection.isHeld || !isHeavy(state, connection, 1)) return;
  connection.isHeld = true;
  state.held.add(connection);
  state.tally.holds++;
  flow.hold(connection.id, true);
}

/** Reads again those who have got rid of half of what they had too much. */
export function releaseHeld(state: GatewayState): void {
  for (const connection of state.held) {
    if (isHeavy(state, connection, 0.5)) continue;
    state.held.delete(connection);
    connection.isHeld = false;
    state.config.flow?.hold(connection.id, false);
  }
}

/**
 * Whether a connection is to be sent nothing more: it has not taken the most that one may owe, or this very turn makes all of
 * them owe twice what they may. It will be closed: whoever misses one message must not get the next.
 */
export function isOverfull(state: GatewayState, connection: Connection): boolean {
  const { maxUnreadBytes, maxAllUnreadBytes } = state.config.limits;
  if (connection.isCut) return true;
  if (connection.unread <= maxUnreadBytes && state.unreadBytes <= 2 * maxAllUnreadBytes) return false;
  connection.isCut = true;
  state.cut.add(connection);
  return true;
}

/** Takes into account what a connection was just sent. */
export function countSent(state: GatewayState, connection: Connection, sizeBytes: number, now: Millis): void {
  if (connection.unread === 0) {
    connection.takenAt = now;
    state.unread.add(connection);
  }
  if (connection.sentAt !== now) {
    connection.sentAt = now;
    connection.sentNow = 0;
  }
  connection.sentNow += sizeBytes;
  connection.unread += sizeBytes;
  state.unreadBytes += sizeBytes;
}

/** Asks what connections have taken meanwhile. */
export function measureUnread(state: GatewayState, now: Millis): void {
  const { flow } = state.config;
  // PERF: those sent to since the last turn and those that lag; a look-up each. A copy, because they change places.
  for (const connection of [...state.unread]) {
    const left = flow?.unread(connection.id) ?? 0;
    const unread = left + (connection.sentAt === now ? connection.sentNow : 0);
    if (unread >= connection.unread) continue;
    state.unreadBytes -= connection.unread - unread;
    connection.unread = unread;
    connection.takenAt = now;
    state.unread.delete(connection);
    if (unread > 0) state.unread.add(connection);
  }
}

/** Whether it must first take what it was sent: an equal share of the memory for that is never too much. */
export function isClogged(state: GatewayState, { unread }: Connection): boolean {
  const { unreadBytes, maxAllUnreadBytes } = state.config.limits;
  return unread >= Math.min(unreadBytes, maxAllUnreadBytes / Math.max(1, state.unread.size));
}

/** Those that take so little of what they are sent that the memory for it is spent. */
export function slowReaders(state: GatewayState): Connection[] {
  const { maxUnreadBytes, maxAllUnreadBytes } = state.config.limits;
  const slow = [...state.cut];
  let excess = state.unreadBytes - maxAllUnreadBytes;
  for (const connection of state.unread) {
    if (connection.isCut || (connection.unread <= maxUnreadBytes && excess <= 0)) continue;
    slow.push(connection);
    excess -= connection.unread;
  }
  return slow;
}

/** Forgets all of a connection that is gone. What it has under way counts until its results come. */
export function forgetLoad(state: GatewayState, connection: Connection): void {
  const { limits, flow } = state.config;
  for (const { bytes } of connection.queue.slice(connection.head))
    count(state.queued, limits, bytes.length, -1);
  const { trailing } = connection;
  state.queued.requests -= trailing.requests;
  state.queued.bytes -= trailing.bytes;
  Object.assign(trailing, nothingTrailing());
  if (connection.outstanding > 0) state.busy--;
  connection.outstanding = 0;
  connection.outstandingBytes = 0;
  state.unread.delete(connection);
  state.unreadBytes -= connection.unread;
  connection.unread = 0;
  if (!state.held.delete(connection)) return;
  connection.isHeld = false;
  flow?.hold(connection.id, false);
}
