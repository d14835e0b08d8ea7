/**
 * What is signed in a stream: kind and body under the stream's own id, in accountability's layout. Whatever a peer signs can be
 * shown to anyone who has the stream's config and member list.
 */

import { statementBytes } from '@concordat/accountability';
import { type Hash, tagged } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import { createRoom } from '@concordat/wire';
import type { StreamConfig } from './config.ts';

/** The 32 bytes that stand for a stream in everything that is signed: nobody can sign for one and be quoted in another. */
export const streamId = (
  hash: Hash,
  config: Pick<StreamConfig, 'session' | 'broadcasterKey' | 'trackerKey'>,
): Digest => tagged(hash, 'stream', config.session, config.broadcasterKey, config.trackerKey);

/** By whom and for what: one kind for all that peers say in trades, so that any two such statements can be held together. */
export type StatementKind = 'trade' | 'header' | 'beacon' | 'members' | 'ticket' | 'delta' | 'card';

const NAMES: Record<StatementKind, string> = {
  trade: 'stream-trade',
  header: 'stream-header',
  beacon: 'stream-beacon',
  members: 'stream-members',
  ticket: 'stream-ticket',
  delta: 'stream-delta',
  card: 'stream-card',
};

export const statementName = (kind: StatementKind): string => NAMES[kind];

/** What comes before a body, by stream and kind. */
const prefixes = new WeakMap<Digest, Map<StatementKind, Uint8Array>>();

function prefixOf(stream: Digest, kind: StatementKind): Uint8Array {
  let known = prefixes.get(stream);
  if (known === undefined) {
    known = new Map();
    prefixes.set(stream, known);
  }
  let prefix = known.get(kind);
  if (prefix === undefined) {
    prefix = statementBytes(stream, NAMES[kind], new Uint8Array(0));
    known.set(kind, prefix);
  }
  return prefix;
}

const roomOf = createRoom(64 * 1024);

/**
 * The bytes that are signed, until the next call: whoever signs or verifies does it at once.
 *
 * PERF: a peer makes and checks 15 statements per round; an array of its own for each was 4 % of a simulation, and more of the
 * collector's work.
 */
export function signedBytes(stream: Digest, kind: StatementKind, body: Uint8Array): Uint8Array {
  const prefix = prefixOf(stream, kind);
  const size = prefix.length + body.length;
  const bytes = roomOf(size);
  bytes.set(prefix);
  bytes.set(body, prefix.length);
  return bytes;
}
