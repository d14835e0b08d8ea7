/**
 * What a peer knows of an epoch's line: the list, page by page as it arrives, and the tickets of those who joined. Nothing enters
 * that the tracker did not sign; who signs two of a kind that contradict each other has convicted itself, and the first stays.
 */

import type { Hash } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { type DeltaHead, emptyDelta, extendDelta } from './delta.ts';
import {
  type EpochHead,
  isPageOf,
  PAGE_MEMBERS,
  pageSize,
  pagesFor,
  type SignedEpochHead,
} from './epoch-list.ts';
import type { PlacedMember, SignedTicket, Ticket } from './ticket.ts';
import { type Tub, tubOf } from './tubs.ts';

export interface Roster {
  readonly head: EpochHead;
  readonly signed: SignedEpochHead;
  /** By place, list and newcomers; undefined while unknown. */
  readonly line: PlacedMember[];
  readonly places: Map<NodeId, number>;
  /** Pages of the list that are here. */
  readonly pages: boolean[];
  pagesMissing: number;
  /** The log of joins as far as it is here without a gap. */
  log: DeltaHead;
}

export function createRoster(hash: Hash, signed: SignedEpochHead): Roster {
  const count = pagesFor(signed.head.members);
  return {
    head: signed.head,
    signed,
    line: [],
    places: new Map(),
    pages: new Array<boolean>(count).fill(false),
    pagesMissing: count,
    log: emptyDelta(hash, signed.head.epoch),
  };
}

function place(roster: Roster, at: number, member: PlacedMember): void {
  roster.line[at] = member;
  roster.places.set(member.id, at);
}

/** Enters a page from anyone; false if it is none of this list, or here already. */
export function enterPage(
  roster: Roster,
  hash: Hash,
  page: number,
  members: readonly PlacedMember[],
): boolean {
  if (roster.pages[page] !== false || !isPageOf(hash, roster.head, page, members)) return false;
  roster.pages[page] = true;
  roster.pagesMissing--;
  for (const [i, member] of members.entries()) place(roster, page * PAGE_MEMBERS + i, member);
  return true;
}

/** Takes over what stayed the same since the former epoch: a list changes by few pages. */
export function inheritPages(roster: Roster, hash: Hash, former: Roster): void {
  for (let page = 0; page < roster.pages.length; page++) {
    const members: PlacedMember[] = [];
    for (const member of former.line.slice(
      page * PAGE_MEMBERS,
      page * PAGE_MEMBERS + pageSize(roster.head.members, page),
    ))
      if (member !== undefined) members.push(member);
    enterPage(roster, hash, page, members);
  }
}

/** Enters a ticket whose signature the caller has checked, wherever in the line; false if its place is another's. */
export function enterTicket(roster: Roster, { epoch, place: at, member }: Ticket): boolean {
  if (epoch !== roster.head.epoch || at < roster.head.members) return false;
  const there = roster.line[at];
  if (there !== undefined) return there.id === member.id;
  if (roster.places.has(member.id)) return false;
  place(roster, at, member);
  return true;
}

/** Extends the log by tickets in order; false if they do not come next, or do not lead to the signed head. */
export function extendLog(
  roster: Roster,
  hash: Hash,
  head: DeltaHead,
  tickets: readonly SignedTicket[],
): boolean {
  let log = roster.log;
  for (const { ticket } of tickets) {
    if (ticket.epoch !== roster.head.epoch || ticket.place !== roster.head.members + log.joined) return false;
    log = extendDelta(hash, log, ticket);
  }
  if (log.joined !== head.joined || !log.digest.every((byte, i) => byte === head.digest[i])) return false;
  for (const { ticket } of tickets) if (!enterTicket(roster, ticket)) return false;
  roster.log = log;
  return true;
}

/** Places taken, as far as is known here without a gap. */
export const takenPlaces = ({ head, log }: Roster): number => head.members + log.joined;

export const tubAt = (roster: Roster, at: number): Tub => tubOf(roster.head.members, at);

export const memberAt = (roster: Roster, at: number): PlacedMember | undefined => roster.line[at];
