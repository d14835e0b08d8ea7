/** Evidence as it is found: each function keeps what convicts, for the broadcaster's next audit. */

import type { Env } from '@concordat/kernel';
import { indexOfId, roundOfId } from '../bits.ts';
import { headerOf } from '../content/store.ts';
import type { PushOffer, Reserve, Reveal, StreamMessage, TradeStatement } from '../messages/messages.ts';
import { keepEvidence, type PeerState } from '../peer/state.ts';
import { bodyOf } from '../trade/statements.ts';
import type { Trade } from '../trade/trade.ts';
import { type EvidencedStatement, encodeEvidence, pairEvidence } from './evidence.ts';

const statementOf = (peer: PeerState, statement: TradeStatement): EvidencedStatement => ({
  body: bodyOf(peer.setup.shape, statement),
  signature: statement.signature,
});

function keepPair(
  peer: PeerState,
  env: Env<StreamMessage>,
  rule: 'two-statements' | 'broken-commitment',
  first: TradeStatement,
  second: TradeStatement,
): void {
  const [one, other] = [statementOf(peer, first), statementOf(peer, second)];
  const evidence = pairEvidence(peer.setup.stream, rule, first.from, one, other);
  if (evidence !== null) keepEvidence(peer, env, first.from, rule, encodeEvidence(evidence));
}

/** Two statements for one occasion. The same one twice is none. */
export const twoStatements = (
  peer: PeerState,
  env: Env<StreamMessage>,
  first: TradeStatement,
  second: TradeStatement,
): void => keepPair(peer, env, 'two-statements', first, second);

/** A REVEAL that is not what the RESERVE committed to. */
export const brokenCommitment = (
  peer: PeerState,
  env: Env<StreamMessage>,
  reserve: Reserve,
  reveal: Reveal,
): void => keepPair(peer, env, 'broken-commitment', reserve, reveal);

/** An opening to a peer that its sender did not draw. */
export function wrongPartner(peer: PeerState, env: Env<StreamMessage>, opening: Reserve | PushOffer): void {
  const evidence = {
    rule: 'wrong-partner',
    accused: opening.from,
    statement: statementOf(peer, opening),
  } as const;
  keepEvidence(peer, env, opening.from, evidence.rule, encodeEvidence(evidence));
}

/** An item of a briefcase that is not the packet that its signed list names. */
export function badBriefcase(
  peer: PeerState,
  env: Env<StreamMessage>,
  trade: Trade,
  at: number,
  key: Uint8Array,
): void {
  const briefcase = trade.received;
  const { shape, sealing } = peer.setup;
  const id = briefcase?.contents[at];
  if (briefcase === null || id === undefined) return;
  const header = headerOf(peer.store, roundOfId(shape, id, trade.round));
  if (header === undefined || header.round !== roundOfId(shape, id, trade.round)) return;
  const evidence = {
    rule: 'bad-briefcase',
    accused: briefcase.from,
    statement: statementOf(peer, briefcase),
    at,
    index: indexOfId(shape, id),
    key,
    header,
    exhibit: sealing.exhibit(briefcase.sealed, at),
  } as const;
  keepEvidence(peer, env, briefcase.from, evidence.rule, encodeEvidence(evidence));
}
