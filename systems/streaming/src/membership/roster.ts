/**
 * What a peer knows of an epoch's line: the list, page by page as it arrives, and the tickets of those who joined. Nothing enters
 * that the tracker did not sign; who signs two of a kind that contradict each other has convicted itself, and the first stays.
 *
 * A page is held as it came. The line is as long as the stream has members, so there is no table of it: places and ids are looked
 * up in the head, which has both in order.
 */

import type { Hash } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type DeltaHead, emptyDelta, extendDelta } from './delta.ts';
import {
  type EpochHead,
  indexInPage,
  isPageOf,
  type MemberPage,
  pageOfId,
  pageOfPlace,
  type SignedEpochHead,
} from './epoch-list.ts';
import type { PlacedMember, SignedTicket, Ticket } from './ticket.ts';
import { type Tub, tubOf } from './tubs.ts';

export interface Roster {
  readonly head: EpochHead;
  readonly signed: SignedEpochHead;
  /** Of the list; null while unknown. */
  readonly pages: (MemberPage | null)[];
  pagesMissing: number;
  /** Who joined, by place behind the list; undefined while unknown. */
  readonly newcomers: PlacedMember[];
  /** Places of the newcomers that are known. */
  readonly newcomerPlaces: Map<NodeId, number>;
  /** The log of joins as far as it is here without a gap. */
  log: DeltaHead;
}

export function createRoster(hash: Hash, signed: SignedEpochHead): Roster {
  const { head } = signed;
  return {
    head,
    signed,
    pages: new Array<null>(head.pages.length).fill(null),
    pagesMissing: head.pages.length,
    newcomers: [],
    newcomerPlaces: new Map(),
    log: emptyDelta(hash, head.epoch),
  };
}

/** Enters a page from anyone; false if it is none of this list, or here already. */
export function enterPage(roster: Roster, hash: Hash, page: number, members: MemberPage): boolean {
  if (roster.pages[page] !== null || !isPageOf(hash, roster.head, page, members)) return false;
  keepPage(roster, page, members);
  return true;
}

function keepPage(roster: Roster, page: number, members: MemberPage): void {
  roster.pages[page] = members;
  roster.pagesMissing--;
}

/** Takes over what stayed the same since the former epoch: a list changes by few pages. */
export function inheritPages(roster: Roster, former: Roster): void {
  for (const [page, { firstId, digest }] of roster.head.pages.entries()) {
    const at = pageOfId(former.head, firstId);
    const there = former.pages[at] ?? null;
    const then = former.head.pages[at];
    if (there !== null && then !== undefined && equalBytes(then.digest, digest))
      keepPage(roster, page, there);
  }
}

/** Enters a ticket whose signature the caller has checked, wherever in the line; false if its place is another's. */
export function enterTicket(roster: Roster, { epoch, place, member }: Ticket): boolean {
  const at = place - roster.head.members;
  if (epoch !== roster.head.epoch || at < 0) return false;
  const there = roster.newcomers[at];
  if (there !== undefined) return there.id === member.id;
  if (placeOf(roster, member.id) !== undefined) return false;
  roster.newcomers[at] = member;
  roster.newcomerPlaces.set(member.id, place);
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
  if (log.joined !== head.joined || !equalBytes(log.digest, head.digest)) return false;
  for (const { ticket } of tickets) if (!enterTicket(roster, ticket)) return false;
  roster.log = log;
  return true;
}

/** Places taken, as far as is known here without a gap. */
export const takenPlaces = ({ head, log }: Roster): number => head.members + log.joined;

export const tubAt = (roster: Roster, at: number): Tub => tubOf(roster.head.members, at);

/** Who stands at a place; undefined while unknown. */
export function memberAt({ head, pages, newcomers }: Roster, place: number): PlacedMember | undefined {
  const page = pageOfPlace(head, place);
  return page < 0 ? newcomers[place - head.members] : pages[page]?.[place - (head.pages[page]?.start ?? 0)];
}

const NOBODY: MemberPage = [];

/** Where `id` stands, by what is known here. */
export function placeOf({ head, pages, newcomerPlaces }: Roster, id: NodeId): number | undefined {
  const page = pageOfId(head, id);
  const index = indexInPage(pages[page] ?? NOBODY, id);
  return index < 0 ? newcomerPlaces.get(id) : (head.pages[page]?.start ?? 0) + index;
}

/** PERF: not by its place, which would have to be looked up in turn: every message leads to a few of these calls. */
export function memberWith(
  { head, pages, newcomers, newcomerPlaces }: Roster,
  id: NodeId,
): PlacedMember | undefined {
  const page = pages[pageOfId(head, id)] ?? NOBODY;
  const index = indexInPage(page, id);
  if (index >= 0) return page[index];
  const place = newcomerPlaces.get(id);
  return place === undefined ? undefined : newcomers[place - head.members];
}

/** All that are known here, by their places. */
export function* knownMembers({ pages, newcomers }: Roster): Iterable<PlacedMember> {
  for (const page of pages) if (page !== null) yield* page;
  for (const member of newcomers) if (member !== undefined) yield member;
}

/** How many that is. */
export function countKnown({ head, pages, newcomerPlaces }: Roster): number {
  let known = newcomerPlaces.size;
  for (const [page, { members }] of head.pages.entries()) if (pages[page] !== null) known += members;
  return known;
}
