/**
 * Staying in the epoch: pings, the next epoch's list and its pages. Pages come from other members as well as from the tracker,
 * and each is checked against the signed head, so it does not matter from whom.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { isDeltaSigned } from '../membership/delta.ts';
import { isEpochHeadSigned, type SignedEpochHead } from '../membership/epoch-list.ts';
import { dealMissing, PAGES_PER_ANSWER, pickWanted } from '../membership/page-exchange.ts';
import {
  createRoster,
  enterPage,
  extendLog,
  inheritPages,
  memberAt,
  placeOf,
  type Roster,
  takenPlaces,
  tubAt,
} from '../membership/roster.ts';
import { onBeacon } from '../peer/receive.ts';
import type { PeerState } from '../peer/state.ts';
import { type Delta, EVIDENCE_ROOM, type Page, type PageAsk, type Pong } from '../tracker/messages.ts';
import { PING_ROUNDS } from '../tracker/pings.ts';
import { postMembership } from './budgeting.ts';
import { halveDebts } from './debt.ts';
import { forgetBefore, recognize } from './hearings.ts';
import type { FlightMessage } from './messages.ts';
import { type FlightState, membersOf } from './state.ts';

type Peer = PeerState<FlightState>;
type FlightEnv = Env<FlightMessage>;

/** Questions for pages, and pages passed on, per round. */
const QUESTIONS = 2;
const PAGES_SERVED = 8;
/**
 * Somebody must be the first to have a page: of each question so many peers ask the tracker in a round, however large the stream is. While
 * it is small every second question goes there.
 */
const TRACKER_ASKERS = 64;
const TRACKER_SHARE = 2;
/** Places at which somebody may be known. */
const GUESSES = 4;
const NO_EVIDENCE = new Uint8Array(0);
const NONCES = 2 ** 32;

/** Once per round. */
export function follow(peer: Peer, env: FlightEnv): void {
  const { own, setup } = peer;
  own.pagesServed = 0;
  const isNewcomer = own.ticket !== null && takenPlaces(own.roster) < endOfTub(own);
  if (isNewcomer || isPingDue(peer)) ping(peer, env, isNewcomer);
  for (const roster of [own.roster, own.next]) if (roster !== null) askForPages(peer, env, roster);
  if (own.knownEpoch > own.roster.head.epoch && own.next === null)
    postMembership(peer, env, setup.clock.id, { kind: 'epoch-ask', epoch: own.roster.head.epoch });
  compareNotes(peer, env);
}

/** One round in so many. */
const COMPARING_CHANCE = 0.1;

/** Once per epoch, shows somebody what the tracker has signed for it: so two lists, or two logs, meet. */
function compareNotes(peer: Peer, env: FlightEnv): void {
  const { heard, roster } = peer.own;
  const { epoch } = roster.head;
  if (heard.comparedEpoch >= epoch || !env.random.chance(COMPARING_CHANCE)) return;
  const to = somebody(peer, env);
  if (to === null || !postMembership(peer, env, to, { kind: 'epoch', head: roster.signed })) return;
  heard.comparedEpoch = epoch;
  if (heard.log?.head.epoch === epoch)
    postMembership(peer, env, to, { kind: 'delta', head: heard.log, tickets: [] });
}

/** Every few rounds, not all peers in the same ones; again in the next round if there was no room for it. */
const isPingDue = ({ own, round, self }: Peer): boolean =>
  round - own.pingedAt > PING_ROUNDS || round % PING_ROUNDS === self % PING_ROUNDS;

/** The end of the own tub: nobody behind it is ever chosen. */
function endOfTub({ roster, place }: FlightState): number {
  const tub = tubAt(roster, place);
  return tub.start + tub.size;
}

function ping(peer: Peer, env: FlightEnv, wantsTickets: boolean): void {
  const { own, clock, setup, evidence } = peer;
  const nonce = env.random.below(NONCES);
  const [next] = setup.conduct.reports(peer, env) ? evidence : [];
  const report = next !== undefined && next[1].length <= EVIDENCE_ROOM ? next[1] : NO_EVIDENCE;
  const sent = postMembership(peer, env, setup.clock.id, {
    kind: 'ping',
    nonce,
    epoch: (own.next ?? own.roster).head.epoch,
    known: own.roster.log.joined,
    wantsTickets,
    evidence: report,
  });
  if (!sent) return;
  own.pingedAt = peer.round;
  if (next !== undefined && report !== NO_EVIDENCE) evidence.delete(next[0]);
  clock.nonce = nonce;
  clock.askedAt = env.now;
}

