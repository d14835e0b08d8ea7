/**
 * Tubs (FlightPath, OSDI 2008): how newcomers enter in mid-epoch without flooding those who are there. The members of the
 * epoch's list are tub 0; who joins later fills tub 1, then 2, and so on, in order. A peer trades mostly within its own tub and
 * for a fixed share with all tubs before it, never with later ones: so a crowd of newcomers brings at most that share of
 * its trades to the old peers, however large it is.
 *
 * All members of an epoch stand in one line: places 0 to n - 1 are the list, then come joiners in the order in which they
 * joined. A tub is a range of places, and is full before the next is opened, so the places before it never change.
 */

import type { Draws } from '@concordat/crypto';

export interface Tub {
  readonly number: number;
  /** Its first place: as many members stand before it. */
  readonly start: number;
  /** Places it has, taken or not. */
  readonly size: number;
}

/** The smallest that a tub of newcomers may be. */
export const MIN_TUB_SIZE = 16;
/** Its share of all who are there when it is opened: a peer of a full tub knows as many as it has newcomers beside it. */
const TUB_SHARE = 0.25;
/** Draws of a newcomer that stay within its tub, of `DRAW_PARTS`. */
export const OWN_TUB_PARTS = 7;
export const DRAW_PARTS = 10;

/** The tub of an epoch's list. */
export const listTub = (members: number): Tub => ({ number: 0, start: 0, size: members });

/** The tub that opens once `tub` is full. */
export function nextTub(tub: Tub): Tub {
  const start = tub.start + tub.size;
  return { number: tub.number + 1, start, size: Math.max(MIN_TUB_SIZE, Math.ceil(TUB_SHARE * start)) };
}

/** The tub in which `place` lies, in an epoch with a list of `members`. */
export function tubOf(members: number, place: number): Tub {
  let tub = listTub(members);
  while (place >= tub.start + tub.size) tub = nextTub(tub);
  return tub;
}

/** The place that a peer of `tub` draws: perhaps its own, or one that nobody has taken yet. */
export function drawPlace(draws: Draws, tub: Tub): number {
  const isOwn = tub.start === 0 || draws.below(DRAW_PARTS) < OWN_TUB_PARTS;
  return isOwn ? tub.start + draws.below(tub.size) : draws.below(tub.start);
}
