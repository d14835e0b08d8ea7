/** Making and checking the signed statements of trades, counted. */

import { SIGNATURE_BYTES } from '@concordat/crypto';
import type { Env } from '@concordat/kernel';
import { twoStatements } from '../evidence/making.ts';
import type { Signer } from '../keys.ts';
import type { Occasion, StreamMessage, TradeStatement } from '../messages/messages.ts';
import { type PeerState, partnerOf, strike } from '../peer/state.ts';
import { bodyOf, isBodySigned, signBody } from './statements.ts';

/**
 * Room for the signature of a statement that is being made. PERF: a statement is one literal, signature included. Spread into a second
 * one, with more than a dozen fields, it would be a dictionary to V8, and each look at a field a search: a quarter of a peer's round.
 */
export const unsigned = (): Uint8Array => new Uint8Array(SIGNATURE_BYTES);

/** Puts this peer's signature into a statement that has room for it; returns the body that is signed. */
export function signStatement(peer: PeerState, statement: TradeStatement): Uint8Array {
  const { shape, keys, stream } = peer.setup;
  const body = bodyOf(shape, statement);
  peer.meter.signatures++;
  statement.signature.set(signBody(keys, stream, body));
  return body;
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
