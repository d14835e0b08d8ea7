/**
 * The trades that a peer begins: one per round, more when it is in trouble, each with the first of its permitted partners that
 * is there and free. Who is busy or silent costs the time of an answer, not the round (FlightPath, OSDI 2008, flexibility).
 */

import type { Env, NodeId } from '@concordat/kernel';
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
import { clearBits } from './pending.ts';
import type { Attempt, FlightState } from './state.ts';
import { initiationsFor, lookForTrouble } from './trouble.ts';

type Peer = PeerState<FlightState>;

/** When the round's trades begin, as shares of it, and after which share none begins any more. */
const BEGIN_AT = 0.04;
const SPREAD = 0.5;
const LAST_AT = 0.72;
/** How long an answer, a briefcase and a key are waited for, each, as a share of a round. */
const ANSWER_SHARE = 0.15;
/** How long who did not answer is tried last, in rounds, and who agreed to a trade and delivered nothing. */
const SILENCE_ROUNDS = 40;
const DEFAULT_ROUNDS = 200;
/** Attempts at once: as many more than trades are asked for as of late came to nothing. */
const MOST_ATTEMPTS = 6;
const MORE_PLACES = 2;
const FAILING_WEIGHT = 0.15;
/** A question waits so long while an answer to it would have to wait, as a share of a round. */
const PAUSE_SHARE = 0.04;

const attemptTimer = (index: number): string => `attempt-${index}`;
export const isAttemptTimer = (timer: string): boolean => timer.startsWith('attempt-');

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
  own.tried = 0;
  for (const [id, until] of own.silent) if (until <= round) own.silent.delete(id);
  for (const [id, until] of own.defaulted) if (until <= round) own.defaulted.delete(id);
  noteDefaults(peer, tradesOf(peer, round - 1));
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

/**
 * Who agreed and sent no briefcase. That proves nothing, a link may have been slow; but whoever has many partners to choose
 * from does without this one for a while.
 */
function noteDefaults({ own, round }: Peer, trades: readonly Trade[]): void {
  for (const trade of trades)
    if (
      trade.round === round - 1 &&
      trade.stage === 'agreed' &&
      trade.take.length > 0 &&
      trade.received === null
    )
      own.defaulted.set(trade.peer, round + DEFAULT_ROUNDS);
}

