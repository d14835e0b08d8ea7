/**
 * How BAR Gossip trades: with the one partner that was drawn, packet for packet, newest first (BAR Gossip, OSDI 2006). Nobody has a
 * choice: every valid initiator is answered, and both lists follow from the two histories.
 */

import { effectiveEvictions } from '@concordat/accountability';
import type { Env, NodeId } from '@concordat/kernel';
import {
  type Bits,
  copyBits,
  createBits,
  fillRow,
  pickNewest,
  rowOf,
  type Shape,
  subtract,
} from '../bits.ts';
import { knownRounds } from '../content/store.ts';
import type { Member, MemberList } from '../membership/member-list.ts';
import {
  type Claim,
  EXCHANGE,
  PUSH,
  type PushOffer,
  type Reserve,
  type StreamMessage,
} from '../messages/messages.ts';
import { askClock } from '../peer/round.ts';
import type { PeerState } from '../peer/state.ts';
import type { Judgement, TradeRules } from '../trade/trade.ts';
import { isDrawn } from './partner.ts';

/** What partners are drawn from. */
export interface GossipState {
  readonly list: MemberList<Member>;
}

/** When exchanges and pushes begin within a round, as shares of it, and how far they are spread. */
const EXCHANGE_AT = 0.05;
const PUSH_AT = 0.5;
const SPREAD = 0.3;

/** All packets of the window of `round`, but those in `have`. */
export function missing(shape: Shape, round: number, have: Bits): Bits {
  const bits = createBits(shape);
  for (let back = 0; back < shape.lifetime && back <= round; back++)
    fillRow(shape, bits, rowOf(shape, round - back));
  subtract(bits, have);
  return bits;
}

export function truthOf(peer: PeerState): Claim {
  const { shape } = peer.setup;
  const { store } = peer;
  return {
    have: copyBits(shape, store.have),
    want: missing(shape, peer.round, store.have),
    known: knownRounds(store),
    mayOwe: 0,
    mayGive: 0,
  };
}

/** Who may open which kind of trade with this peer, now. */
function judge(
  peer: PeerState<GossipState>,
  env: Env<StreamMessage>,
  opening: Reserve | PushOffer,
): Judgement {
  const { keys, stream } = peer.setup;
  const { entries } = peer.evictions;
  if (opening.tag !== (opening.kind === 'reserve' ? EXCHANGE : PUSH)) return 'void';
  if (opening.evictions > entries.length) {
    askClock(peer, env);
    return 'void';
  }
  if (opening.evictions < effectiveEvictions(entries, opening.round)) return 'void';
  const isPermitted = isDrawn(keys, stream, peer.own.list, entries, opening);
  if (isPermitted === null) return 'void';
  return isPermitted ? 'serve' : 'wrong-partner';
}

function began(peer: PeerState, env: Env<StreamMessage>): void {
  const { config } = peer.setup;
  const spread = (): number => env.random.unit() * SPREAD;
  env.setTimer('exchange', config.roundMs * (EXCHANGE_AT + spread()));
  if (config.protocol.kind === 'gossip' && config.protocol.pushSize > 0)
    env.setTimer('push', config.roundMs * (PUSH_AT + spread()));
}

export const gossipRules: TradeRules<GossipState> = {
  began,
  judge,
  claim: (peer: PeerState, _to: NodeId) => truthOf(peer),
  sizes: ([initiator, responder]) => {
    const size = Math.min(initiator, responder);
    return [size, size];
  },
  pick: (shape, round, giver, taker, first, limit) =>
    pickNewest(shape, giver.have, taker.want, round, first, limit),
};
