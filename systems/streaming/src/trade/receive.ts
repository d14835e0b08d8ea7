/** Trade messages that arrive: timely and well addressed ones go to their step, everything else is void. */

import type { Env, NodeId } from '@concordat/kernel';
import type {
  Accept,
  Briefcase,
  Reserve,
  Reveal,
  StreamMessage,
  TradeMessage,
  TradeStatement,
} from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import { isTimely, streamTime } from '../rounds.ts';
import { onReserve, onReveal } from './answering.ts';
import { onBriefcase } from './briefcases.ts';
import { onKey, onKeyAsk } from './key-release.ts';
import { onAccept, onBusy } from './opening.ts';
import { isAddressed } from './signing.ts';

/**
 * True if a statement for `round` may be dealt with: it is the present round, by this peer's clock and within tolerance, and not one of
 * a former life. Whoever calls has entered the round.
 */
export function isRoundOpen(peer: PeerState, env: Env<StreamMessage>, round: number): boolean {
  const now = streamTime(peer.clock, env.now);
  if (now === null || round < peer.tradesFrom || round > peer.round) return false;
  return isTimely(peer.clock.roundMs, round, now);
}

/** Messages of the common trade. Pushes open in gossip/push.ts. */
export type CommonTradeMessage = Exclude<TradeMessage, { kind: 'push-offer' | 'push-want' }>;

export function receiveTrade(
  peer: PeerState,
  env: Env<StreamMessage>,
  from: NodeId,
  message: CommonTradeMessage,
): void {
  // Keys are late as long as what they open is of use.
  if (message.kind === 'key-ask') return onKeyAsk(peer, env, from, message);
  if (message.kind === 'key') return onKey(peer, env, from, message);
  if (message.kind === 'busy') {
    if (isRoundOpen(peer, env, message.round)) onBusy(peer, env, from, message);
  } else if (isInPlace(peer, env, from, message)) receiveStatement(peer, env, message);
}

/** True if a statement is for this peer and for now; one that is not is counted. */
export function isInPlace(
  peer: PeerState,
  env: Env<StreamMessage>,
  from: NodeId,
  message: TradeStatement,
): boolean {
  if (isRoundOpen(peer, env, message.round) && isAddressed(peer, from, message)) return true;
  peer.meter.voids++;
  return false;
}

function receiveStatement(
  peer: PeerState,
  env: Env<StreamMessage>,
  message: Reserve | Accept | Reveal | Briefcase,
): void {
  if (message.kind === 'reserve') onReserve(peer, env, message);
  else if (message.kind === 'accept') onAccept(peer, env, message);
  else if (message.kind === 'reveal') onReveal(peer, env, message);
  else onBriefcase(peer, env, message);
}
