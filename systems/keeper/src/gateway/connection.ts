/** What every part of the gateway does with a connection: send to it, and be done with it. */

import type { Env, Millis } from '@concordat/kernel';
import { createWriter } from '@concordat/wire';
import { Perms } from '../jute/protocol.ts';
import { writeReplyHeader, writeWatchEvent } from '../jute/responses.ts';
import { domainName } from '../keeper.ts';
import { type Acl, isPermitted, OPEN_ACL, type Principal } from '../tree/acl.ts';
import { countSent, forgetLoad, isOverfull } from './load.ts';
import { clientFrame, type GatewayMessage } from './message.ts';
import type { Connection, GatewayState } from './state.ts';
import { countAnswer, countLatency, countSummary, type Summary } from './statistics.ts';
import { type Deliver, forgetConnection } from './watches.ts';

/** Shared by all answers of this thread: each is finished before the next begins. */
export const answers = createWriter(64 * 1024);

/** The framing's, which counts as traffic. */
export const LENGTH_BYTES = 4;

/** An answer. */
export function sendFrame(
  state: GatewayState,
  env: Env<GatewayMessage>,
  to: Connection,
  bytes: Uint8Array,
): void {
  state.tally.bytesAnswered += LENGTH_BYTES + bytes.length;
  countAnswer(state.tally, bytes.length);
  send(state, env, to, bytes);
}

/** Never early: what is told rests on the own replica's vote as well, which counts here before the own disk has it. */
function send(state: GatewayState, env: Env<GatewayMessage>, to: Connection, bytes: Uint8Array): void {
  if (isOverfull(state, to)) return;
  to.sent++;
  state.statistics.sent++;
  countSent(state, to, LENGTH_BYTES + bytes.length, env.now);
  if (state.leavingSince === null || to.phase !== 'live') env.send(to.id, clientFrame(bytes));
  else withhold(state, env, to, bytes);
}

/** Keeps an answer back until its client is let go, or has more to take than may wait. */
function withhold(state: GatewayState, env: Env<GatewayMessage>, to: Connection, bytes: Uint8Array): void {
  to.withheld.push(bytes);
  to.withheldBytes += bytes.length;
  if (to.withheldBytes >= state.config.limits.unreadBytes) sendWithheld(env, to);
}

function sendWithheld(env: Env<GatewayMessage>, to: Connection): void {
  for (const bytes of to.withheld.splice(0)) env.send(to.id, clientFrame(bytes));
  to.withheldBytes = 0;
}

/** Counts a request as answered, as one of the reads or updates of the tally. */
export function countAnswered(
  state: GatewayState,
  connection: Connection,
  request: { readonly op: number; readonly xid: number; readonly since: Millis },
  zxid: number,
  now: Millis,
  kind: Summary,
): void {
  const took = now - request.since;
  countLatency(state.statistics.latency, took);
  countLatency(connection.latency, took);
  countSummary(kind, took);
  const { last } = connection;
  last.op = request.op;
  // Numbers below 0 are no client's own: what it last asked is of more use.
  if (request.xid >= 0) last.xid = request.xid;
  last.zxid = zxid;
  last.at = now;
}

/** A reply with no more than a header. */
export function sendHeader(
  state: GatewayState,
  env: Env<GatewayMessage>,
  to: Connection,
  xid: number,
  zxid: number,
  err: number,
): void {
  writeReplyHeader(answers, xid, zxid, err);
  sendFrame(state, env, to, answers.finish());
}

/** A function that tells connections of watch events, encoding each event once. */
export function createNotifier(state: GatewayState, env: Env<GatewayMessage>): Deliver {
  let lastType = 0;
  let lastPath = '';
  let bytes: Uint8Array = new Uint8Array(0);
  return (id, type, path, acl) => {
    const connection = state.connections.get(id);
    if (connection === undefined || !mayRead(state, connection, acl, path)) return;
    if (type !== lastType || path !== lastPath) {
      writeWatchEvent(answers, type, path);
      bytes = answers.finish();
      lastType = type;
      lastPath = path;
    }
    send(state, env, connection, bytes);
  };
}

function mayRead(state: GatewayState, to: Connection, acl: readonly Acl[], path: string): boolean {
  if (acl === OPEN_ACL) return true;
  return isPermitted(acl, Perms.read, principalOf(state, to), path);
}

/** On whose behalf a connection's requests run. */
export const principalOf = (state: GatewayState, connection: Connection): Principal => ({
  domain: domainName(state.config.service.keeper.config, state.config.domain),
  identities: connection.identities,
});

/** Drops the link after what was sent to it. The session, if any, lives on until it expires or comes back. */
export function closeConnection(state: GatewayState, env: Env<GatewayMessage>, connection: Connection): void {
  if (connection.phase === 'closed') return;
  if (!connection.isCut) sendWithheld(env, connection);
  forget(state, connection);
  env.close(connection.id);
}

/** Forgets a connection whose link is gone. */
export function forget(state: GatewayState, connection: Connection): void {
  connection.phase = 'closed';
  forgetLoad(state, connection);
  connection.queue = [];
  connection.head = 0;
  // What it has in the outbox nobody waits for any more.
  state.hasVoid ||= state.outbox.length > 0;
  state.connections.delete(connection.id);
  for (const among of [state.silent, state.waiting, state.ready, state.stalled, state.clogged, state.cut])
    among.delete(connection);
  if (state.config.door === undefined) state.door.leave(connection.address);
  if (state.bySession.get(connection.session) === connection) state.bySession.delete(connection.session);
  forgetConnection(state.watches, connection.id);
}

/** Rule 5: what is older than a third of the session timeout must not be passed off as the present. */
export const isFresh = (state: GatewayState, now: number, timeoutMs: number): boolean =>
  now - state.exposedTime < timeoutMs / 3;

/** What is older is not what the others have now. */
const SERVING_MS = 3000;

/** Whether clients who come now are served: the log has lately moved, and the gateway may speak for its domain. */
export const isServing = ({ claim, exposedTime, leavingSince }: GatewayState, now: number): boolean =>
  claim === 'held' && leavingSince === null && now - exposedTime < SERVING_MS;
