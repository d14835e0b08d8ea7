/**
 * The trades that a peer begins: one per round, more when it is in trouble, each with the first of its permitted partners that
 * is there and free. Who is busy or silent costs the time of an answer, not the round (FlightPath, OSDI 2008, flexibility).
 */

import { assert, type Env, type NodeId } from '@concordat/kernel';
import { heldOf } from '../content/store.ts';
import { type Accept, FLEXIBLE, type Reserve, type StreamMessage } from '../messages/messages.ts';
import { findTrade, type PeerState, tradesOf } from '../peer/state.ts';
import { isTimely, streamTime } from '../rounds.ts';
import { onReserve } from '../trade/answering.ts';
import { onAccept, openTrade } from '../trade/opening.ts';
import { isRoundOpen } from '../trade/receive.ts';
import type { Trade } from '../trade/trade.ts';
import { dropPledge, pledgeToOpen, renewPledges } from './budgeting.ts';
import { choiceOf, chooseCandidates } from './candidates.ts';
import { introductionOf } from './introductions.ts';
import { ANSWER_SHARE, awaitStep, hold, isMissing, nextDue, noteLapses, stepCame } from './overdue.ts';
import { clearBits } from './pending.ts';
import { returnPlace } from './reservations.ts';
import { forgetPartners, hasLapsed, noteSilence } from './standing.ts';
import type { Attempt, FlightState } from './state.ts';
import { initiationsFor, lookForTrouble } from './trouble.ts';

type Peer = PeerState<FlightState>;

/** When the round's trades begin, as shares of it, and after which share none begins any more. */
const BEGIN_AT = 0.04;
const SPREAD = 0.5;
const LAST_AT = 0.72;
/** How often what is known of partners is looked through. */
const FORGETTING_ROUNDS = 32;
/** Attempts at once: as many more than trades are asked for as of late came to nothing. */
const MOST_ATTEMPTS = 6;
const MORE_PLACES = 2;
const FAILING_WEIGHT = 0.15;
/** A question waits so long while an answer to it would have to wait, as a share of a round. */
const PAUSE_SHARE = 0.04;

/** PERF: one name for each attempt: one that is put together anew has to be hashed anew. */
const ATTEMPT_TIMERS: readonly string[] = Array.from(
  { length: MOST_ATTEMPTS },
  (_, index) => `attempt-${index}`,
);
export const isAttemptTimer = (timer: string): boolean => ATTEMPT_TIMERS.includes(timer);

function attemptTimer(index: number): string {
  const timer = ATTEMPT_TIMERS[index];
  assert(timer !== undefined, 'a peer begins no more trades at once than there are timers for');
  return timer;
}

/** Places for trades of others: more while partners are scarce, as they are when many have gone at once. The cap stays. */
const placesFor = ({ policy, failing }: FlightState): number =>
  policy.acceptLimit === null
    ? Number.POSITIVE_INFINITY
    : policy.acceptLimit + Math.round(MORE_PLACES * failing);

/** A round begins. */
export function startRound(peer: Peer, env: Env<StreamMessage>): void {
  const { own, round, setup, playFrom } = peer;
  const { config } = setup;
  renewPledges(own, peer.meter.roundUp);
  own.pending.fill(0);
  own.unsettled = null;
  own.deferred.length = 0;
  own.waiting.length = 0;
  own.attempts.length = 0;
  own.awaited.length = 0;
  own.late.clear();
  own.tried = 0;
  if (round % FORGETTING_ROUNDS === 0) forgetPartners(peer);
  if (round >= 2) noteLapses(peer, tradesOf(peer, round - 2), round - 2);
  const heldNow = (of: number): number => heldOf(peer.store, of);
  const { neededPackets, lifetimeRounds } = config;
  const shape = lookForTrouble(heldNow, neededPackets, lifetimeRounds, round, playFrom);
  const asked = initiationsFor(shape, neededPackets, own.policy.troubleTrades);
  const enough = Math.min(MOST_ATTEMPTS, Math.round(asked / Math.max(0.2, 1 - own.failing)));
  const count = own.place < 0 ? 0 : own.conduct.initiations(peer, env, enough);
  own.budget.acceptLimit = placesFor(own);
  own.choice = count === 0 ? null : chooseCandidates(peer, env);
  for (let i = 0; i < count; i++) {
    own.attempts.push({ partner: -1, waitsFor: 'idle' });
    env.setTimer(attemptTimer(i), config.roundMs * (BEGIN_AT + env.random.unit() * SPREAD));
  }
}

