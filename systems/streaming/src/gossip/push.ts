/**
 * Optimistic push: a peer that lags gives young packets away and hopes for old ones in return. It gets as many items as it gave, useful
 * or junk, and cannot know which; junk is larger, so whoever has what was asked for gives it (BAR Gossip, OSDI 2006; facts 2.6).
 *
 *   c -> p  PUSH_OFFER  young packets that c has, old ones that it lacks
 *   p -> c  PUSH_WANT   which of the young ones p takes
 *   c -> p  BRIEFCASE   these
 *   p -> c  BRIEFCASE   as many old ones, or junk; keys as in an exchange
 */

import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import {
  type Bits,
  copyBits,
  countBits,
  createBits,
  isEmpty,
  JUNK,
  pickNewest,
  pickOldest,
  rowOf,
  type Shape,
  setBit,
  subtract,
} from '../bits.ts';
import type { GossipParameters } from '../config.ts';
import { knownRounds } from '../content/store.ts';
import {
  type Claim,
  type ProofOfChoice,
  PUSH,
  type PushOffer,
  type PushWant,
  type StreamMessage,
} from '../messages/messages.ts';
import { findTrade, type PeerState, post, strike, tradesOf } from '../peer/state.ts';
import { acceptableOpening } from '../trade/answering.ts';
import { sendBriefcase } from '../trade/briefcases.ts';
import { authenticBody, hearAgain, signStatement, unsigned } from '../trade/signing.ts';
import { bodyDigest } from '../trade/statements.ts';
import { createTrade, type Trade } from '../trade/trade.ts';
import { missing } from './rules.ts';

const NO_NONCE = new Uint8Array(0);

const parametersOf = (peer: PeerState): GossipParameters | null => {
  const { protocol } = peer.setup.config;
  return protocol.kind === 'gossip' ? protocol : null;
};

/** The rows of `bits` that belong to rounds from `first` to `last`. */
function rowsOf(shape: Shape, bits: Bits, first: number, last: number): Bits {
  const rows = createBits(shape);
  for (let round = Math.max(0, first); round <= last; round++) {
    const base = rowOf(shape, round) * shape.rowWords;
    for (let i = base; i < base + shape.rowWords; i++) rows[i] = bits[i] as number;
  }
  return rows;
}

const claimOf = (have: Bits, want: Bits, known: number): Claim => ({
  have,
  want,
  known,
  mayOwe: 0,
  mayGive: 0,
});

/** 1: offers young packets, if there are any, and if something old is missing. */
export function offerPush(peer: PeerState, env: Env<StreamMessage>, to: NodeId, choice: ProofOfChoice): void {
  const { shape, conduct, keys } = peer.setup;
  const { store, round } = peer;
  const parameters = parametersOf(peer);
  if (parameters === null) return;
  const oldest = round - shape.lifetime + 1;
  const offer = conduct.offers(
    peer,
    env,
    rowsOf(shape, store.have, round - parameters.youngRounds + 1, round),
    rowsOf(shape, missing(shape, round, store.have), oldest, oldest + parameters.oldRounds - 1),
  );
  if (isEmpty(offer.young) || isEmpty(offer.old)) return;
  const made: PushOffer = {
    kind: 'push-offer',
    epoch: peer.list.epoch,
    round,
    tag: PUSH,
    from: peer.self,
    to,
    proof: choice.proof,
    candidate: choice.candidate,
    evictions: choice.evictions,
    young: offer.young,
    old: offer.old,
    known: knownRounds(store),
    signature: unsigned(),
  };
  const body = signStatement(peer, made);
  const trade = createTrade({
    peer: to,
    isInitiator: true,
    tag: PUSH,
    round,
    stage: 'opened',
    claim: claimOf(offer.young, offer.old, made.known),
    nonce: NO_NONCE,
    openedBy: null,
    opening: bodyDigest(keys.hash, body),
  });
  tradesOf(peer, round).push(trade);
  post(peer, env, to, made);
}

