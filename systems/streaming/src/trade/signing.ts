/** Making and checking the signed statements of trades, counted. */

import type { Env } from '@concordat/kernel';
import { twoStatements } from '../evidence/making.ts';
import type { Signer } from '../keys.ts';
import type { Occasion, StreamMessage, TradeStatement } from '../messages/messages.ts';
import { type PeerState, partnerOf, strike } from '../peer/state.ts';
import { bodyOf, isBodySigned, type StatementBody, signBody } from './statements.ts';

/** The body of a statement and this peer's signature over it. */
export function signStatementBody(
  peer: PeerState,
  statement: StatementBody,
): { readonly body: Uint8Array; readonly signature: Uint8Array } {
  const { shape, keys, stream } = peer.setup;
  const body = bodyOf(shape, statement);
  peer.meter.signatures++;
  return { body, signature: signBody(keys, stream, body) };
}

/** The body of an authentic statement from a member that is not evicted; null, and a strike, for anything else. */
export function authenticBody(
  peer: PeerState,
  env: Env<StreamMessage>,
  message: TradeStatement,
): Uint8Array | null {
  const { shape, keys, stream } = peer.setup;
  const member: Signer | null = partnerOf(peer, message.from);
  if (member === null) return null;
  const body = bodyOf(shape, message);
  peer.meter.verifications++;
  if (isBodySigned(keys, stream, member, body, message.signature)) return body;
  strike(peer, env, message.from, 'bad-signature');
  return null;
}

/** True if `message` says to be from `from` for this peer, in an epoch that it knows. */
export const isAddressed = (peer: PeerState, from: number, message: Occasion): boolean =>
  message.from === from &&
  message.to === peer.self &&
  message.epoch === peer.list.epoch &&
  peer.list.memberOf(from) !== undefined;

/** The partner says something else for the same occasion than it did before: evidence, if it is authentic. The same again is none. */
export function hearAgain(
  peer: PeerState,
  env: Env<StreamMessage>,
  before: TradeStatement | null,
  now: TradeStatement,
): void {
  peer.meter.voids++;
  if (before === null || before === now || before.kind !== now.kind) return;
  if (authenticBody(peer, env, now) !== null) twoStatements(peer, env, before, now);
}