/** True while somebody's REVEAL is awaited: what that trade will bring is not known yet. */
export const isAwaiting = ({ own }: Peer): boolean => own.unsettled !== null;

/** True if there is still time for a whole trade in this round. */
function hasTime(peer: Peer, env: Env<StreamMessage>): boolean {
  const now = streamTime(peer.clock, env.now);
  const { roundMs } = peer.clock;
  return now !== null && isTimely(roundMs, peer.round, now) && now - peer.round * roundMs < LAST_AT * roundMs;
}

/** Opens a trade with the next candidate, if there is one and time for it. */
function tryNext(peer: Peer, env: Env<StreamMessage>, index: number): void {
  const { own, setup } = peer;
  const attempt = own.attempts[index];
  if (attempt === undefined) return;
  attempt.waitsFor = 'idle';
  if (own.choice === null || !hasTime(peer, env)) return;
  if (isAwaiting(peer)) {
    // The answer would have to wait; so the question does.
    env.setTimer(attemptTimer(index), PAUSE_SHARE * setup.config.roundMs);
    return;
  }
  for (; own.tried < own.choice.order.length; own.tried++) {
    const candidate = own.choice.order[own.tried];
    if (candidate === undefined || findTrade(peer, peer.round, FLEXIBLE, candidate.id, true) !== null)
      continue;
    if (!pledgeToOpen(peer, candidate.id)) return;
    own.tried++;
    own.promise = 0;
    attempt.partner = candidate.id;
    attempt.waitsFor = 'accept';
    const introduction = introductionOf(peer, own.choice.taken);
    openTrade(peer, env, candidate.id, FLEXIBLE, choiceOf(own.choice, candidate), introduction);
    env.setTimer(attemptTimer(index), ANSWER_SHARE * setup.config.roundMs);
    return;
  }
}

const attemptWith = (own: FlightState, partner: NodeId, waitsFor: Attempt['waitsFor']): number =>
  own.attempts.findIndex((attempt) => attempt.partner === partner && attempt.waitsFor === waitsFor);

/** The timer of an attempt: it is to begin, or its partner did not answer. */
export function onAttempt(peer: Peer, env: Env<StreamMessage>, timer: string): void {
  const index = ATTEMPT_TIMERS.indexOf(timer);
  const attempt = peer.own.attempts[index];
  if (attempt === undefined) return;
  if (attempt.waitsFor === 'accept') {
    // An answer that is late is still welcome: the next one is tried beside it.
    noteSilence(peer, attempt.partner);
    noteFailure(peer.own);
  }
  tryNext(peer, env, index);
  resume(peer, env);
}

function noteFailure(own: FlightState): void {
  own.failing += FAILING_WEIGHT * (1 - own.failing);
}

/** Some steps of partners are due. */
export function onOverdue(peer: Peer, env: Env<StreamMessage>): void {
  for (let next = nextDue(peer, env); next !== null; next = nextDue(peer, env)) {
    const { partner, isInitiator, step } = next;
    const trade = findTrade(peer, peer.round, FLEXIBLE, partner, isInitiator);
    if (trade === null) {
      // The conduct did not let it come about.
      if (peer.own.unsettled === partner) peer.own.unsettled = null;
    } else if (isMissing(trade, step)) {
      hold(peer, partner);
      abandon(peer, env, trade);
    } else if (step === 'briefcase' && isMissing(trade, 'key'))
      awaitStep(peer, env, partner, isInitiator, 'key');
  }
}

/** Nothing is expected of a trade any more, though what comes is welcome: what it was to bring is free to be asked for elsewhere. */
function abandon(peer: Peer, env: Env<StreamMessage>, trade: Trade): void {
  const { own } = peer;
  clearBits(peer, trade.take);
  if (trade.isInitiator) {
    noteFailure(own);
    const index = attemptWith(own, trade.peer, 'trade');
    if (index >= 0) tryNext(peer, env, index);
    return;
  }
  // Nothing has been given in it.
  if (trade.key === null && !own.late.has(trade.peer)) {
    returnPlace(own.budget);
    dropPledge(own, trade.peer, trade.round, false);
    own.late.add(trade.peer);
  }
  if (own.unsettled === trade.peer) own.unsettled = null;
  resume(peer, env);
}

