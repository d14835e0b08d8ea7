/**
 * From one epoch's list to the next with as little change as possible: who stays keeps its place, newcomers fill the places of
 * those who left, and what is still empty is filled from the end. So most pages stay as they are, and nobody needs them again.
 */

import type { NodeId } from '@concordat/kernel';
import type { PlacedMember } from '../membership/ticket.ts';

export function nextList(
  list: readonly PlacedMember[],
  joined: readonly PlacedMember[],
  stays: (id: NodeId) => boolean,
): readonly PlacedMember[] {
  const listed = new Set(list.map(({ id }) => id));
  const newcomers = joined.filter(({ id }) => stays(id) && !listed.has(id));
  const next: (PlacedMember | null)[] = list.map((member) => (stays(member.id) ? member : null));
  let used = 0;
  for (let place = 0; place < next.length && used < newcomers.length; place++)
    if (next[place] === null) next[place] = newcomers[used++] as PlacedMember;
  next.push(...newcomers.slice(used));
  return withoutHoles(next);
}

/** Moves the last members to the first holes. */
function withoutHoles(next: (PlacedMember | null)[]): readonly PlacedMember[] {
  for (let place = 0; place < next.length; place++) {
    while (next.length > place && next[next.length - 1] === null) next.pop();
    if (place < next.length && next[place] === null) next[place] = next.pop() ?? null;
  }
  return next.filter((member) => member !== null);
}
