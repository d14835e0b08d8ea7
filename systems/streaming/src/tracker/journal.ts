/**
 * What the tracker must not forget: the session's beginning, who joined where, who was removed when. A record is durable before
 * the answer that depends on it leaves (kernel's turn), so a crash loses nobody who was told to be a member, and gives no id
 * or place twice. A snapshot at the beginning of an epoch lets go of what lies before it.
 *
 *   0 session  f64 origin
 *   1 snapshot u32 next id | u32 epoch | u32 start round | u32 count of the records that follow (2s, in order of the list, then 5s)
 *   2 listed   bool begins a page | member | text identity
 *   3 joined   ticket body | text identity
 *   4 epoch    u32 epoch | u32 start round | list of u32 removed
 *   5 evicted  text identity
 *   6 begun    u32 epoch
 */

import type { Env, NodeId, Recovered } from '@concordat/kernel';
import { createReader, createWriter, type Reader } from '@concordat/wire';
import { extendDelta } from '../membership/delta.ts';
import { MAX_MEMBERS } from '../membership/member-list.ts';
import {
  type PlacedMember,
  readMember,
  signTicket,
  type Ticket,
  ticketBody,
  writeMember,
} from '../membership/ticket.ts';
import { nextPages } from './next-pages.ts';
import {
  addMember,
  createEpochState,
  createTrackerState,
  dropMember,
  type EpochState,
  openEpoch,
  type TrackerOptions,
  type TrackerState,
} from './state.ts';

const SESSION = 0;
const SNAPSHOT = 1;
const LISTED = 2;
const JOINED = 3;
const EPOCH = 4;
const EVICTED = 5;
const BEGUN = 6;

const MAX_IDENTITY = 128;
/** After a journal that lost promises: ids and epochs go on where no lost one can have been. */
const LOSS_LEAP = 2 ** 20;
const EPOCH_LEAP = 2 ** 12;

/** Something that records can be appended to: an `Env` of any messages. */
export type Journal = Pick<Env<never>, 'append' | 'release'>;

function record(type: number, write: (writer: ReturnType<typeof createWriter>) => void): Uint8Array {
  const writer = createWriter();
  writer.u8(type);
  write(writer);
  return writer.finish();
}

function append(state: TrackerState, journal: Journal, bytes: Uint8Array): number {
  state.recordsSince++;
  return journal.append(bytes);
}

export const recordSession = (state: TrackerState, journal: Journal): void =>
  void append(
    state,
    journal,
    record(SESSION, (writer) => writer.f64(state.origin)),
  );

export const recordJoin = (state: TrackerState, journal: Journal, ticket: Ticket, identity: string): void =>
  void append(
    state,
    journal,
    record(JOINED, (writer) => {
      writer.bytes(ticketBody(ticket));
      writer.text(identity);
    }),
  );

export const recordEpoch = (
  state: TrackerState,
  journal: Journal,
  epoch: number,
  startRound: number,
  removed: readonly NodeId[],
): void =>
  void append(
    state,
    journal,
    record(EPOCH, (writer) => {
      writer.u32(epoch);
      writer.u32(startRound);
      writer.list(removed, (id) => writer.u32(id));
    }),
  );

export const recordBegun = (state: TrackerState, journal: Journal, epoch: number): void =>
  void append(
    state,
    journal,
    record(BEGUN, (writer) => writer.u32(epoch)),
  );

export const recordEviction = (state: TrackerState, journal: Journal, identity: string): void =>
  void append(
    state,
    journal,
    record(EVICTED, (writer) => writer.text(identity)),
  );

/** A snapshot is worth its bytes when as much was written since the last one. */
const SNAPSHOT_LEAST_RECORDS = 256;

/** At the beginning of an epoch. Who joined it already is written again, behind the list. */
export function snapshotIfWorth(state: TrackerState, journal: Journal): void {
  const { epoch, evicted, members } = state;
  if (state.recordsSince < Math.max(SNAPSHOT_LEAST_RECORDS, 2 * members.size)) return;
  const at = append(
    state,
    journal,
    record(SESSION, (writer) => writer.f64(state.origin)),
  );
  const head = record(SNAPSHOT, (writer) => {
    writer.u32(state.nextId);
    writer.u32(epoch.head.head.epoch);
    writer.u32(epoch.head.head.startRound);
    writer.u32(epoch.head.head.members + evicted.size);
  });
  append(state, journal, head);
  for (const page of epoch.pages)
    for (const member of page) append(state, journal, listedRecord(state, member, member === page[0]));
  for (const identity of evicted) recordEviction(state, journal, identity);
  for (const { ticket } of epoch.tickets)
    recordJoin(state, journal, ticket, members.get(ticket.member.id)?.identity ?? '');
  journal.release(at);
  state.snapshotAt = at;
  state.recordsSince = 0;
}

const listedRecord = (state: TrackerState, member: PlacedMember, beginsPage: boolean): Uint8Array =>
  record(LISTED, (writer) => {
    writer.bool(beginsPage);
    writeMember(writer, member);
    // Someone who left within the epoch is still listed, for nobody.
    writer.text(state.members.get(member.id)?.identity ?? '');
  });

/** The tracker as its journal has it. A journal without a record is that of a new session. */
export function recoverTracker(
  options: TrackerOptions,
  recovered: Recovered,
  env: Env<unknown>,
): TrackerState {
  const state = createTrackerState(options, env.now);
  const replay: Replay = { state, listing: null };
  for (const bytes of recovered.records) applyRecord(replay, createReader(bytes));
  if (recovered.records.length === 0) recordSession(state, env);
  if (!recovered.whole) leap(state, recovered.losses);
  return state;
}