/** ACCEPT came. While somebody's REVEAL is awaited it waits: the want that answers it must know what that brings. */
export function onFlightAccept(peer: Peer, env: Env<StreamMessage>, accept: Accept): void {
  const { own } = peer;
  if (isAwaiting(peer)) own.deferred.push(accept);
  else onAccept(peer, env, accept);
}

/** Openings that wait at once: as many as there are places, and no crowd beyond. */
const MOST_WAITING = 4;

/**
 * A RESERVE came. It waits, too, if there would be a place for it: refusing costs its sender a partner, and this peer a trade.
 */
export function onFlightReserve(peer: Peer, env: Env<StreamMessage>, reserve: Reserve): void {
  const { own } = peer;
  const { accepted, acceptLimit } = own.budget;
  const isFull = accepted + own.waiting.length >= acceptLimit || own.waiting.length >= MOST_WAITING;
  const mustWait = isAwaiting(peer) || goesAhead(peer, reserve.from);
  if (isFull || hasLapsed(peer, reserve.from) || !mustWait) return onReserve(peer, env, reserve);
  own.waiting.push(reserve);
}

/**
 * While an answer is awaited, openings of those who are later in the round's order wait for it. Otherwise peers that have opened trades
 * in a circle would all wait for a REVEAL, and nobody could say its own.
 */
const goesAhead = ({ own, self, round }: Peer, of: NodeId): boolean =>
  (round % 2 === 0 ? self < of : of < self) && own.attempts.some(({ waitsFor }) => waitsFor === 'accept');

/** If nobody's REVEAL is awaited any more, what waited goes on, one opening at a time. */
function resume(peer: Peer, env: Env<StreamMessage>): void {
  const { own } = peer;
  if (isAwaiting(peer)) return;
  for (const accept of own.deferred.splice(0)) if (accept.round === peer.round) onAccept(peer, env, accept);
  while (!isAwaiting(peer)) {
    const next = own.waiting.findIndex(({ from }) => !goesAhead(peer, from));
    if (next < 0) return;
    for (const reserve of own.waiting.splice(next, 1))
      if (isRoundOpen(peer, env, reserve.round)) onReserve(peer, env, reserve);
  }
}

/** Both lists of a trade are known. */
export function onTradeSettled(peer: Peer, env: Env<StreamMessage>, trade: Trade): void {
  const { own } = peer;
  if (trade.round === peer.round) stepCame(peer, env, trade);
  if (trade.take.length > 0) awaitStep(peer, env, trade.peer, trade.isInitiator, 'briefcase');
  if (!trade.isInitiator) {
    if (own.unsettled === trade.peer) own.unsettled = null;
    // It comes late: its place had been given back.
    if (own.late.delete(trade.peer)) own.budget.accepted++;
    resume(peer, env);
    return;
  }
  own.silent.delete(trade.peer);
  const index = attemptWith(own, trade.peer, 'accept');
  const attempt = own.attempts[index];
  if (attempt === undefined) return;
  attempt.waitsFor = trade.take.length === 0 ? 'idle' : 'trade';
  env.cancelTimer(attemptTimer(index));
  resume(peer, env);
}

/** What was agreed has come. */
export function onTradeEnded(peer: Peer, env: Env<StreamMessage>, trade: Trade): void {
  if (trade.round !== peer.round) return;
  stepCame(peer, env, trade);
  if (!trade.isInitiator) return;
  const attempt = peer.own.attempts[attemptWith(peer.own, trade.peer, 'trade')];
  if (attempt === undefined) return;
  attempt.waitsFor = 'idle';
  peer.own.failing *= 1 - FAILING_WEIGHT;
}

/** BUSY: the next one. */
export function onTradeRefused(peer: Peer, env: Env<StreamMessage>, from: NodeId): void {
  const index = attemptWith(peer.own, from, 'accept');
  if (index < 0) return;
  tryNext(peer, env, index);
  resume(peer, env);
}

/** The link to a partner broke: what is waited for will not come. */
export function onPartnerGone(peer: Peer, env: Env<StreamMessage>, who: NodeId): void {
  const { own, round } = peer;
  noteSilence(peer, who);
  for (const isInitiator of [true, false]) {
    const trade = findTrade(peer, round, FLEXIBLE, who, isInitiator);
    if (trade !== null && (trade.stage === 'answered' || (trade.stage === 'agreed' && !trade.isOpened)))
      abandon(peer, env, trade);
  }
  const index = attemptWith(own, who, 'accept');
  if (index < 0) return;
  noteFailure(own);
  tryNext(peer, env, index);
}
