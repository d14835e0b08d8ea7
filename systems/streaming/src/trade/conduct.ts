/**
 * Every decision that a peer makes by itself, as one record of functions. `OBEDIENT` follows the protocol, and is all that a daemon ever
 * gets; a rational or Byzantine variant (`deviations/`) replaces one or several functions and nothing else.
 */

import type { Env, NodeId } from '@concordat/kernel';
import type { Bits } from '../bits.ts';
import type { Claim, StreamMessage, Tag } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import type { Trade } from './trade.ts';

/** The packet itself; it with a bit changed, or cut short; junk of its size; next to nothing. */
export type Packed = 'packet' | 'poisoned' | 'truncated' | 'junk' | 'scrap';

export interface Conduct {
  /**
   * Whom to contact in this round, given whom the draw permits (null: nobody, or it owes something). Obedient: exactly that one.
   */
  partners(peer: PeerState, env: Env<StreamMessage>, tag: Tag, drawn: NodeId | null): readonly NodeId[];
  /** Whether to answer a valid RESERVE or PUSH_OFFER. */
  answers(peer: PeerState, env: Env<StreamMessage>, from: NodeId, tag: Tag): boolean;
  /** What to say that one has and wants; `claim` is the truth. */
  claims(
    peer: PeerState,
    env: Env<StreamMessage>,
    claim: Claim,
    tag: Tag,
    to: NodeId,
    isInitiator: boolean,
  ): Claim;
  /** Which young packets to offer in a push and which old ones to ask for. */
  offers(peer: PeerState, env: Env<StreamMessage>, young: Bits, old: Bits): { young: Bits; old: Bits };
  /** Which of the offered packets to take, given those of use. */
  wants(peer: PeerState, env: Env<StreamMessage>, useful: readonly number[]): readonly number[];
  /** What to give back for a push, given the asked-for packets that one has: ids, or `JUNK`. */
  returns(peer: PeerState, env: Env<StreamMessage>, owed: number, held: readonly number[]): readonly number[];
  /** Whether to send the briefcase that is due. */
  delivers(peer: PeerState, env: Env<StreamMessage>, trade: Trade): boolean;
  /** What to put into the briefcase for the listed packet `id`. */
  packs(peer: PeerState, env: Env<StreamMessage>, trade: Trade, id: number): Packed;
  /** Whether to hand over a key that is asked for. */
  releases(peer: PeerState, env: Env<StreamMessage>, trade: Trade): boolean;
  /** Whether to ask, again, for a key that is owed. */
  asks(peer: PeerState, env: Env<StreamMessage>, trade: Trade): boolean;
  /** Whether to deal with `from`, of whom one knows nothing bad. */
  trusts(peer: PeerState, env: Env<StreamMessage>, from: NodeId): boolean;
  /** Whether to hand evidence to the broadcaster when asked. */
  reports(peer: PeerState, env: Env<StreamMessage>): boolean;
}

export const OBEDIENT: Conduct = {
  partners: (_peer, _env, _tag, drawn) => (drawn === null ? [] : [drawn]),
  answers: () => true,
  claims: (_peer, _env, claim) => claim,
  offers: (_peer, _env, young, old) => ({ young, old }),
  wants: (_peer, _env, useful) => useful,
  returns: (_peer, _env, _owed, held) => held,
  delivers: () => true,
  packs: () => 'packet',
  releases: () => true,
  asks: () => true,
  trusts: () => true,
  reports: () => true,
};