interface Replay {
  readonly state: TrackerState;
  /** The snapshot that is being read. */
  listing: Listing | null;
}

interface Listing {
  readonly epoch: number;
  readonly startRound: number;
  left: number;
  readonly pages: PlacedMember[][];
}

/** One record of this journal: written by this file, so a torn or foreign one does not occur among what the host gives. */
function applyRecord(replay: Replay, reader: Reader): void {
  const { state } = replay;
  state.recordsSince++;
  switch (reader.u8()) {
    case SESSION:
      state.origin = reader.f64();
      break;
    case SNAPSHOT:
      beginSnapshot(replay, reader);
      break;
    case LISTED:
      applyListed(replay, reader.bool(), readMember(reader), reader.text(MAX_IDENTITY));
      break;
    case JOINED:
      applyJoined(state, reader);
      break;
    case EPOCH: {
      const [epoch, startRound] = [reader.u32(), reader.u32()];
      const removed = reader.list(MAX_MEMBERS, 4, () => reader.u32());
      prepareEpoch(state, epoch, startRound, removed);
      break;
    }
    case EVICTED:
      applyEvicted(replay, reader.text(MAX_IDENTITY));
      break;
    case BEGUN:
      beginEpoch(state);
      break;
    default:
      break;
  }
}

function beginSnapshot(replay: Replay, reader: Reader): void {
  const { state } = replay;
  state.nextId = reader.u32();
  const [epoch, startRound] = [reader.u32(), reader.u32()];
  replay.listing = { epoch, startRound, left: reader.u32(), pages: [] };
  state.recordsSince = 0;
  endSnapshotIfRead(replay);
}

function endSnapshotIfRead(replay: Replay): void {
  const { listing, state } = replay;
  if (listing === null || listing.left > 0) return;
  state.epoch = createEpochState(state.options, listing.epoch, listing.startRound, listing.pages);
  state.next = null;
  replay.listing = null;
}

function applyListed(replay: Replay, beginsPage: boolean, member: PlacedMember, identity: string): void {
  const { listing, state } = replay;
  if (listing === null) return;
  if (beginsPage) listing.pages.push([]);
  listing.pages.at(-1)?.push(member);
  if (identity !== '') addMember(state, member, identity, listing.startRound);
  listing.left--;
  endSnapshotIfRead(replay);
}

function applyEvicted(replay: Replay, identity: string): void {
  const { listing, state } = replay;
  state.evicted.add(identity);
  const id = state.byIdentity.get(identity);
  if (id !== undefined) dropMember(state, id);
  if (listing === null) return;
  listing.left--;
  endSnapshotIfRead(replay);
}

function applyJoined(state: TrackerState, reader: Reader): void {
  const ticket = decodeBody(reader.bytes(4096));
  const identity = reader.text(MAX_IDENTITY);
  if (ticket === null) return;
  enterTicket(state, openEpoch(state), ticket);
  // A snapshot has tickets of some who left since.
  if (identity !== '') addMember(state, ticket.member, identity, ticket.startRound);
}

function decodeBody(bytes: Uint8Array): Ticket | null {
  const reader = createReader(bytes);
  const [epoch, place, startRound] = [reader.u32(), reader.u32(), reader.u32()];
  return reader.finish({ epoch, place, startRound, member: readMember(reader) });
}

/** Signs a ticket and adds it to the epoch's log. Signatures of the same bytes are as good when they are made anew. */
export function enterTicket(state: TrackerState, epoch: EpochState, ticket: Ticket): void {
  const { keys, stream } = state.options;
  const last = epoch.logs[epoch.logs.length - 1];
  epoch.ticketOf.set(ticket.member.id, epoch.tickets.length);
  epoch.tickets.push(signTicket(keys, stream, ticket));
  if (last !== undefined) epoch.logs.push(extendDelta(keys.hash, last, ticket));
}

/** The epoch that begins next: who is there, without `removed`. */
export function prepareEpoch(
  state: TrackerState,
  epoch: number,
  startRound: number,
  removed: readonly NodeId[],
): void {
  for (const id of removed) dropMember(state, id);
  const joined = state.epoch.tickets.map(({ ticket }) => ticket.member);
  const pages = nextPages(state.epoch.pages, joined, (id) => state.members.has(id));
  state.next = createEpochState(state.options, epoch, startRound, pages);
}

export function beginEpoch(state: TrackerState): void {
  if (state.next === null) return;
  state.epoch = state.next;
  state.next = null;
}

/** Promises were lost: nothing may be given that might have been given before. */
function leap(state: TrackerState, losses: number): void {
  const { head } = state.epoch.head;
  state.nextId = (Math.floor(state.nextId / LOSS_LEAP) + losses) * LOSS_LEAP;
  const epoch = (Math.floor(head.epoch / EPOCH_LEAP) + losses) * EPOCH_LEAP;
  const pages = nextPages(
    openEpoch(state).pages,
    [...state.epoch.tickets, ...(state.next?.tickets ?? [])].map(({ ticket }) => ticket.member),
    (id) => state.members.has(id),
  );
  state.next = null;
  state.epoch = createEpochState(state.options, epoch, head.startRound, pages);
}
