/**
 * Who is there. Peers ping every few rounds; the answer carries the signed clock, so that asking pays, and room for evidence, so
 * that reporting is free. Three pings missed make a suspect, which others try last; the next epoch begins without it.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import { createBeacon } from '../beacon.ts';
import { signDelta } from '../membership/delta.ts';
import { pageOfId } from '../membership/epoch-list.ts';
import { PAGES_PER_ANSWER, pickWanted } from '../membership/page-exchange.ts';
import type { PlacedMember } from '../membership/ticket.ts';
import { tubOf } from '../membership/tubs.ts';
import { recordEviction } from './journal.ts';
import {
  MAX_REMOVALS,
  MAX_SUSPECTS,
  MAX_TICKETS,
  type PageAsk,
  type Ping,
  type TrackerMessage,
} from './messages.ts';
import { isWithinRate } from './rate-limit.ts';
import {
  type Convict,
  dropMember,
  type EpochState,
  noteRemoval,
  openEpoch,
  type TrackerState,
} from './state.ts';

export const PING_ROUNDS = 5;
const MISSED_PINGS = 3;

export function onPing(state: TrackerState, env: Env<TrackerMessage>, from: NodeId, ping: Ping): void {
  const { keys, stream } = state.options;
  const tracked = state.members.get(from);
  if (tracked !== undefined) tracked.lastRound = state.round;
  if (!isWithinRate(state.pingRate, from, env.now)) return;
  if (tracked === undefined) {
    // Somebody whom a journal forgot, or who was removed: it may join again.
    env.send(from, { kind: 'refused', reason: 'not-admitted', retryAfterMs: 0 });
    return;
  }
  if (ping.evidence.length > 0) onEvidence(state, env, ping.evidence);
  const sessionMs = Math.max(0, env.now - state.origin);
  env.send(from, {
    kind: 'pong',
    nonce: ping.nonce,
    sessionMs,
    signature: createBeacon(keys, stream, ping.nonce, sessionMs).signature,
    epoch: openEpoch(state).head.head.epoch,
    suspects: state.suspects,
  });
  // The ping before the epoch begins is the last chance to tell.
  if (openEpoch(state).head.head.epoch > ping.epoch) sendEpoch(state, env, from);
  if (ping.wantsTickets) sendTickets(state, env, from, ping);
}

/** What the log has beyond `known`, up to the end of the asker's own tub: nobody trades with later ones. */
function sendTickets(state: TrackerState, env: Env<TrackerMessage>, from: NodeId, ping: Ping): void {
  const epoch = state.epoch.ticketOf.has(from) ? state.epoch : openEpoch(state);
  const own = epoch.ticketOf.get(from);
  if (own === undefined) return;
  const listed = epoch.head.head.members;
  const tub = tubOf(listed, listed + own);
  const end = Math.min(epoch.tickets.length, tub.start + tub.size - listed, ping.known + MAX_TICKETS);
  const log = epoch.logs[end];
  if (end <= ping.known || log === undefined) return;
  const { keys, stream } = state.options;
  env.send(from, {
    kind: 'delta',
    head: signDelta(keys, stream, log),
    tickets: epoch.tickets.slice(ping.known, end),
  });
}

const epochOf = (state: TrackerState, epoch: number): EpochState | null => {
  if (state.epoch.head.head.epoch === epoch) return state.epoch;
  return state.next?.head.head.epoch === epoch ? state.next : null;
};

export function onEpochAsk(state: TrackerState, env: Env<TrackerMessage>, from: NodeId, known: number): void {
  if (!state.members.has(from) || !isWithinRate(state.askRate, from, env.now)) return;
  if (openEpoch(state).head.head.epoch > known) sendEpoch(state, env, from);
}

/**
 * The head of the latest list, and who of the latest to go is not in it. A newcomer gets the page that it is in as well: without a
 * place it could not trade.
 */
function sendEpoch(state: TrackerState, env: Env<TrackerMessage>, to: NodeId): void {
  const { head, pages } = openEpoch(state);
  env.send(to, { kind: 'epoch', head });
  const page = pageOfId(head.head, to);
  const members = state.epoch.ticketOf.has(to) ? pages[page] : undefined;
  if (members !== undefined) env.send(to, { kind: 'page', epoch: head.head.epoch, page, members });
  const removed = state.removals.slice(-MAX_REMOVALS);
  if (removed.length > 0) env.send(to, { kind: 'removals', removed });
}

export function onPageAsk(
  state: TrackerState,
  env: Env<TrackerMessage>,
  from: NodeId,
  { epoch, wanted }: PageAsk,
): void {
  const pages = epochOf(state, epoch)?.pages;
  if (pages === undefined || !state.members.has(from) || !isWithinRate(state.askRate, from, env.now)) return;
  for (const page of pickWanted(pages, wanted, PAGES_PER_ANSWER, env.random.below))
    env.send(from, { kind: 'page', epoch, page, members: pages[page] ?? [] });
}

function onEvidence(state: TrackerState, env: Env<TrackerMessage>, evidence: Uint8Array): void {
  const convict = state.options.convicts(evidence);
  if (convict !== null) evictMember(state, env, convict, evidence);
}

/** Evicts a member that a judge has convicted, here or beside (the broadcaster's); nothing if it is none any more. */
export function evictMember(
  state: TrackerState,
  env: Pick<Env<never>, 'append' | 'release' | 'note'>,
  { member: id, rule }: Convict,
  evidence: Uint8Array,
): void {
  const tracked = state.members.get(id);
  if (tracked === undefined) return;
  recordEviction(state, env, tracked.identity);
  state.evicted.add(tracked.identity);
  noteRemoval(state, id, 'convicted');
  dropMember(state, id);
  const key = toHex(tracked.member.publicKey);
  env.note({ kind: 'evicted', member: id, rule, key, evidence: toHex(evidence) });
}

/** The link to a member broke: a suspect at once, until it pings again. Most that go do so without a word. */
export function onMemberGone(state: TrackerState, id: NodeId): void {
  const tracked = state.members.get(id);
  if (tracked !== undefined)
    tracked.lastRound = Math.min(tracked.lastRound, state.round - MISSED_PINGS * PING_ROUNDS - 1);
}

/** Whom a broadcaster should seed: members that are no suspects. */
export function likelyMembers(state: TrackerState): PlacedMember[] {
  const limit = state.round - MISSED_PINGS * PING_ROUNDS;
  const likely: PlacedMember[] = [];
  for (const { member, lastRound } of state.members.values()) if (lastRound >= limit) likely.push(member);
  return likely;
}

/** Members whose last three pings are missing. */
export function silentMembers(state: TrackerState): NodeId[] {
  const limit = state.round - MISSED_PINGS * PING_ROUNDS;
  const silent: NodeId[] = [];
  for (const [id, { lastRound }] of state.members) if (lastRound < limit) silent.push(id);
  return silent;
}

/** Once per round. */
export function updateSuspects(state: TrackerState): void {
  // The latest ones: who is silent for long is out of the list.
  state.suspects = silentMembers(state).slice(-MAX_SUSPECTS);
}
