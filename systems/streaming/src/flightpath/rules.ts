/**
 * How FlightPath trades on the common trade (Li et al., OSDI 2008): with any of a few permitted partners, unevenly by a little,
 * up to K packets of a round and no further. What the initiator wants is said last, in REVEAL, and of trades that others
 * begin only one at a time is open: so each want leaves out what the former trades will bring.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { copyBits, createBits, type Shape } from '../bits.ts';
import { knownRounds } from '../content/store.ts';
import {
  type Claim,
  FLEXIBLE,
  type PushOffer,
  type Reserve,
  type StreamMessage,
} from '../messages/messages.ts';
import { isDebtor, type PeerState } from '../peer/state.ts';
import type { Judgement, Trade, TradeRules } from '../trade/trade.ts';
import { dropPledge, pays, pledgePackets, pledgeToAnswer, settlePledge } from './budgeting.ts';
import { isPermitted } from './candidates.ts';
import { bookTrade, giftLimit } from './debt.ts';
import { turnEpoch } from './following.ts';
import { isAwaiting, onTradeEnded, onTradeRefused, onTradeSettled, startRound } from './initiating.ts';
import { countUrgent, fillWant, type NeedRules, pickUrgent } from './need.ts';
import { awaitStep } from './overdue.ts';
import { clearBits, setBits } from './pending.ts';
import type { FlightPathPolicy } from './policy.ts';
import { hasLapsed, noteDelivery } from './standing.ts';
import type { FlightState } from './state.ts';
import { tradeSizes } from './trade-size.ts';

type Peer = PeerState<FlightState>;

export function wantOf(peer: Peer): Claim['want'] {
  const { own, store, round, playFrom } = peer;
  const want = createBits(own.need.shape);
  const pending = own.policy.splitsNeed ? own.pending : createBits(own.need.shape);
  fillWant(own.need, want, store.have, pending, round, playFrom);
  return want;
}

function claim(peer: Peer, to: NodeId): Claim {
  const { own, store } = peer;
  return {
    have: copyBits(own.need.shape, store.have),
    want: wantOf(peer),
    known: knownRounds(store),
    mayOwe: own.conduct.gift(peer, to, giftLimit(own.debts, to)),
    mayGive: own.promise,
  };
}

function judge(peer: Peer, env: Env<StreamMessage>, opening: Reserve | PushOffer): Judgement {
  const { own } = peer;
  if (opening.kind !== 'reserve' || opening.tag !== FLEXIBLE) return 'void';
  if (!own.conduct.accepts(peer, env, opening.from)) return 'busy';
  // Cheap reasons first: whoever is refused costs no check of a proof.
  if (isAwaiting(peer) || hasLapsed(peer, opening.from) || isDebtor(peer, opening.from)) return 'busy';
  if (own.budget.accepted >= own.budget.acceptLimit) return 'busy';
  if (!isPermitted(peer, opening)) return 'void';
  const promise = pledgeToAnswer(peer, opening.from);
  if (promise === null) return 'busy';
  own.promise = promise;
  own.unsettled = opening.from;
  awaitStep(peer, env, opening.from, false, 'reveal');
  return 'serve';
}

/** A new round: promises of the last one count no more, and its row is empty. */
function began(peer: Peer, env: Env<StreamMessage>): void {
  turnEpoch(peer, env);
  startRound(peer, env);
}

function agreed(peer: Peer, env: Env<StreamMessage>, trade: Trade): void {
  setBits(peer, trade.take);
  settlePledge(peer, trade);
  onTradeSettled(peer, env, trade);
}

function ended(peer: Peer, env: Env<StreamMessage>, trade: Trade, got: number): void {
  const { own } = peer;
  clearBits(peer, trade.take);
  if (trade.give.length + trade.take.length === 0) {
    dropPledge(own, trade.peer, trade.round, trade.isInitiator);
    onTradeSettled(peer, env, trade);
  } else {
    if (got > 0) remember(peer, trade.peer);
    bookTrade(own.debts, trade.peer, trade.key === null ? 0 : trade.give.length, Math.max(got, 0));
  }
  onTradeEnded(peer, env, trade);
}

/** Of the latest partners that delivered. */
const RECENT = 16;

function remember(peer: Peer, partner: NodeId): void {
  const { own } = peer;
  noteDelivery(peer, partner);
  own.recent.push(partner);
  if (own.recent.length > RECENT) own.recent.shift();
}

export function flightRules(
  need: NeedRules,
  policy: FlightPathPolicy,
  packetsPerRound: number,
): TradeRules<FlightState> {
  return {
    began,
    judge,
    claim,
    reconsider: (peer, _env, trade) => ({
      ...trade.claim,
      want: wantOf(peer),
      mayGive: pledgePackets(peer, trade),
    }),
    offered: (_shape: Shape, _round, giver, taker) => countUrgent(need, giver.have, taker.want),
    sizes: ([initiator, responder], [one, other]) => {
      const { gives, gets } = tradeSizes(
        policy.alpha,
        packetsPerRound,
        Math.min(initiator, one.mayGive),
        Math.min(responder, other.mayGive),
        one.mayOwe,
        other.mayOwe,
      );
      return [gives, gets];
    },
    pick: (_shape, round, giver, taker, first, limit) =>
      pickUrgent(need, giver.have, taker.want, round, first, limit),
    agreed,
    ended,
    refused: (peer, env, from, round) => {
      dropPledge(peer.own, from, round, true);
      onTradeRefused(peer, env, from);
    },
    allows: (peer, _env, to, message, bytes) => pays(peer, to, message, bytes),
  };
}
