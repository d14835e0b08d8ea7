/** Commands about clients: connections, sessions, watches. Sessions are told by number, never by password. */

import type { Connection, GatewayState } from '../gateway/state.ts';
import { averageOf } from '../gateway/statistics.ts';
import { namesOf, operationName } from '../gateway/words.ts';
import { longOfSession, type SessionId } from '../sessions/session-id.ts';
import { deadlinesOf } from '../sessions/sessions.ts';
import type { AdminContext } from './context.ts';
import type { Json } from './json.ts';

type Fields = Readonly<Record<string, Json>>;

/** The number as ZooKeeper knows it. */
function sessionNumber(session: SessionId): bigint {
  const { high, low } = longOfSession(session);
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0));
}

function briefly(connection: Connection): Fields {
  return {
    remote_socket_address: namesOf(connection),
    outstanding_requests: connection.queue.length - connection.head + connection.ordered,
    packets_received: connection.received,
    packets_sent: connection.sent,
  };
}

function atLength(connection: Connection): Fields {
  const { last, latency } = connection;
  return {
    ...briefly(connection),
    session_id: sessionNumber(connection.session),
    last_operation: operationName(last.op),
    established: Math.round(connection.since),
    session_timeout: connection.timeoutMs,
    last_cxid: last.xid,
    last_zxid: last.zxid,
    last_response_time: Math.round(last.at),
    last_latency: Math.round(latency.last),
    min_latency: Math.round(latency.min),
    avg_latency: Math.round(averageOf(latency)),
    max_latency: Math.round(latency.max),
  };
}

/** Connections without a session are told in short, as ZooKeeper does. */
export function connectionsOf({ state }: AdminContext, isBrief: boolean): Fields {
  const { isSecure = () => false } = state.config;
  const all = [...state.connections.values()];
  const told = (ofSecure: boolean) =>
    all
      .filter(({ id }) => isSecure(id) === ofSecure)
      .map((connection) =>
        isBrief || connection.phase !== 'live' ? briefly(connection) : atLength(connection),
      );
  return { connections: told(false), secure_connections: told(true) };
}

export function dumpOf({ state }: AdminContext): Fields {
  const { sessions, tree, meta } = state.config.service.keeper;
  const { time, lease } = meta.get();
  const expiries: Record<string, Json> = {};
  // Leases run on a clock of their own; told is when they end if the log goes on as it does.
  for (const [deadline, ids] of deadlinesOf(sessions))
    expiries[`${deadline - lease + time}`] = [...ids].map(sessionNumber);
  const ephemerals: Record<string, Json> = {};
  for (const [session, paths] of tree.ephemerals) ephemerals[`${sessionNumber(session)}`] = [...paths];
  return { expiry_time_to_session_ids: expiries, session_id_to_ephemeral_paths: ephemerals };
}

export function watchesOf({ state }: AdminContext): Fields {
  const paths: Record<string, Json> = {};
  for (const [id, watched] of state.watches.byConnection) {
    const all = new Set([...watched.data, ...watched.child, ...watched.persistent, ...watched.recursive]);
    if (all.size > 0) paths[`${numberAt(state, id)}`] = [...all];
  }
  return { session_id_to_watched_paths: paths };
}

export function watchesByPathOf({ state }: AdminContext): Fields {
  const sessions = new Map<string, Set<bigint>>();
  const { data, child, persistent, recursive } = state.watches;
  for (const table of [data, child, persistent, recursive]) {
    for (const [path, ids] of table) {
      const known = sessions.get(path) ?? new Set();
      for (const id of ids) known.add(numberAt(state, id));
      sessions.set(path, known);
    }
  }
  const fields = [...sessions].map(([path, ids]) => [path, [...ids]] as const);
  return { path_to_session_ids: Object.fromEntries(fields) };
}

const numberAt = (state: GatewayState, connection: number): bigint =>
  sessionNumber(state.connections.get(connection)?.session ?? 0);
