/**
 * Session ids: 64 bits for clients, a number below 2^53 inside. The top byte on the wire is the domain plus one (as
 * ZooKeeper puts the server id there), so ids of different domains never meet and none is 0, a TTL or a container mark;
 * the rest counts sessions.
 *
 *   wire    | domain + 1: 8 | 0: 12 | count: 44 |          inside   (domain + 1) * 2^44 + count
 */

import { assert } from '@concordat/kernel';
import type { Long } from '../jute/reader.ts';

/** In [2^44, 2^52). */
export type SessionId = number;

const COUNT_LIMIT = 2 ** 44;
export const MIN_SESSION_ID: SessionId = COUNT_LIMIT;
const COUNT_HIGH_LIMIT = 2 ** 12;
const MAX_DOMAINS = 126;

export function sessionIdOf(domain: number, count: number): SessionId {
  assert(domain < MAX_DOMAINS && count < COUNT_LIMIT, 'a session id has room for its domain and count');
  return (domain + 1) * COUNT_LIMIT + count;
}

export const domainOfSession = (session: SessionId): number => Math.floor(session / COUNT_LIMIT) - 1;

export function longOfSession(session: SessionId): Long {
  const count = session % COUNT_LIMIT;
  const high = (Math.floor(session / COUNT_LIMIT) << 24) | Math.floor(count / 2 ** 32);
  return { high, low: count >>> 0 };
}

/** The session that a client names, or 0 if no session was ever given that id. */
export function sessionOfLong(long: Long): SessionId | 0 {
  const top = long.high >>> 24;
  const countHigh = long.high & 0xff_ffff;
  if (top === 0 || top > MAX_DOMAINS || countHigh >= COUNT_HIGH_LIMIT) return 0;
  return top * COUNT_LIMIT + countHigh * 2 ** 32 + long.low;
}

/** As ZooKeeper prints it, `0x` and lower-case hexadecimal without leading zeros. */
export function sessionHex(session: SessionId): string {
  const { high, low } = longOfSession(session);
  const text = (high >>> 0).toString(16) + low.toString(16).padStart(8, '0');
  return `0x${text.replace(/^0+(?=.)/, '')}`;
}
