/**
 * From one epoch's list to the next with as little change as possible. A page that nobody left stays as it is; neighbours that have
 * become small are joined; newcomers, whose ids are higher than all before, fill the last page and make new ones.
 */

import type { NodeId } from '@concordat/kernel';
import { type MemberPage, PAGE_MEMBERS } from '../membership/epoch-list.ts';
import type { PlacedMember } from '../membership/ticket.ts';

/** @param joined by ascending id; those that the list has already do not count */
export function nextPages(
  pages: readonly MemberPage[],
  joined: readonly PlacedMember[],
  stays: (id: NodeId) => boolean,
): readonly MemberPage[] {
  const next: MemberPage[] = [];
  for (const page of pages) {
    const staying = page.every(({ id }) => stays(id)) ? page : page.filter(({ id }) => stays(id));
    append(next, staying);
  }
  const last = pages.at(-1)?.at(-1)?.id ?? -1;
  const newcomers = joined.filter(({ id }) => id > last && stays(id));
  const room = PAGE_MEMBERS - (next.at(-1)?.length ?? PAGE_MEMBERS);
  append(next, newcomers.slice(0, room));
  for (let at = room; at < newcomers.length; at += PAGE_MEMBERS)
    next.push(newcomers.slice(at, at + PAGE_MEMBERS));
  return next;
}

/** Adds a page, or its members to the last one if that has room for all. */
function append(pages: MemberPage[], page: MemberPage): void {
  if (page.length === 0) return;
  const last = pages.at(-1);
  if (last === undefined || last.length + page.length > PAGE_MEMBERS) pages.push(page);
  else pages[pages.length - 1] = [...last, ...page];
}
