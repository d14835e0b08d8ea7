/** The initiator's side of a trade: RESERVE, and what follows from the partner's ACCEPT. */

import { tagged } from '@concordat/crypto';
import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import {
  type Accept,
  type Busy,
  type Introduction,
  NONCE_BYTES,
  type ProofOfChoice,
  type Reserve,
  type Reveal,
  type StreamMessage,
  type Tag,
} from '../messages/messages.ts';
import { findTrade, type PeerState, post, strike, tradesOf } from '../peer/state.ts';
import { sendBriefcase } from './briefcases.ts';
import { settleLists } from './lists.ts';
import { authenticBody, hearAgain, signStatement, unsigned } from './signing.ts';
import { bodyDigest, commitmentOf } from './statements.ts';
import { createTrade, type Trade } from './trade.ts';

/** 1: opens a trade with `to`, by a choice that permits it. */
export function openTrade(
  peer: PeerState,
  env: Env<StreamMessage>,
  to: NodeId,
  tag: Tag,
  choice: ProofOfChoice,
  introduction: Introduction | null,
): Trade {
  const { rules, conduct, keys, shape } = peer.setup;
  const claim = conduct.claims(peer, env, rules.claim(peer, to, tag), tag, to, true);
  const nonce = env.secret(NONCE_BYTES);
  const reserve: Reserve = {
    kind: 'reserve',
    epoch: peer.list.epoch,
    round: peer.round,
    tag,
    from: peer.self,
    to,
    proof: choice.proof,
    candidate: choice.candidate,
    evictions: choice.evictions,
    commitment: commitmentOf(keys.hash, shape, nonce, claim, tag),
    signature: unsigned(),
    introduction,
  };
  const body = signStatement(peer, reserve);
  const trade = createTrade({
    peer: to,
    isInitiator: true,
    tag,
    round: peer.round,
    stage: 'opened',
    claim,
    nonce,
    openedBy: null,
    opening: bodyDigest(keys.hash, body),
  });
  tradesOf(peer, peer.round).push(trade);
  post(peer, env, to, reserve);
  return trade;
}

/** 3: shows the claim that RESERVE committed to, now that the partner's is known. */
function reveal(peer: PeerState, env: Env<StreamMessage>, trade: Trade): void {
  const told: Reveal = {
    kind: 'reveal',
    epoch: peer.list.epoch,
    round: trade.round,
    tag: trade.tag,
    from: peer.self,
    to: trade.peer,
    nonce: trade.nonce,
    have: trade.claim.have,
    want: trade.claim.want,
    known: trade.claim.known,
    mayOwe: trade.claim.mayOwe,
    mayGive: trade.claim.mayGive,
    signature: unsigned(),
  };
  signStatement(peer, told);
  post(peer, env, trade.peer, told);
}

export function onAccept(peer: PeerState, env: Env<StreamMessage>, accept: Accept): void {
  const { rules, shape, keys } = peer.setup;
  const trade = findTrade(peer, accept.round, accept.tag, accept.from, true);
  if (trade === null) return;
  if (trade.stage !== 'opened') return hearAgain(peer, env, trade.toldBy, accept);
  if (!equalBytes(accept.answers, trade.opening)) return strike(peer, env, accept.from, 'answers-another');
  const body = authenticBody(peer, env, accept);
  if (body === null) return;
  trade.theirs = accept;
  trade.toldBy = accept;
  trade.answer = bodyDigest(keys.hash, body);
  trade.claim = rules.reconsider?.(peer, env, trade) ?? trade.claim;
  const lists = settleLists(rules, shape, trade.round, trade.claim, accept, trade.answer);
  trade.give = lists.byInitiator;
  trade.take = lists.byResponder;
  trade.stage = trade.give.length + trade.take.length > 0 ? 'agreed' : 'closed';
  reveal(peer, env, trade);
  if (trade.stage === 'closed') return rules.ended?.(peer, env, trade, 0);
  rules.agreed?.(peer, env, trade);
  if (trade.give.length > 0) sendBriefcase(peer, env, trade);
}

/** FlightPath: the partner is in as many trades as it will be. */
export function onBusy(peer: PeerState, env: Env<StreamMessage>, from: NodeId, busy: Busy): void {
  const trade = findTrade(peer, busy.round, busy.tag, from, true);
  if (trade === null || trade.stage !== 'opened') return;
  trade.stage = 'closed';
  peer.setup.rules.refused?.(peer, env, from, busy.round);
}

/** The digest by which a key is bound. */
export const keyDigestOf = (peer: PeerState, key: Uint8Array): Uint8Array =>
  tagged(peer.setup.keys.hash, 'briefcase-key', key);
