/**
 * The tracker of FlightPath: who is a member, in which epoch and at which place, and what time it is. It carries no media and
 * decides nothing else. It is trusted to be there; what it signs can be held against it (`membership/contradictions.ts`).
 */

import { type Env, type NodeId, type Process, unreachable } from '@concordat/kernel';
import { createBeacon } from '../beacon.ts';
import { type FlightMessage, isMembership } from '../flightpath/messages.ts';
import { onJoin } from './joins.ts';
import {
  beginEpoch,
  prepareEpoch,
  recordBegun,
  recordEpoch,
  recoverTracker,
  snapshotIfWorth,
} from './journal.ts';
import {
  onEpochAsk,
  onMemberGone,
  onPageAsk,
  onPing,
  PING_ROUNDS,
  silentMembers,
  updateSuspects,
} from './pings.ts';
import { isWithinRate, sweepRates } from './rate-limit.ts';
import { noteRemoval, roundAt, type TrackerOptions, type TrackerState, trackerInvariants } from './state.ts';

/** Rounds between the signing of an epoch's list and its beginning: everybody has pinged by then, and has had time for pages. */
export const EPOCH_LEAD_ROUNDS = PING_ROUNDS + 3;
/**
 * As many newcomers as members, and so many at least, end an epoch early: they are known to few, and their log is longer than a list.
 * But not before they have caught up: else all of them turned to the former members for what they lack.
 */
const CROWD_LEAST = 64;
const CATCH_UP_ROUNDS = 8;
const DESERTED_LEAST = 16;
const ROUND_TIMER = 'round';
const SWEEP_ROUNDS = 30;

export function createTracker(options: TrackerOptions): Process<TrackerState, FlightMessage> {
  return {
    start: (env, recovered) => {
      const state = recoverTracker(options, recovered, env);
      state.round = roundAt(state, env.now);
      // The silence was its own.
      for (const tracked of state.members.values()) tracked.lastRound = state.round;
      armRound(state, env);
      return state;
    },
    receive: (state, env, from, message) => receive(state, env, from, message),
    linked: (state, _env, peer, isUp) => {
      if (!isUp) onMemberGone(state, peer);
    },
    timeout: (state, env) => onRound(state, env),
    settle: () => {},
    invariants: trackerInvariants,
  };
}

function receive(state: TrackerState, env: Env<FlightMessage>, from: NodeId, message: FlightMessage): void {
  if (message.kind === 'clock-ask') return onClockAsk(state, env, from, message.nonce);
  if (!isMembership(message)) return;
  switch (message.kind) {
    case 'join':
      onJoin(state, env, from, message);
      break;
    case 'ping':
      onPing(state, env, from, message);
      break;
    case 'epoch-ask':
      onEpochAsk(state, env, from, message.epoch);
      break;
    case 'page-ask':
      onPageAsk(state, env, from, message);
      break;
    case 'leave':
      onLeave(state, from);
      break;
    case 'welcome':
    case 'refused':
    case 'pong':
    case 'epoch':
    case 'page':
    case 'delta':
    case 'removals':
      break;
    default:
      unreachable(message);
  }
}

/** What time it is is no secret, but nobody gets it more often than it helps. */
function onClockAsk(state: TrackerState, env: Env<FlightMessage>, from: NodeId, nonce: number): void {
  const { keys, stream } = state.options;
  if (isWithinRate(state.askRate, from, env.now))
    env.send(from, createBeacon(keys, stream, nonce, Math.max(0, env.now - state.origin)));
}

/** It is a suspect at once and removed with the next epoch, as if it had been silent. */
function onLeave(state: TrackerState, from: NodeId): void {
  const tracked = state.members.get(from);
  if (tracked !== undefined) tracked.lastRound = Number.NEGATIVE_INFINITY;
}

const hasLeft = (state: TrackerState, id: NodeId): boolean =>
  state.members.get(id)?.lastRound === Number.NEGATIVE_INFINITY;

function armRound(state: TrackerState, env: Env<FlightMessage>): void {
  const { roundMs } = state.options;
  env.setTimer(ROUND_TIMER, Math.max(0, state.origin + (state.round + 1) * roundMs - env.now));
}

function onRound(state: TrackerState, env: Env<FlightMessage>): void {
  state.round = roundAt(state, env.now);
  state.joinsThisRound = 0;
  updateSuspects(state);
  turnEpoch(state, env);
  if (state.round % SWEEP_ROUNDS === 0)
    for (const rate of [state.joinRate, state.pingRate, state.askRate]) sweepRates(rate, env.now);
  armRound(state, env);
}

function isCrowded({ epoch, round }: TrackerState): boolean {
  const crowd = epoch.tickets[Math.max(CROWD_LEAST, epoch.head.head.members) - 1];
  return crowd !== undefined && crowd.ticket.startRound + CATCH_UP_ROUNDS <= round;
}

/**
 * Half of the list or more are gone: whoever stays had better not look for them any longer. Not if hardly anybody is heard: then it is
 * the tracker that is cut off.
 */
function isDeserted(state: TrackerState): boolean {
  const { members } = state.epoch.head.head;
  const silent = silentMembers(state).length;
  return silent >= DESERTED_LEAST && 2 * silent >= members && 8 * silent <= 7 * members;
}

/** Prepares and begins epochs. A tracker that was away catches up one step per round. */
function turnEpoch(state: TrackerState, env: Env<FlightMessage>): void {
  const { epochRounds } = state.options;
  const { head } = state.epoch.head;
  const { next, round } = state;
  if (next !== null) {
    if (round < next.head.head.startRound) return;
    recordBegun(state, env, next.head.head.epoch);
    beginEpoch(state);
    snapshotIfWorth(state, env);
    return;
  }
  const due = head.startRound + (isCrowded(state) || isDeserted(state) ? 0 : epochRounds);
  if (round < due - EPOCH_LEAD_ROUNDS) return;
  const startRound = Math.max(due, round + EPOCH_LEAD_ROUNDS);
  const removed = silentMembers(state);
  for (const id of removed) noteRemoval(state, id, hasLeft(state, id) ? 'left' : 'silent');
  recordEpoch(state, env, head.epoch + 1, startRound, removed);
  prepareEpoch(state, head.epoch + 1, startRound, removed);
  env.note({
    kind: 'epoch-signed',
    epoch: head.epoch + 1,
    members: state.next?.head.head.members ?? 0,
    removed: removed.length,
  });
}
