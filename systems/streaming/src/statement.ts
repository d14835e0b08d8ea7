/**
 * What is signed in a stream: kind and body under the stream's own id, in accountability's layout. Whatever a peer signs can be
 * shown to anyone who has the stream's config and member list.
 */

import { statementBytes } from '@concordat/accountability';
import { type Hash, tagged } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import type { StreamConfig } from './config.ts';

/** The 32 bytes that stand for a stream in everything that is signed: nobody can sign for one and be quoted in another. */
export const streamId = (
  hash: Hash,
  config: Pick<StreamConfig, 'session' | 'broadcasterKey' | 'trackerKey'>,
): Digest => tagged(hash, 'stream', config.session, config.broadcasterKey, config.trackerKey);

/** By whom and for what: one kind for all that peers say in trades, so that any two such statements can be held together. */
export type StatementKind = 'trade' | 'header' | 'beacon' | 'members' | 'evictions' | 'ticket' | 'delta';

const NAMES: Record<StatementKind, string> = {
  trade: 'stream-trade',
  header: 'stream-header',
  beacon: 'stream-beacon',
  members: 'stream-members',
  evictions: 'stream-evictions',
  ticket: 'stream-ticket',
  delta: 'stream-delta',
};

export const statementName = (kind: StatementKind): string => NAMES[kind];

export const signedBytes = (stream: Digest, kind: StatementKind, body: Uint8Array): Uint8Array =>
  statementBytes(stream, NAMES[kind], body);
