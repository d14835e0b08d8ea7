/**
 * What a peer asks for, and in which order (FlightPath, OSDI 2008: erasure coding, tail inversion, splitting need).
 * Rounds that are about to be played and lack little come first - one packet there saves a whole round -, then the newest,
 * whose packets are worth most in later trades. Keeps two promises: of a round never more than K packets are held or
 * awaited, and no packet is awaited from two partners at once.
 *
 * A want names every packet of a round that is neither held nor awaited, so how many are still needed can be read off it:
 * as many fewer as packets are needed fewer than there are. Of a round that has enough it names none. So both sides of a
 * trade know the taker's order and where it stops, from the want alone.
 */

import { type Bits, clearRow, countRow, fillRow, pickRow, popcount, rowOf, type Shape } from '../bits.ts';

/** Rounds that are played within so many rounds are closing. */
const CLOSING_ROUNDS = 2;
/** A closing round is worth its haste if it lacks at most this share of what it needs. */
const CLOSING_SHARE = 0.2;

/** The part of the stream's config that need depends on. */
export interface NeedRules {
  readonly shape: Shape;
  /** K: packets that decode a round. */
  readonly needed: number;
  readonly invertsTail: boolean;
}

/** Packets of a row that are in either set: held or awaited. */
export function countEither({ rowWords }: Shape, a: Bits, b: Bits, row: number): number {
  let count = 0;
  for (let i = row * rowWords; i < (row + 1) * rowWords; i++)
    count += popcount((a[i] as number) | (b[i] as number));
  return count;
}

/** Fills `want` at round `now`, for the rounds from `first` on; `pending` are packets that partners have promised. */
export function fillWant(
  { shape, needed }: NeedRules,
  want: Bits,
  have: Bits,
  pending: Bits,
  now: number,
  first: number,
): void {
  for (let back = 0; back < shape.lifetime; back++) {
    const round = now - back;
    const row = rowOf(shape, round < 0 ? round + shape.lifetime : round);
    clearRow(shape, want, row);
    if (round < 0 || round < first || countEither(shape, have, pending, row) >= needed) continue;
    fillRow(shape, want, row);
    for (let i = row * shape.rowWords; i < (row + 1) * shape.rowWords; i++)
      want[i] = (want[i] as number) & ~((have[i] as number) | (pending[i] as number));
  }
}

/** How many packets of a row a want still has room for; 0 if it asks for none. */
export function quotaOf({ shape, needed }: NeedRules, want: Bits, row: number): number {
  const lacking = countRow(shape, want, row);
  return lacking === 0 ? 0 : Math.max(0, needed - (shape.perRound - lacking));
}

/** The rounds of a want, the most urgent first. Without tail inversion the order is newest first throughout. */
export function urgency(rules: NeedRules, want: Bits, now: number): number[] {
  const { shape, needed, invertsTail } = rules;
  const closing: number[] = [];
  const others: number[] = [];
  for (let round = now; round > now - shape.lifetime && round >= 0; round--) {
    const quota = quotaOf(rules, want, rowOf(shape, round));
    if (quota === 0) continue;
    const closes = round + shape.lifetime - now <= CLOSING_ROUNDS && quota <= CLOSING_SHARE * needed;
    if (invertsTail && closes) closing.unshift(round);
    else others.push(round);
  }
  return closing.length === 0 ? others : [...closing, ...others];
}

/**
 * Up to `limit` ids that `have` offers and `want` asks for, the most urgent first, of no round more than it needs. Within a
 * round they begin at index `first`: if all asked for low indices first, those would be everywhere and the others nowhere.
 */
export function pickUrgent(
  rules: NeedRules,
  have: Bits,
  want: Bits,
  now: number,
  first: number,
  limit: number,
): number[] {
  const { shape } = rules;
  const ids: number[] = [];
  for (const round of urgency(rules, want, now)) {
    const row = rowOf(shape, round);
    const quota = Math.min(quotaOf(rules, want, row), limit - ids.length);
    if (quota > 0) pickRow(shape, have, want, row, first, quota, ids);
  }
  return ids;
}

/** How many ids `pickUrgent` would give without a limit. */
export function countUrgent({ shape, needed }: NeedRules, have: Bits, want: Bits): number {
  const { lifetime, rowWords, perRound } = shape;
  let count = 0;
  for (let row = 0; row < lifetime; row++) {
    let [wanted, offered] = [0, 0];
    for (let i = row * rowWords; i < (row + 1) * rowWords; i++) {
      wanted += popcount(want[i] as number);
      offered += popcount((want[i] as number) & (have[i] as number));
    }
    if (wanted > 0) count += Math.min(offered, Math.max(0, needed - (perRound - wanted)));
  }
  return count;
}