/**
 * What comes back for `owed` packets: asked-for ones that are here, the rest junk. Oldest first: nobody else may bring them in time.
 * Newest first, more than twice as many came too late.
 */
function returnsFor(peer: PeerState, env: Env<StreamMessage>, old: Bits, owed: number): number[] {
  const { shape, conduct } = peer.setup;
  const held = pickOldest(shape, peer.store.have, old, peer.round, 0, owed);
  const given = conduct.returns(peer, env, owed, held).slice(0, owed);
  while (given.length < owed) given.push(JUNK);
  return given;
}

/** 2: takes what is of use. */
export function onPushOffer(peer: PeerState, env: Env<StreamMessage>, offer: PushOffer): void {
  const { shape, conduct, keys } = peer.setup;
  const parameters = parametersOf(peer);
  const opening = acceptableOpening(peer, env, offer);
  if (opening === null || parameters === null) return;
  const { from, round } = offer;
  const lacked = missing(shape, round, peer.store.have);
  const first = (opening[opening.length - 1] as number) % shape.perRound;
  const useful = pickNewest(shape, offer.young, lacked, round, first, parameters.pushSize);
  const want = createBits(shape);
  for (const id of conduct.wants(peer, env, useful).slice(0, parameters.pushSize)) setBit(shape, want, id);
  const answers = bodyDigest(keys.hash, opening);
  const known = knownRounds(peer.store);
  const made: PushWant = {
    kind: 'push-want',
    epoch: peer.list.epoch,
    round,
    tag: PUSH,
    from: peer.self,
    to: from,
    answers,
    want,
    known,
    signature: unsigned(),
  };
  const body = signStatement(peer, made);
  const trade = createTrade({
    peer: from,
    isInitiator: false,
    tag: PUSH,
    round,
    stage: 'answered',
    claim: claimOf(createBits(shape), want, known),
    nonce: NO_NONCE,
    openedBy: offer,
    opening: answers,
  });
  trade.theirs = claimOf(offer.young, offer.old, offer.known);
  trade.answer = bodyDigest(keys.hash, body);
  trade.take = wantedIds(shape, round, want);
  trade.give = returnsFor(peer, env, offer.old, trade.take.length);
  trade.stage = trade.take.length > 0 ? 'agreed' : 'closed';
  tradesOf(peer, round).push(trade);
  post(peer, env, from, made);
}

/** In the order in which both sides list them. */
const wantedIds = (shape: Shape, round: number, want: Bits): number[] =>
  pickNewest(shape, want, want, round, 0, shape.lifetime * shape.perRound);

/** True if only offered packets are taken, and not too many. */
function isModest(shape: Shape, trade: Trade, want: Bits, limit: number): boolean {
  const beyond = copyBits(shape, want);
  subtract(beyond, trade.claim.have);
  return isEmpty(beyond) && countBits(want) <= limit;
}

/** 3: gives what is taken. */
export function onPushWant(peer: PeerState, env: Env<StreamMessage>, want: PushWant): void {
  const { shape, keys } = peer.setup;
  const parameters = parametersOf(peer);
  const trade = findTrade(peer, want.round, PUSH, want.from, true);
  if (trade === null || parameters === null) return;
  if (trade.stage !== 'opened') return hearAgain(peer, env, trade.toldBy, want);
  if (!equalBytes(want.answers, trade.opening) || !isModest(shape, trade, want.want, parameters.pushSize))
    return strike(peer, env, want.from, 'answers-another');
  const body = authenticBody(peer, env, want);
  if (body === null) return;
  trade.toldBy = want;
  trade.theirs = claimOf(createBits(shape), want.want, want.known);
  trade.answer = bodyDigest(keys.hash, body);
  trade.give = wantedIds(shape, want.round, want.want);
  // As many items come back; which ones is the partner's choice.
  trade.take = trade.give;
  trade.stage = trade.give.length > 0 ? 'agreed' : 'closed';
  if (trade.stage === 'agreed') sendBriefcase(peer, env, trade);
}
