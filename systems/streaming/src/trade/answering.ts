/** The responder's side of a trade: ACCEPT for a valid RESERVE, and what follows from the REVEAL. */

import type { Env } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { brokenCommitment, twoStatements, wrongPartner } from '../evidence/making.ts';
import type { Accept, PushOffer, Reserve, Reveal, StreamMessage } from '../messages/messages.ts';
import { findTrade, isDebtor, type PeerState, post, strike, tradesOf } from '../peer/state.ts';
import { sendBriefcase } from './briefcases.ts';
import { settleLists } from './lists.ts';
import { authenticBody, hearAgain, signStatement, unsigned } from './signing.ts';
import { bodyDigest, commitmentOf } from './statements.ts';
import { createTrade, type Trade } from './trade.ts';

/**
 * The body of an opening that is to be answered. Everything else is ignored, refused or held against its sender: two
 * openings for one occasion, or one for which the sender did not draw this peer.
 */
export function acceptableOpening(
  peer: PeerState,
  env: Env<StreamMessage>,
  opening: Reserve | PushOffer,
): Uint8Array | null {
  const { from, round, tag } = opening;
  const { conduct, rules } = peer.setup;
  const body = authenticBody(peer, env, opening);
  if (body === null) return null;
  const earlier = findTrade(peer, round, tag, from, false);
  if (earlier !== null) {
    peer.meter.voids++;
    if (earlier.openedBy !== null) twoStatements(peer, env, earlier.openedBy, opening);
    return null;
  }
  const verdict = rules.judge(peer, env, opening);
  if (verdict === 'wrong-partner') wrongPartner(peer, env, opening);
  else if (verdict === 'busy') post(peer, env, from, { kind: 'busy', round, tag });
  else if (verdict === 'void') peer.meter.voids++;
  if (verdict !== 'serve' || isDebtor(peer, from)) return null;
  return conduct.trusts(peer, env, from) && conduct.answers(peer, env, from, tag) ? body : null;
}

export function onReserve(peer: PeerState, env: Env<StreamMessage>, reserve: Reserve): void {
  const { rules, conduct, keys } = peer.setup;
  const { from, round, tag } = reserve;
  const opening = acceptableOpening(peer, env, reserve);
  if (opening === null) return;
  const claim = conduct.claims(peer, env, rules.claim(peer, from, tag), tag, from, false);
  const answers = bodyDigest(keys.hash, opening);
  const accept: Accept = {
    kind: 'accept',
    epoch: peer.list.epoch,
    round,
    tag,
    from: peer.self,
    to: from,
    answers,
    have: claim.have,
    want: claim.want,
    known: claim.known,
    mayOwe: claim.mayOwe,
    mayGive: claim.mayGive,
    signature: unsigned(),
  };
  const body = signStatement(peer, accept);
  const trade = createTrade({
    peer: from,
    isInitiator: false,
    tag,
    round,
    stage: 'answered',
    claim,
    nonce: NO_NONCE,
    openedBy: reserve,
    opening: answers,
  });
  trade.answer = bodyDigest(keys.hash, body);
  tradesOf(peer, round).push(trade);
  post(peer, env, from, accept);
}

const NO_NONCE = new Uint8Array(0);

export function onReveal(peer: PeerState, env: Env<StreamMessage>, reveal: Reveal): void {
  const { keys, shape } = peer.setup;
  const trade = findTrade(peer, reveal.round, reveal.tag, reveal.from, false);
  if (trade === null || trade.openedBy?.kind !== 'reserve') return;
  if (trade.stage !== 'answered') return hearAgain(peer, env, trade.toldBy, reveal);
  if (authenticBody(peer, env, reveal) === null) return;
  const reserve = trade.openedBy;
  if (!equalBytes(commitmentOf(keys.hash, shape, reveal.nonce, reveal, reveal.tag), reserve.commitment)) {
    trade.stage = 'closed';
    strike(peer, env, reveal.from, 'broken-commitment');
    return brokenCommitment(peer, env, reserve, reveal);
  }
  trade.theirs = reveal;
  trade.toldBy = reveal;
  agree(peer, env, trade);
}

function agree(peer: PeerState, env: Env<StreamMessage>, trade: Trade): void {
  const { rules, shape } = peer.setup;
  if (trade.theirs === null || trade.answer === null) return;
  const lists = settleLists(rules, shape, trade.round, trade.theirs, trade.claim, trade.answer);
  trade.give = lists.byResponder;
  trade.take = lists.byInitiator;
  trade.stage = trade.give.length + trade.take.length > 0 ? 'agreed' : 'closed';
  if (trade.stage === 'closed') return rules.ended?.(peer, env, trade, 0);
  rules.agreed?.(peer, env, trade);
  if (trade.take.length === 0) sendBriefcase(peer, env, trade);
}