/** True while somebody's REVEAL is awaited: what that trade will bring is not known yet. */
export function isAwaiting(peer: Peer, env: Env<StreamMessage>): boolean {
  const { unsettled } = peer.own;
  if (unsettled === null) return false;
  if (env.now - unsettled.since < ANSWER_SHARE * peer.setup.config.roundMs) return true;
  // Its place in this round is lost, what was pledged for it is not.
  dropPledge(peer.own, unsettled.partner, peer.round, false);
  peer.own.unsettled = null;
  return false;
}

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
  if (isAwaiting(peer, env)) {
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

/** The timer of an attempt: it is to begin, or what it waits for did not come. */
export function onAttempt(peer: Peer, env: Env<StreamMessage>, timer: string): void {
  const { own } = peer;
  const index = Number(timer.slice(attemptTimer(0).length - 1));
  const attempt = own.attempts[index];
  if (attempt === undefined) return;
  const trade = findTrade(peer, peer.round, FLEXIBLE, attempt.partner, true);
  if (attempt.waitsFor === 'briefcase' && trade !== null && trade.received !== null) {
    attempt.waitsFor = 'key';
    env.setTimer(timer, ANSWER_SHARE * peer.setup.config.roundMs);
    return;
  }
  if (attempt.waitsFor !== 'idle') giveUp(peer, attempt);
  tryNext(peer, env, index);
}

function giveUp(peer: Peer, attempt: Attempt): void {
  const { own, round } = peer;
  const trade = findTrade(peer, round, FLEXIBLE, attempt.partner, true);
  own.silent.set(attempt.partner, round + SILENCE_ROUNDS);
  own.failing += FAILING_WEIGHT * (1 - own.failing);
  dropPledge(own, attempt.partner, round, true);
  if (trade === null) return;
  clearBits(peer, trade.take);
  if (attempt.waitsFor === 'accept') trade.stage = 'closed';
}

/** ACCEPT came. While somebody's REVEAL is awaited it waits: the want that answers it must know what that brings. */
export function onFlightAccept(peer: Peer, env: Env<StreamMessage>, accept: Accept): void {
  const { own } = peer;
  if (isAwaiting(peer, env)) own.deferred.push(accept);
  else onAccept(peer, env, accept);
}

/** Openings that wait at once: as many as there are places, and no crowd beyond. */
const MOST_WAITING = 4;
const RESUME_TIMER = 'resume';
export const isResumeTimer = (timer: string): boolean => timer === RESUME_TIMER;

/**
 * A RESERVE came. It waits, too, if there would be a place for it: refusing costs its sender a partner, and this peer a trade.
 */
export function onFlightReserve(peer: Peer, env: Env<StreamMessage>, reserve: Reserve): void {
  const { own, setup } = peer;
  const { accepted, acceptLimit } = own.budget;
  const isFull = accepted + own.waiting.length >= acceptLimit || own.waiting.length >= MOST_WAITING;
  if (isFull || own.defaulted.has(reserve.from) || !isAwaiting(peer, env))
    return onReserve(peer, env, reserve);
  own.waiting.push(reserve);
  env.setTimer(RESUME_TIMER, ANSWER_SHARE * setup.config.roundMs);
}

/** Nobody's REVEAL is awaited any more: what waited goes on, one opening at a time. */
export function resume(peer: Peer, env: Env<StreamMessage>): void {
  const { own } = peer;
  for (const accept of own.deferred.splice(0)) if (accept.round === peer.round) onAccept(peer, env, accept);
  while (own.waiting.length > 0 && !isAwaiting(peer, env)) {
    const reserve = own.waiting.shift();
    if (reserve !== undefined && isRoundOpen(peer, env, reserve.round)) onReserve(peer, env, reserve);
  }
}

/** Both lists of a trade are known. */
export function onTradeSettled(peer: Peer, env: Env<StreamMessage>, trade: Trade): void {
  const { own, setup } = peer;
  if (!trade.isInitiator) {
    if (own.unsettled?.partner === trade.peer) own.unsettled = null;
    resume(peer, env);
    return;
  }
  const index = attemptWith(own, trade.peer, 'accept');
  const attempt = own.attempts[index];
  if (attempt === undefined) return;
  if (trade.take.length === 0) {
    attempt.waitsFor = 'idle';
    env.cancelTimer(attemptTimer(index));
    return;
  }
  attempt.waitsFor = 'briefcase';
  env.setTimer(attemptTimer(index), ANSWER_SHARE * setup.config.roundMs);
}

/** What was agreed has come. */
export function onTradeEnded(peer: Peer, env: Env<StreamMessage>, trade: Trade): void {
  if (!trade.isInitiator || trade.round !== peer.round) return;
  const index = peer.own.attempts.findIndex(
    ({ partner, waitsFor }) => partner === trade.peer && (waitsFor === 'briefcase' || waitsFor === 'key'),
  );
  const attempt = peer.own.attempts[index];
  if (attempt === undefined) return;
  attempt.waitsFor = 'idle';
  peer.own.failing *= 1 - FAILING_WEIGHT;
  env.cancelTimer(attemptTimer(index));
}

/** BUSY: the next one. */
export function onTradeRefused(peer: Peer, env: Env<StreamMessage>, from: NodeId): void {
  const index = attemptWith(peer.own, from, 'accept');
  if (index >= 0) tryNext(peer, env, index);
}

/** The link to a partner broke: what is waited for will not come. */
export function onPartnerGone(peer: Peer, env: Env<StreamMessage>, who: NodeId): void {
  peer.own.silent.set(who, peer.round + SILENCE_ROUNDS);
  for (const [index, attempt] of peer.own.attempts.entries()) {
    if (attempt.partner !== who || attempt.waitsFor === 'idle') continue;
    giveUp(peer, attempt);
    tryNext(peer, env, index);
  }
}
