/**
 * How the cap on upload is kept: every message that leaves is paid for here. A trade pledges at its beginning what it may take
 * to its end - answers, keys, so many packets -, and once both lists are known keeps what they need.
 */

import type { Env, NodeId } from '@concordat/kernel';
import type { StreamConfig } from '../config.ts';
import { HEADER_BYTES } from '../content/header.ts';
import { packetOverhead, pathLength } from '../content/packets.ts';
import { KEY_BYTES, type StreamMessage } from '../messages/messages.ts';
import { introductionBytes } from '../messages/sizes.ts';
import { CONTROL } from '../peer/meter.ts';
import type { PeerState } from '../peer/state.ts';
import { EVIDENCE_ROOM, type TrackerMessage } from '../tracker/messages.ts';
import type { Trade } from '../trade/trade.ts';
import { introductionOf } from './introductions.ts';
import { type FlightMessage, membershipBytes } from './messages.ts';
import {
  acceptTrade,
  enlargePledge,
  type Pledge,
  pledge,
  reducePledge,
  renewBudget,
  spend,
} from './reservations.ts';
import type { FlightState, TradePledge } from './state.ts';

type Peer = PeerState<FlightState>;

/** Fewer packets than these are not worth a trade. */
const LEAST_PACKETS = 4;
/** Bytes per round that no trade is promised, so that pings go on: one with its room for evidence, and a few questions. */
const ASIDE_BYTES = EVIDENCE_ROOM + 1024;
/** More of them while others ask for pages: after a crowd has come everybody has to pass some on. */
const PAGES_BYTES = 48_000;
/** Rounds whose headers a briefcase may have to carry. */
const HEADERS = 3;

/** Bytes of one packet in a briefcase at most, with its place in the list of contents. */
export const packetBytes = ({ packetsPerRound, packetBytes: payload }: StreamConfig): number =>
  4 + packetOverhead(pathLength(packetsPerRound, 0)) + payload + 2;

/** Bytes of a key, and of asking for one. */
const keyStepBytes = ({ keys }: StreamConfig): number => 7 + KEY_BYTES + keys.askBytes;

/** Bytes of one side's messages in a trade, without the packets. */
function controlBytes(peer: Peer): number {
  const { sizes, config } = peer.setup;
  const introduction = introductionBytes(introductionOf(peer, 0));
  return introduction + sizes.trade + HEADERS * HEADER_BYTES + keyStepBytes(config);
}

function keep(peer: Peer, partner: NodeId, isInitiator: boolean, made: Pledge): void {
  peer.own.pledges.push({ partner, round: peer.round, isInitiator, pledge: made });
}

const packetsIn = (peer: Peer, bytes: number): number =>
  Math.max(0, Math.floor((bytes - controlBytes(peer)) / packetBytes(peer.setup.config)));

/** For a trade that another peer begins, if there is a place; the packets that may be given in it, or null if too few. */
export function pledgeToAnswer(peer: Peer, partner: NodeId): number | null {
  const { own, setup } = peer;
  const control = controlBytes(peer);
  const each = packetBytes(setup.config);
  const made = acceptTrade(
    own.budget,
    control + each * setup.config.neededPackets,
    control + each * LEAST_PACKETS,
  );
  if (made === null) return null;
  keep(peer, partner, false, made);
  return packetsIn(peer, made.bytes);
}

/** For an own trade: what it says. Packets are pledged when the partner has answered, since many do not. */
export function pledgeToOpen(peer: Peer, partner: NodeId): boolean {
  const control = controlBytes(peer);
  const made = pledge(peer.own.budget, control, control);
  if (made !== null) keep(peer, partner, true, made);
  return made !== null;
}

/** The packets that may be given in an own trade, now that it comes about. */
export function pledgePackets(peer: Peer, trade: Trade): number {
  const { own, setup } = peer;
  const found = findPledge(own, trade.peer, trade.round, true);
  if (found === null) return 0;
  enlargePledge(own.budget, found.pledge, packetBytes(setup.config) * setup.config.neededPackets);
  return packetsIn(peer, found.pledge.bytes);
}

export function findPledge(
  own: FlightState,
  partner: NodeId,
  round: number,
  isInitiator: boolean,
): TradePledge | null {
  for (const each of own.pledges)
    if (each.partner === partner && each.isInitiator === isInitiator && each.round === round) return each;
  return null;
}

/** The lists are known: what they need is kept. */
export function settlePledge(peer: Peer, trade: Trade): void {
  const { own, setup } = peer;
  const found = findPledge(own, trade.peer, trade.round, trade.isInitiator);
  if (found === null) return;
  const packets = trade.give.length * packetBytes(setup.config);
  reducePledge(own.budget, found.pledge, packets + controlBytes(peer));
}

/** Nothing more will come of it. */
export function dropPledge(own: FlightState, partner: NodeId, round: number, isInitiator: boolean): void {
  const found = findPledge(own, partner, round, isInitiator);
  if (found !== null) reducePledge(own.budget, found.pledge, 0);
}

/** A round begins: what was pledged in the former ones is free. `spentBytes` have left in it already. */
export function renewPledges(own: FlightState, spentBytes: number): void {
  for (const { pledge: made } of own.pledges) reducePledge(own.budget, made, 0);
  reducePledge(own.budget, own.aside, 0);
  own.pledges = [];
  renewBudget(own.budget);
  own.budget.spentBytes = spentBytes;
  own.aside = pledge(own.budget, ASIDE_BYTES + (own.isAskedForPages ? PAGES_BYTES : 0), 0) ?? { bytes: 0 };
  own.isAskedForPages = false;
}

/** True if the message is of a trade that the sender began. */
function isOfInitiator(message: StreamMessage): boolean | null {
  switch (message.kind) {
    case 'reserve':
    case 'reveal':
      return true;
    case 'accept':
    case 'busy':
      return false;
    case 'key':
    case 'key-ask':
      return message.fromInitiator;
    default:
      return null;
  }
}

function pledgeOf(own: FlightState, to: NodeId, message: StreamMessage): Pledge | null {
  if (message.kind === 'briefcase') {
    // Of two trades with one partner the one that has not been paid for.
    const both = own.pledges.filter((each) => each.partner === to && each.round === message.round);
    let most: Pledge | null = null;
    for (const { pledge: made } of both) if (most === null || made.bytes > most.bytes) most = made;
    return most;
  }
  // Whoever owes an answer is not seeded.
  if (message.kind === 'audit-answer') return own.aside;
  const isInitiator = isOfInitiator(message);
  if (isInitiator === null || !('round' in message)) return null;
  return findPledge(own, to, message.round, isInitiator)?.pledge ?? null;
}

/** True if a message of the common trade may leave, and then it is paid for. */
export function pays(peer: Peer, to: NodeId, message: StreamMessage, bytes: number): boolean {
  return spend(peer.own.budget, bytes, pledgeOf(peer.own, to, message));
}

/** Sends a message of membership, if the cap has room for it, and counts it; false if it has none. */
export function postMembership(
  peer: Peer,
  env: Env<FlightMessage>,
  to: NodeId,
  message: TrackerMessage,
): boolean {
  const { own, meter } = peer;
  const bytes = membershipBytes(message);
  if (!spend(own.budget, bytes, own.aside)) return false;
  meter.up[CONTROL] = (meter.up[CONTROL] ?? 0) + bytes;
  meter.roundUp += bytes;
  env.send(to, message);
  return true;
}
