/**
 * Handing over keys. It is not a fair exchange, and need not be: who withholds a key is asked again, at a price for both, until what it
 * opens is worthless, and is not served meanwhile (BAR Gossip, OSDI 2006; facts 2.11, key step inequality). The initiator
 * gives first, once it holds the partner's briefcase.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { indexOfId, JUNK, roundOfId } from '../bits.ts';
import { isCurrent, putPacket } from '../content/store.ts';
import { badBriefcase } from '../evidence/making.ts';
import { type Briefcase, type Key, type KeyAsk, PUSH, type StreamMessage } from '../messages/messages.ts';
import { findTrade, type PeerState, post, strike } from '../peer/state.ts';
import { keyDigestOf } from './opening.ts';
import type { Trade } from './trade.ts';

/** 5, 6: asks for the key of what was received. */
export function askForKey(peer: PeerState, env: Env<StreamMessage>, trade: Trade): void {
  if (!peer.setup.conduct.asks(peer, env, trade)) return;
  trade.asks++;
  const { round, tag, isInitiator } = trade;
  post(peer, env, trade.peer, { kind: 'key-ask', round, tag, fromInitiator: isInitiator });
}

/**
 * A key is due once the other side's briefcase is here, if there is one; the responder's only once the initiator's key is, too.
 */
function isKeyDue(trade: Trade): boolean {
  if (trade.key === null) return false;
  if (trade.take.length === 0) return true;
  return trade.isInitiator ? trade.received !== null : trade.isOpened;
}

export function onKeyAsk(peer: PeerState, env: Env<StreamMessage>, from: NodeId, ask: KeyAsk): void {
  const { round, tag, fromInitiator } = ask;
  const trade = findTrade(peer, round, tag, from, !fromInitiator);
  if (trade === null || trade.key === null || !isKeyDue(trade)) return;
  if (!peer.setup.conduct.releases(peer, env, trade)) return;
  const isFirst = !trade.isKeyGiven;
  trade.isKeyGiven = true;
  post(peer, env, from, { kind: 'key', round, tag, fromInitiator: trade.isInitiator, key: trade.key });
  if (isFirst && trade.isInitiator && trade.received !== null && !trade.isOpened) askForKey(peer, env, trade);
}

export function onKey(peer: PeerState, env: Env<StreamMessage>, from: NodeId, message: Key): void {
  const trade = findTrade(peer, message.round, message.tag, from, !message.fromInitiator);
  if (trade === null || trade.received === null || trade.isOpened) return;
  // A key that is none is worth as much as no key, and proves nothing: it is not signed.
  if (!equalBytes(keyDigestOf(peer, message.key), trade.received.keyDigest))
    return strike(peer, env, from, 'wrong-key');
  trade.isOpened = true;
  if (trade.round !== peer.round) peer.debtors.delete(from);
  const got = unpack(peer, env, trade, trade.received, message.key);
  if (trade.give.length === 0 || trade.isKeyGiven || !trade.isInitiator) trade.stage = 'closed';
  peer.setup.rules.ended?.(peer, env, trade, got);
}

/** Takes in what is in the opened briefcase; how many packets were new. */
function unpack(
  peer: PeerState,
  env: Env<StreamMessage>,
  trade: Trade,
  { contents, sealed }: Briefcase,
  key: Uint8Array,
): number {
  const { setup, store, meter } = peer;
  let got = 0;
  for (let at = 0; at < contents.length; at++) {
    const id = contents[at] as number;
    if (trade.tag === PUSH && trade.isInitiator) id === JUNK ? meter.pushJunk++ : meter.pushReturns++;
    if (id === JUNK) continue;
    const expected = { round: roundOfId(setup.shape, id, trade.round), index: indexOfId(setup.shape, id) };
    if (!isCurrent(store, expected.round)) continue;
    const packet = setup.sealing.open(key, sealed, at, expected);
    const outcome = packet === null ? 'hostile' : putPacket(store, setup.check, packet);
    if (outcome === 'stored') got++;
    else if (outcome === 'duplicate') meter.duplicates++;
    else if (outcome === 'hostile') {
      meter.hostile++;
      badBriefcase(peer, env, trade, at, key);
    }
  }
  return got;
}

const isSettled = (trade: Trade): boolean => trade.take.length === 0 || trade.isOpened;

/**
 * The round of these trades is over, or was before: whoever owes a key or a briefcase is remembered until what it owes is worthless, and
 * asked again for keys.
 */
export function pressDebtors(peer: PeerState, env: Env<StreamMessage>, trades: readonly Trade[]): void {
  const { keys, lifetimeRounds } = peer.setup.config;
  for (const trade of trades) {
    if (trade.stage !== 'agreed' && trade.received === null) continue;
    if (isSettled(trade)) continue;
    const isOwed = trade.received !== null ? trade.asks > 0 : trade.stage === 'agreed';
    if (isOwed) peer.debtors.set(trade.peer, trade.round + lifetimeRounds);
    if (trade.received !== null && trade.asks > 0 && trade.asks < keys.asks) askForKey(peer, env, trade);
  }
}
