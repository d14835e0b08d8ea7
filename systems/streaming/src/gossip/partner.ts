/** The one partner that a draw permits in BAR Gossip: the first drawn member that is neither the drawer nor evicted. */

import { type Eviction, isEvicted } from '@concordat/accountability';
import type { Draws } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import type { Opening } from '../evidence/judging.ts';
import type { StreamKeys } from '../keys.ts';
import { checkChoice } from '../membership/choice.ts';
import type { Member, MemberList } from '../membership/member-list.ts';

/** Draws per member before a list is held to have nobody left: with half of a list evicted, 2^-40 that it is not so. */
const MAX_DRAWS = 40;

/** The partner of `self` in `round`, as somebody who knew the first `count` evictions draws it; null if nobody is left. */
export function drawPartner(
  draws: Draws,
  list: MemberList<Member>,
  self: NodeId,
  round: number,
  entries: readonly Eviction[],
  count: number,
): NodeId | null {
  const { members } = list;
  if (members.length < 2) return null;
  for (let i = 0; i < MAX_DRAWS; i++) {
    const id = members[draws.below(members.length)]?.id;
    if (id !== undefined && id !== self && !isEvicted(entries, count, id, round)) return id;
  }
  return null;
}

/** Whether the sender of an opening drew its partner; null if the evictions that it names are not known here. */
export function isDrawn(
  keys: Pick<StreamKeys, 'hash' | 'vrf'>,
  stream: Uint8Array,
  list: MemberList<Member>,
  entries: readonly Eviction[],
  opening: Opening,
): boolean | null {
  const { from, to, round, tag, evictions, candidate } = opening;
  const member = list.memberOf(from);
  if (member === undefined || opening.epoch !== list.epoch || evictions > entries.length) return null;
  const draws = checkChoice(keys, { stream, list, round, tag }, member.vrfKey, opening);
  return (
    draws !== null && candidate === 0 && drawPartner(draws, list, from, round, entries, evictions) === to
  );
}
