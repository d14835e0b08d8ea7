/**
 * One trade between two peers, as one of them sees it, and the rules by which a protocol trades. The steps are the same for BAR Gossip
 * and FlightPath (BAR Gossip, OSDI 2006, balanced exchange; facts 2.5, 3.5):
 *
 *   c -> p  RESERVE     commits to c's claim
 *   p -> c  ACCEPT      p's claim
 *   c -> p  REVEAL      c's claim: both now compute the same two lists; BRIEFCASE (c's) in the same turn
 *   p -> c  BRIEFCASE   and KEY_ASK
 *   c -> p  KEY         and KEY_ASK
 *   p -> c  KEY
 *
 * An optimistic push opens with PUSH_OFFER and PUSH_WANT instead and goes on in the same way.
 */

import type { Digest, Env, NodeId } from '@concordat/kernel';
import { JUNK, type Shape } from '../bits.ts';
import type {
  Accept,
  Briefcase,
  Claim,
  PushOffer,
  PushWant,
  Reserve,
  Reveal,
  StreamMessage,
  Tag,
} from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';

/**
 * `opened`: c sent RESERVE or PUSH_OFFER. `answered`: p sent ACCEPT. `agreed`: both lists are known. `closed`: nothing more is due in this
 * round, though a key may be.
 */
export type Stage = 'opened' | 'answered' | 'agreed' | 'closed';

export interface Trade {
  readonly peer: NodeId;
  readonly isInitiator: boolean;
  readonly tag: Tag;
  readonly round: number;
  stage: Stage;
  /** What was said by this side, and by the other. */
  claim: Claim;
  theirs: Claim | null;
  /** The initiator's; empty at the responder. */
  nonce: Uint8Array;
  /** What the responder answered: evidence, should a commitment be broken or a second opening come. */
  openedBy: Reserve | PushOffer | null;
  /** What the partner answered or revealed: evidence, should it say something else, too. */
  toldBy: Accept | PushWant | Reveal | null;
  /** Digest of the body that opened the trade, and of the one that answered it. */
  opening: Digest;
  answer: Digest | null;
  /** Ids to give and to get. */
  give: readonly number[];
  take: readonly number[];
  /** The key of the briefcase that was sent. */
  key: Uint8Array | null;
  isKeyGiven: boolean;
  received: Briefcase | null;
  isOpened: boolean;
  /** How often the key of what was received has been asked for. */
  asks: number;
}

export function createTrade(
  at: Pick<
    Trade,
    'peer' | 'isInitiator' | 'tag' | 'round' | 'stage' | 'claim' | 'nonce' | 'openedBy' | 'opening'
  >,
): Trade {
  return {
    peer: at.peer,
    isInitiator: at.isInitiator,
    tag: at.tag,
    round: at.round,
    stage: at.stage,
    claim: at.claim,
    theirs: null,
    nonce: at.nonce,
    openedBy: at.openedBy,
    toldBy: null,
    opening: at.opening,
    answer: null,
    give: NOTHING,
    take: NOTHING,
    key: null,
    isKeyGiven: false,
    received: null,
    isOpened: false,
    asks: 0,
  };
}

const NOTHING: readonly number[] = [];
/** That something was to come still matters, what it was does not. */
const SOMETHING: readonly number[] = [JUNK];
const NO_BYTES = new Uint8Array(0);
const NO_BITS = new Int32Array(0);
const NO_CLAIM: Claim = { have: NO_BITS, want: NO_BITS, known: 0, mayOwe: 0, mayGive: 0 };

/**
 * The round of a trade is long over: only its keys still matter.
 *
 * PERF: trades live as long as packets do; with all that was said in them, 1,000 peers held 300 MB.
 */
export function slimTrade(trade: Trade): void {
  trade.claim = NO_CLAIM;
  trade.theirs = null;
  trade.nonce = NO_BYTES;
  trade.openedBy = null;
  trade.toldBy = null;
  trade.opening = NO_BYTES;
  trade.answer = null;
  trade.give = NOTHING;
  if (trade.take.length > 0) trade.take = SOMETHING;
  if (trade.isOpened) trade.received = null;
}

/** What is to be done about a RESERVE or PUSH_OFFER: answered, refused, ignored, or held against its sender. */
export type Judgement = 'serve' | 'busy' | 'void' | 'wrong-partner';

/** What a protocol adds to the trade. Everything about lists depends on the two claims alone: both sides compute the same. */
export interface TradeRules<X> {
  /** A round begins; what it sends in it is sent at times of its own choice. */
  began(peer: PeerState<X>, env: Env<StreamMessage>): void;
  /** Whether the sender may open this trade, with this peer, now. */
  judge(peer: PeerState<X>, env: Env<StreamMessage>, opening: Reserve | PushOffer): Judgement;
  /** The truthful claim for a trade with `to`. */
  claim(peer: PeerState<X>, to: NodeId, tag: Tag): Claim;
  /**
   * FlightPath: the initiator's claim once the partner's is known; what it has and knows is as it was. The conduct has its say
   * before.
   */
  reconsider?(peer: PeerState<X>, env: Env<StreamMessage>, trade: Trade): Claim;
  /** FlightPath: how many packets `giver` could give `taker`, where that is not all that one has and the other wants. */
  offered?(shape: Shape, round: number, giver: Claim, taker: Claim): number;
  /** FlightPath: whether so many bytes may leave in this round; what may not is not sent. */
  allows?(
    peer: PeerState<X>,
    env: Env<StreamMessage>,
    to: NodeId,
    message: StreamMessage,
    bytes: number,
  ): boolean;
  /** How many packets the initiator and the responder give, if they could give so many. */
  sizes(canGive: readonly [number, number], claims: readonly [Claim, Claim]): readonly [number, number];
  /** Up to `limit` ids that `giver` has and `taker` wants, in the taker's order of urgency; `first` breaks ties. */
  pick(shape: Shape, round: number, giver: Claim, taker: Claim, first: number, limit: number): number[];
  /** The trade's lists are known: packets are promised to come. */
  agreed?(peer: PeerState<X>, env: Env<StreamMessage>, trade: Trade): void;
  /** The partner refused, or the trade came to its end in this round: how many packets came is in `got`. */
  ended?(peer: PeerState<X>, env: Env<StreamMessage>, trade: Trade, got: number): void;
  refused?(peer: PeerState<X>, env: Env<StreamMessage>, from: NodeId, round: number): void;
}
