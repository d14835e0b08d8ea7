/**
 * What the tracker knows. The list and the tickets of the epoch, who answers to which id, when each was last heard: all but the
 * last comes back from the journal. Ids and places are given once: `nextId` only grows, over restarts too.
 */

import { assert, type Digest, type Millis, type NodeId, type Position } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import type { StreamKeys } from '../keys.ts';
import { type DeltaHead, emptyDelta } from '../membership/delta.ts';
import {
  createEpochHead,
  type MemberPage,
  type SignedEpochHead,
  signEpochHead,
} from '../membership/epoch-list.ts';
import type { PlacedMember, SignedTicket } from '../membership/ticket.ts';
import type { Join } from './messages.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';

/** Who may join (`admission.ts`). */
export interface Admission {
  /** What stands for the person: it has one place at a time, and does not come back after an eviction. */
  identityOf(join: Join): Uint8Array;
  /** Whether somebody who is no member may join now. Changes nothing. */
  isWelcome(join: Join, epoch: number): boolean;
  /** It was: what it used up is used up. */
  onAdmitted(join: Join): void;
  /** True if no owner of the key has a choice of outputs. */
  isUniqueKey(vrfKey: Uint8Array, certificate: Uint8Array): boolean;
}

export interface TrackerOptions {
  readonly stream: Digest;
  readonly keys: StreamKeys;
  readonly admission: Admission;
  readonly roundMs: number;
  /** Time between the first start and the first round. */
  readonly startInMs: Millis;
  readonly epochRounds: number;
  readonly maxMembers: number;
  /** Joins of one round; more are told to come again. */
  readonly joinsPerRound: number;
  /** Judges what a ping reports: who is to be evicted, or null. */
  convicts(evidence: Uint8Array): Convict | null;
}

export interface Convict {
  readonly member: NodeId;
  readonly rule: string;
}

/** Why somebody is no member any more: by evidence, by three missing pings, by its own word, or by its return as another member. */
export type RemovalReason = 'convicted' | 'silent' | 'left' | 'replaced';

export interface Removal {
  readonly id: NodeId;
  readonly why: RemovalReason;
  readonly round: number;
}

export interface TrackedMember {
  readonly member: PlacedMember;
  /** Of the person, as hex: one place each, and no return after an eviction. */
  readonly identity: string;
  /** Round in which it was last heard. */
  lastRound: number;
}

/** An epoch that has been signed. */
export interface EpochState {
  readonly head: SignedEpochHead;
  readonly pages: readonly MemberPage[];
  readonly tickets: SignedTicket[];
  /** Which of them is whose. */
  readonly ticketOf: Map<NodeId, number>;
  /** The log after each ticket; the first is the empty one. */
  readonly logs: DeltaHead[];
}

export interface TrackerState {
  readonly options: TrackerOptions;
  /** Clock at the beginning of round 0. */
  origin: Millis;
  nextId: NodeId;
  readonly members: Map<NodeId, TrackedMember>;
  readonly byIdentity: Map<string, NodeId>;
  readonly evicted: Set<string>;
  epoch: EpochState;
  /** The one that is signed and has not begun, between its preparation and its first round. */
  next: EpochState | null;
  suspects: NodeId[];
  /** The latest, and how many there were since the start. */
  removals: Removal[];
  readonly removed: Record<RemovalReason, number>;
  joinsThisRound: number;
  round: number;
  readonly joinRate: RateLimit;
  readonly pingRate: RateLimit;
  readonly askRate: RateLimit;
  /** Where the latest snapshot in the journal begins, and records since. */
  snapshotAt: Position;
  recordsSince: number;
}

export const roundAt = ({ origin, options }: TrackerState, now: Millis): number =>
  Math.max(0, Math.floor((now - origin) / options.roundMs));

export function createEpochState(
  options: Pick<TrackerOptions, 'keys' | 'stream'>,
  epoch: number,
  startRound: number,
  pages: readonly MemberPage[],
): EpochState {
  const { keys, stream } = options;
  const head = createEpochHead(keys.hash, epoch, startRound, pages);
  return {
    head: signEpochHead(keys, stream, head),
    pages,
    tickets: [],
    ticketOf: new Map(),
    logs: [emptyDelta(keys.hash, epoch)],
  };
}

export function createTrackerState(options: TrackerOptions, now: Millis): TrackerState {
  return {
    options,
    origin: now + options.startInMs,
    nextId: 0,
    members: new Map(),
    byIdentity: new Map(),
    evicted: new Set(),
    epoch: createEpochState(options, 0, 0, []),
    next: null,
    suspects: [],
    removals: [],
    removed: { convicted: 0, silent: 0, left: 0, replaced: 0 },
    joinsThisRound: 0,
    round: 0,
    // A peer that lost its welcome asks again a few times.
    joinRate: createRateLimit(4, 0.5),
    pingRate: createRateLimit(8, 2),
    // A newcomer fetches a list of a thousand in a few rounds.
    askRate: createRateLimit(16, 4),
    snapshotAt: 0,
    recordsSince: 0,
  };
}

/** A person has one place: who comes back under another key or address gives up the former id. */
export function addMember(state: TrackerState, member: PlacedMember, identity: string, round: number): void {
  const former = state.byIdentity.get(identity);
  if (former !== undefined) state.members.delete(former);
  state.members.set(member.id, { member, identity, lastRound: round });
  state.byIdentity.set(identity, member.id);
  state.nextId = Math.max(state.nextId, member.id + 1);
}

const KEPT_REMOVALS = 512;

/** Takes note of why somebody is gone; that it is, is the caller's to do. */
export function noteRemoval(state: TrackerState, id: NodeId, why: RemovalReason): void {
  state.removals.push({ id, why, round: state.round });
  if (state.removals.length > KEPT_REMOVALS) state.removals.shift();
  state.removed[why]++;
}

export function dropMember(state: TrackerState, id: NodeId): void {
  const tracked = state.members.get(id);
  if (tracked === undefined) return;
  state.members.delete(id);
  if (state.byIdentity.get(tracked.identity) === id) state.byIdentity.delete(tracked.identity);
}

export const identityText = (identity: Uint8Array): string => toHex(identity);

/** The epoch in which newcomers get their place now. */
export const openEpoch = (state: TrackerState): EpochState => state.next ?? state.epoch;

export function trackerInvariants(state: TrackerState): void {
  const { epoch, next, members, byIdentity, nextId } = state;
  for (const each of [epoch, next]) {
    if (each === null) continue;
    assert(each.logs.length === each.tickets.length + 1, 'the log has a head for each of its lengths');
    assert(each.head.head.pages.length === each.pages.length, 'the head has a digest of each page');
  }
  assert(next === null || next.head.head.epoch > epoch.head.head.epoch, 'epochs follow one another');
  assert(byIdentity.size === members.size, 'a person has one place');
  for (const id of members.keys()) assert(id < nextId, 'an id is given once');
}
