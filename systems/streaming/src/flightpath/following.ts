/**
 * Staying in the epoch: pings, the next epoch's list and its pages. Pages come from other members as well as from the tracker,
 * and each is checked against the signed head, so it does not matter from whom.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { isDeltaSigned } from '../membership/delta.ts';
import { isEpochHeadSigned, pageOf, type SignedEpochHead } from '../membership/epoch-list.ts';
import {
  createRoster,
  enterPage,
  extendLog,
  inheritPages,
  type Roster,
  takenPlaces,
  tubAt,
} from '../membership/roster.ts';
import { onBeacon } from '../peer/receive.ts';
import type { PeerState } from '../peer/state.ts';
import { type Delta, EVIDENCE_ROOM, type Page, type PageAsk, type Pong } from '../tracker/messages.ts';
import { PING_ROUNDS } from '../tracker/pings.ts';
import { halveDebts } from './debt.ts';
import { forgetBefore, recognize } from './hearings.ts';
import { postMembership } from './introductions.ts';
import type { FlightMessage } from './messages.ts';
import { type FlightState, listOf } from './state.ts';

type Peer = PeerState<FlightState>;
type FlightEnv = Env<FlightMessage>;

/** Pages that a peer asks for, and passes on, per round. */
const PAGES_ASKED = 6;
const PAGES_SERVED = 4;
/** One question in so many goes to the tracker: somebody must be the first to have a page. */
const TRACKER_SHARE = 2;
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

function askForPages(peer: Peer, env: FlightEnv, roster: Roster): void {
  if (roster.pagesMissing === 0) return;
  let asked = 0;
  // From a random one on, so that not everybody asks for the same first.
  const first = env.random.below(roster.pages.length);
  for (let i = 0; i < roster.pages.length && asked < PAGES_ASKED; i++) {
    const page = (first + i) % roster.pages.length;
    if (roster.pages[page] !== false) continue;
    const to = env.random.below(TRACKER_SHARE) === 0 ? null : somebody(peer, env);
    postMembership(peer, env, to ?? peer.setup.clock.id, {
      kind: 'page-ask',
      epoch: roster.head.epoch,
      page,
    });
    asked++;
  }
}

/** Somebody who is probably there. */
function somebody(peer: Peer, env: FlightEnv): NodeId | null {
  const { helpers, recent } = peer.own;
  const known = recent.length > 0 ? recent : helpers.map(({ id }) => id);
  const id = known.length === 0 ? undefined : known[env.random.below(known.length)];
  return id ?? null;
}

export function onPageAsk(peer: Peer, env: FlightEnv, from: NodeId, { epoch, page }: PageAsk): void {
  const { own } = peer;
  const roster = [own.roster, own.next].find((each) => each?.head.epoch === epoch);
  if (roster === undefined || roster === null || roster.pages[page] !== true) return;
  if (own.pagesServed >= PAGES_SERVED) return;
  const members = pageOf(roster.line.slice(0, roster.head.members), page);
  if (postMembership(peer, env, from, { kind: 'page', epoch, page, members })) own.pagesServed++;
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
  inheritPages(own.next, keys.hash, own.roster);
  askForPages(peer, env, own.next);
}

/** The place of this peer in the list, once its page is here; and whether it stands there as what it is. */
function findPlace(peer: Peer, env: FlightEnv): void {
  const { own } = peer;
  if (own.place >= 0) return;
  own.place = own.roster.places.get(peer.self) ?? -1;
  if (own.place >= 0) recognize(own.heard, env, own.roster.line[own.place]);
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
  own.introduced.clear();
  peer.list = listOf(setup.keys.hash, next);
  halveDebts(own.debts);
  findPlace(peer, env);
}

/** True if the list of the epoch is complete and has no place for this peer. */
export const isRemoved = ({ own }: Peer): boolean =>
  own.ticket === null && own.place < 0 && own.roster.pagesMissing === 0;
