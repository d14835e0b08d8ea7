/**
 * The trouble detector (FlightPath, OSDI 2008): a peer whose old rounds do not decode begins further trades in the same
 * round, before the rounds are lost. A peer in good shape begins one, which is what keeps upload near the need.
 */

/** A round younger than this is still expected to be incomplete. */
const MATURE_ROUNDS = 4;

/** How many mature rounds, from `first` on, are not decodable at round `now`, by how many of their packets are held. */
export function badRounds(
  heldOf: (round: number) => number,
  needed: number,
  lifetime: number,
  now: number,
  first: number,
): number {
  let bad = 0;
  for (let round = Math.max(first, now - lifetime + 1, 0); round < now - MATURE_ROUNDS; round++)
    if (heldOf(round) < needed) bad++;
  return bad;
}

/** Trades that a peer begins in a round with `bad` rounds in trouble. */
export const initiationsFor = (bad: number, troubleTrades: number): number =>
  1 + Math.min(troubleTrades, Math.ceil(bad / 2));
