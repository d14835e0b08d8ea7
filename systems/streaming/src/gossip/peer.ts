/**
 * A peer of BAR Gossip (Li et al., OSDI 2006): once per round a balanced exchange and an optimistic push, each with the partner that was
 * drawn; answers to whoever drew this peer. Everything else is the common trade.
 */

import type { Env, NodeId, Process } from '@concordat/kernel';
import { drawChoice } from '../membership/choice.ts';
import type { Member, MemberList } from '../membership/member-list.ts';
import { EXCHANGE, PUSH, type StreamMessage, type Tag } from '../messages/messages.ts';
import { receiveCommon } from '../peer/receive.ts';
import { beginPeer, followRound, onRoundTimer } from '../peer/round.ts';
import {
  createPeerState,
  isDebtor,
  type PeerOptions,
  type PeerState,
  partnerOf,
  peerInvariants,
} from '../peer/state.ts';
import { requireSound } from '../soundness.ts';
import { openTrade } from '../trade/opening.ts';
import { isInPlace, receiveTrade } from '../trade/receive.ts';
import { drawPartner } from './partner.ts';
import { offerPush, onPushOffer, onPushWant } from './push.ts';
import { type GossipState, gossipRules } from './rules.ts';

export interface GossipOptions extends PeerOptions {
  /** Known to everybody before the stream begins. */
  readonly list: MemberList<Member>;
}

/** The round's exchange or push, with whom the draw permits. */
function initiate(peer: PeerState<GossipState>, env: Env<StreamMessage>, tag: Tag): void {
  const { keys, stream, conduct } = peer.setup;
  const { round, self, evictions } = peer;
  const { list } = peer.own;
  if (partnerOf(peer, self) === null) return;
  const { proof, draws } = drawChoice(keys, { stream, list, round, tag });
  const { entries } = evictions;
  const drawn = drawPartner(draws, list, self, round, entries, entries.length);
  const isServed = drawn !== null && !isDebtor(peer, drawn) && conduct.trusts(peer, env, drawn);
  const choice = { proof, candidate: 0, evictions: entries.length };
  for (const to of conduct.partners(peer, env, tag, isServed ? drawn : null)) {
    if (to === self) continue;
    if (tag === EXCHANGE) openTrade(peer, env, to, tag, choice, null);
    else offerPush(peer, env, to, choice);
  }
}

function receivePush(
  peer: PeerState,
  env: Env<StreamMessage>,
  from: NodeId,
  message: StreamMessage & { readonly kind: 'push-offer' | 'push-want' },
): void {
  if (!isInPlace(peer, env, from, message)) return;
  if (message.kind === 'push-offer') onPushOffer(peer, env, message);
  else onPushWant(peer, env, message);
}

function receive(peer: PeerState, env: Env<StreamMessage>, from: NodeId, message: StreamMessage): void {
  peer.setup.sizes.count(message, peer.meter.down);
  switch (message.kind) {
    case 'reserve':
      followRound(peer, env, message.round);
      return receiveTrade(peer, env, from, message);
    case 'accept':
      return receiveTrade(peer, env, from, message);
    case 'push-offer':
    case 'push-want':
      return receivePush(peer, env, from, message);
    default:
      return receiveCommon(peer, env, from, message);
  }
}

export const createGossipPeer = (options: GossipOptions): Process<PeerState<GossipState>, StreamMessage> => ({
  start: (env) => {
    requireSound(options.config, options.allowsUnsound ?? false);
    const peer = createPeerState(env.self, options, gossipRules, options.list, { list: options.list });
    beginPeer(peer, env);
    return peer;
  },
  receive,
  timeout: (peer, env, timer) => {
    if (timer === 'round') onRoundTimer(peer, env);
    else if (timer === 'exchange') initiate(peer, env, EXCHANGE);
    else if (timer === 'push') initiate(peer, env, PUSH);
  },
  settle: () => {},
  invariants: peerInvariants,
});
