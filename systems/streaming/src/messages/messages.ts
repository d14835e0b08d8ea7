/**
 * Everything that the processes of a stream say to each other. Bodies that are signed name both sides, epoch, round and tag, so
 * that none can be shown out of place. `codec.ts` has the bytes, `sizes.ts` what they count for.
 */

import type { EvictionUpdate } from '@concordat/accountability';
import type { Digest, NodeId } from '@concordat/kernel';
import type { Bits } from '../bits.ts';
import type { RoundHeader } from '../content/header.ts';
import type { Packet } from '../content/packets.ts';
import type { SignedTicket } from '../membership/ticket.ts';
import type { Sealed } from '../trade/sealing.ts';

/** What a trade is: `EXCHANGE` and `PUSH` are BAR Gossip's, `FLEXIBLE` is FlightPath's. */
export const EXCHANGE = 0;
export const PUSH = 1;
export const FLEXIBLE = 2;
export type Tag = typeof EXCHANGE | typeof PUSH | typeof FLEXIBLE;

/** What every signed statement of a trade says of itself. */
export interface Occasion {
  readonly epoch: number;
  readonly round: number;
  readonly tag: Tag;
  readonly from: NodeId;
  readonly to: NodeId;
}

/** How the initiator shows that it may contact this partner. */
export interface ProofOfChoice {
  /** Of the VRF, for (list, round, tag). */
  readonly proof: Uint8Array;
  /** Which of the permitted partners: always 0 in BAR Gossip. */
  readonly candidate: number;
  /** How many evictions its maker knew of. */
  readonly evictions: number;
}

/** FlightPath: what the sender of a RESERVE shows of itself, since members know little of each other. */
export interface Introduction {
  /** What it draws with; the list, or its ticket, has the digest. */
  readonly vrfKey: Uint8Array;
  /** How many places it knows to be taken. */
  readonly taken: number;
  /** Of a newcomer, whom the list does not have. */
  readonly ticket: SignedTicket | null;
}

/** 1: opens a trade, and commits to what will be revealed once the partner has said what it has. */
export interface Reserve extends Occasion, ProofOfChoice {
  readonly kind: 'reserve';
  readonly commitment: Digest;
  readonly signature: Uint8Array;
  /** Null in BAR Gossip, where everybody has the list. */
  readonly introduction: Introduction | null;
}

/** What one says to have and to want, and of which rounds one holds the header (bit r mod lifetime). */
export interface Claim {
  readonly have: Bits;
  readonly want: Bits;
  readonly known: number;
  /**
   * FlightPath: by how many packets the partner may be behind after this trade, and how many oneself gives at most, which is a
   * promise. Both 0 in BAR Gossip.
   */
  readonly mayOwe: number;
  readonly mayGive: number;
}

/** 2: the partner's claim. */
export interface Accept extends Occasion, Claim {
  readonly kind: 'accept';
  /** Digest of the RESERVE's body. */
  readonly answers: Digest;
  readonly signature: Uint8Array;
}

/** 2, FlightPath: try somebody else. */
export interface Busy {
  readonly kind: 'busy';
  readonly round: number;
  readonly tag: Tag;
}

/** 3: opens the commitment. */
export interface Reveal extends Occasion, Claim {
  readonly kind: 'reveal';
  readonly nonce: Uint8Array;
  readonly signature: Uint8Array;
}

/** 1 of an optimistic push: what the initiator offers and what it would like. */
export interface PushOffer extends Occasion, ProofOfChoice {
  readonly kind: 'push-offer';
  readonly young: Bits;
  readonly old: Bits;
  readonly known: number;
  readonly signature: Uint8Array;
}

/** 2 of an optimistic push: which of the offered packets the partner takes. */
export interface PushWant extends Occasion {
  readonly kind: 'push-want';
  readonly answers: Digest;
  readonly want: Bits;
  readonly known: number;
  readonly signature: Uint8Array;
}

/** 4: the packets, under a key that is handed over afterwards. */
export interface Briefcase extends Occasion {
  readonly kind: 'briefcase';
  /** Digest of the ACCEPT's or PUSH_WANT's body. */
  readonly answers: Digest;
  /** Ids within the window, or `JUNK`, in the order in which they are sealed. */
  readonly contents: readonly number[];
  readonly keyDigest: Digest;
  readonly sealDigest: Digest;
  readonly signature: Uint8Array;
  /** Of the rounds that the receiver's claim did not know. */
  readonly headers: readonly RoundHeader[];
  readonly sealed: Sealed;
}

/** Asks for the key of a briefcase; padded, so that ignoring it costs more than answering. */
export interface KeyAsk {
  readonly kind: 'key-ask';
  readonly round: number;
  readonly tag: Tag;
  /** True if whoever asks began the trade. */
  readonly fromInitiator: boolean;
}

/** The key of a briefcase. It needs no signature: its digest was signed. */
export interface Key {
  readonly kind: 'key';
  readonly round: number;
  readonly tag: Tag;
  /** True if whoever hands it over began the trade. */
  readonly fromInitiator: boolean;
  readonly key: Uint8Array;
}

/** The broadcaster's copies of a round's packets for one peer. */
export interface Seed {
  readonly kind: 'seed';
  readonly header: RoundHeader;
  readonly packets: readonly Packet[];
}

/** To the clock for the time, and to the broadcaster for evictions that its headers count and that one has not. */
export interface ClockAsk {
  readonly kind: 'clock-ask';
  readonly nonce: number;
  /** How many evictions whoever asks knows of: it is told of the others. */
  readonly evictions: number;
}

/** Where in the stream the clock stands. */
export interface Beacon {
  readonly kind: 'beacon';
  readonly nonce: number;
  /** Milliseconds since the beginning of round 0; negative before it. */
  readonly sessionMs: number;
  readonly signature: Uint8Array;
}

/** What the receiver lacks of the list of evictions. */
export interface Evictions {
  readonly kind: 'evictions';
  readonly update: EvictionUpdate;
}

/** The broadcaster asks for evidence. */
export interface AuditAsk {
  readonly kind: 'audit-ask';
  readonly round: number;
}

/** Evidence, or nothing; of the same size in either case, so that keeping it to oneself saves nothing. */
export interface AuditAnswer {
  readonly kind: 'audit-answer';
  readonly round: number;
  readonly evidence: Uint8Array;
}

export type TradeMessage = Reserve | Accept | Busy | Reveal | PushOffer | PushWant | Briefcase | KeyAsk | Key;

export type CoreMessage = TradeMessage | Seed | ClockAsk | Beacon | Evictions | AuditAsk | AuditAnswer;

export type StreamMessage = CoreMessage;

/** Messages whose body is signed for others to judge. */
export type TradeStatement = Reserve | Accept | Reveal | PushOffer | PushWant | Briefcase;

export const NONCE_BYTES = 16;
export const KEY_BYTES = 16;