export function onPong(peer: Peer, env: FlightEnv, pong: Pong): void {
  const { own } = peer;
  const { nonce, sessionMs, signature } = pong;
  onBeacon(peer, env, { kind: 'beacon', nonce, sessionMs, signature });
  own.knownEpoch = Math.max(own.knownEpoch, pong.epoch);
  own.suspects.clear();
  for (const id of pong.suspects) own.suspects.add(id);
}

function askForPages(peer: Peer, env: FlightEnv, { pages, pagesMissing, head }: Roster): void {
  if (pagesMissing === 0) return;
  const share = Math.max(TRACKER_SHARE, Math.floor(head.members / TRACKER_ASKERS));
  for (const wanted of dealMissing(pages, QUESTIONS, env.random.below)) {
    const to = env.random.below(share) === 0 ? null : somebody(peer, env);
    postMembership(peer, env, to ?? peer.setup.clock.id, { kind: 'page-ask', epoch: head.epoch, wanted });
  }
}

/** Somebody who is probably there: one of late, or anybody who is known, so that a crowd does not ask the same few. */
function somebody({ own, self }: Peer, env: FlightEnv): NodeId | null {
  const { helpers, recent, roster } = own;
  if (recent.length > 0 && env.random.below(2) === 0) return env.random.pick(recent);
  for (let i = 0; i < GUESSES; i++) {
    const member = memberAt(roster, env.random.below(takenPlaces(roster) + 1));
    if (member !== undefined && member.id !== self) return member.id;
  }
  return helpers.length === 0 ? null : env.random.pick(helpers).id;
}

export function onPageAsk(peer: Peer, env: FlightEnv, from: NodeId, { epoch, wanted }: PageAsk): void {
  const { own } = peer;
  const roster = own.next?.head.epoch === epoch ? own.next : own.roster;
  if (roster.head.epoch !== epoch) return;
  own.isAskedForPages = true;
  const limit = Math.min(PAGES_PER_ANSWER, PAGES_SERVED - own.pagesServed);
  for (const page of pickWanted(roster.pages, wanted, limit, env.random.below)) {
    if (!postMembership(peer, env, from, { kind: 'page', epoch, page, members: roster.pages[page] ?? [] }))
      return;
    own.pagesServed++;
  }
}

export function onPage(peer: Peer, env: FlightEnv, { epoch, page, members }: Page): void {
  const { own, setup } = peer;
  for (const roster of [own.roster, own.next])
    if (roster?.head.epoch === epoch) enterPage(roster, setup.keys.hash, page, members);
  findPlace(peer, env);
}

export function onDelta(peer: Peer, { head, tickets }: Delta): void {
  const { own, setup } = peer;
  const { keys, stream, clock } = setup;
  peer.meter.verifications++;
  if (!isDeltaSigned(keys, stream, clock, head)) return void peer.meter.voids++;
  peer.own.heard.log = head;
  extendLog(own.roster, keys.hash, head.head, tickets);
}

export function onEpoch(peer: Peer, env: FlightEnv, signed: SignedEpochHead): void {
  const { own, setup } = peer;
  const { keys, stream, clock } = setup;
  if (signed.head.epoch <= own.roster.head.epoch || own.next !== null) return;
  peer.meter.verifications++;
  if (!isEpochHeadSigned(keys, stream, clock, signed)) return void peer.meter.voids++;
  own.next = createRoster(keys.hash, signed);
  inheritPages(own.next, own.roster);
  askForPages(peer, env, own.next);
}

/** The place of this peer in the list, once its page is here; and whether it stands there as what it is. */
function findPlace(peer: Peer, env: FlightEnv): void {
  const { own } = peer;
  if (own.place >= 0) return;
  own.place = placeOf(own.roster, peer.self) ?? -1;
  if (own.place >= 0) recognize(own.heard, env, memberAt(own.roster, own.place));
}

/** At the beginning of a round: everybody turns to the next epoch with the same round. */
export function turnEpoch(peer: Peer, env: FlightEnv): void {
  const { own, setup, round } = peer;
  const { next } = own;
  if (next === null || round < next.head.startRound) return;
  own.roster = next;
  own.next = null;
  own.ticket = null;
  forgetBefore(own.heard, own.roster.head.epoch);
  own.place = -1;
  peer.list = membersOf(setup.keys.hash, next);
  halveDebts(own.debts);
  findPlace(peer, env);
}

/** True if the list of the epoch is complete and has no place for this peer. */
export const isRemoved = ({ own }: Peer): boolean =>
  own.ticket === null && own.place < 0 && own.roster.pagesMissing === 0;
