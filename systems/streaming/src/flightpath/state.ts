/** What a FlightPath peer knows beside the common state: its place, its debts, its budget, and what is under way in this round. */

import type { Hash } from '@concordat/crypto';
import { tagged } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { type Bits, createBits } from '../bits.ts';
import type { StreamConfig } from '../config.ts';
import { shapeOf } from '../config.ts';
import { headBody } from '../membership/epoch-list.ts';
import type { Members } from '../membership/member-list.ts';
import { knownMembers, memberWith, type Roster } from '../membership/roster.ts';
import type { PlacedMember, SignedTicket } from '../membership/ticket.ts';
import type { Accept, Reserve } from '../messages/messages.ts';
import type { Removal } from '../tracker/state.ts';
import type { RoundChoice } from './candidates.ts';
import type { FlightConduct } from './conduct.ts';
import { createDebts, type Debts } from './debt.ts';
import { createHearings, type Hearings } from './hearings.ts';
import type { NeedRules } from './need.ts';
import type { Awaited } from './overdue.ts';
import type { FlightPathPolicy } from './policy.ts';
import { type Budget, createBudget, type Pledge } from './reservations.ts';
import type { Lapse } from './standing.ts';

/** What is set aside for one trade. */
export interface TradePledge {
  readonly partner: NodeId;
  readonly round: number;
  readonly isInitiator: boolean;
  readonly pledge: Pledge;
}

/** One of the trades that this peer begins in a round: the partner that it waits for. */
export interface Attempt {
  partner: NodeId;
  /** `accept`: for an ACCEPT or BUSY. `trade`: for what was agreed. `idle`: for nobody. */
  waitsFor: 'accept' | 'trade' | 'idle';
}

export interface FlightState {
  readonly policy: FlightPathPolicy;
  readonly conduct: FlightConduct;
  readonly need: NeedRules;
  /** Packets that partners have promised. */
  readonly pending: Bits;
  readonly debts: Debts;
  readonly budget: Budget;
  pledges: TradePledge[];
  /** Of this round, for what belongs to no trade. */
  aside: Pledge;
  /** What the next claim may promise to give, in packets. */
  promise: number;
  roster: Roster;
  /** The round of the last ping that left. */
  pingedAt: number;
  /** The latest epoch that the tracker has told of. */
  knownEpoch: number;
  /** Members that the tracker named, to be asked for pages. */
  readonly helpers: readonly PlacedMember[];
  pagesServed: number;
  /** True if somebody asked for pages in this round. */
  isAskedForPages: boolean;
  /** The epoch that begins next, once its head is known. */
  next: Roster | null;
  /** This peer's place in the epoch's line. */
  place: number;
  /** What the tracker signed of late, and what came of holding it together. */
  readonly heard: Hearings;
  /** Of this epoch, if it joined in it. */
  ticket: SignedTicket | null;
  /** The first round that it trades and plays. */
  startRound: number;
  /** Who did not answer, and the round until which it is tried last. */
  readonly silent: Map<NodeId, number>;
  /** Who let trades come to nothing. */
  readonly lapsed: Map<NodeId, Lapse>;
  readonly suspects: Set<NodeId>;
  /** Who is no member any more, as the tracker told last: for people. */
  removals: readonly Removal[];
  /** Who delivered of late, the latest last. */
  readonly recent: NodeId[];
  /** Who delivered, and the round until which that is remembered. */
  readonly proven: Map<NodeId, number>;
  choice: RoundChoice | null;
  /** The next of the round's candidates that has not been tried. */
  tried: number;
  readonly attempts: Attempt[];
  /** Share of own trades that came to nothing, of late. */
  failing: number;
  /** How much longer than usual a step of a partner is waited for. */
  patience: number;
  /** What partners are to do next in this round, the first that is due first. */
  readonly awaited: Awaited[];
  /** Whose opening took a place in this round that was given back. */
  readonly late: Set<NodeId>;
  /** Whose REVEAL is awaited: until then nobody knows what will come. */
  unsettled: NodeId | null;
  /** Answers of own partners that came meanwhile. */
  readonly deferred: Accept[];
  /** Openings of others that came meanwhile. */
  readonly waiting: Reserve[];
}

export function createFlightState(
  config: StreamConfig,
  policy: FlightPathPolicy,
  conduct: FlightConduct,
  roster: Roster,
  helpers: readonly PlacedMember[],
): FlightState {
  const shape = shapeOf(config);
  return {
    policy,
    conduct,
    need: { shape, needed: config.neededPackets, invertsTail: policy.invertsTail },
    pending: createBits(shape),
    debts: createDebts(policy.debtMax),
    budget: createBudget(
      policy.capBytes ?? Number.POSITIVE_INFINITY,
      policy.acceptLimit ?? Number.POSITIVE_INFINITY,
    ),
    pledges: [],
    aside: { bytes: 0 },
    promise: 0,
    roster,
    pingedAt: Number.NEGATIVE_INFINITY,
    knownEpoch: roster.head.epoch,
    helpers,
    pagesServed: 0,
    isAskedForPages: false,
    next: null,
    place: -1,
    heard: createHearings(),
    ticket: null,
    startRound: 0,
    silent: new Map(),
    lapsed: new Map(),
    suspects: new Set(),
    removals: [],
    recent: [],
    proven: new Map(),
    choice: null,
    tried: 0,
    attempts: [],
    failing: 0,
    patience: 1,
    awaited: [],
    late: new Set(),
    unsettled: null,
    deferred: [],
    waiting: [],
  };
}

/** The roster as the common trade knows it: whoever enters it is a member there. */
export function membersOf(hash: Hash, roster: Roster): Members {
  const digest: Digest = tagged(hash, 'stream-epoch', headBody(roster.head));
  return {
    epoch: roster.head.epoch,
    digest,
    memberOf: (id) => memberWith(roster, id),
    // PERF: no getter: with one the record is a dictionary to V8, and `epoch` is looked at for every message.
    members: { [Symbol.iterator]: () => knownMembers(roster)[Symbol.iterator]() },
  };
}
