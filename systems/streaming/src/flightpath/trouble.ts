/**
 * The trouble detector (FlightPath, OSDI 2008): a peer that expects to lose a round begins further trades in the same round. It
 * is in trouble when old rounds do not decode, and before that when it lacks more, over all rounds but the present one, than
 * usual: trades are nearly even, so who has little new to offer gets little, and would fall behind round by round.
 * A peer in good shape begins one trade, which is what keeps upload near the need.
 *
 * Deviation: facts 3.9 count old rounds only; by then half of a packet's life is over. Counting what is lacking as well was
 * measured to save nine of ten rounds that were lost without it.
 */

/** A round younger than this is still expected to be incomplete. */
const MATURE_ROUNDS = 4;
/** What a peer in good shape lacks, in rounds' worth of packets, and how much more calls for each further trade. */
const USUAL_LACK = 0.75;
const LACK_STEP = 1;

/** How a peer stands at the beginning of a round. */
export interface Standing {
  /** Mature rounds that are not decodable. */
  readonly bad: number;
  /** Packets that the rounds before the present one lack. */
  readonly lacking: number;
}

/** What is lacking at round `now`, of the rounds from `first` on, by how many of their packets are held. */
export function lookForTrouble(
  heldOf: (round: number) => number,
  needed: number,
  lifetime: number,
  now: number,
  first: number,
): Standing {
  let [bad, lacking] = [0, 0];
  for (let round = Math.max(first, now - lifetime + 1, 0); round < now; round++) {
    const lacks = Math.max(0, needed - heldOf(round));
    lacking += lacks;
    if (lacks > 0 && round < now - MATURE_ROUNDS) bad++;
  }
  return { bad, lacking };
}

/** Trades that a peer begins in a round. */
export function initiationsFor({ bad, lacking }: Standing, needed: number, troubleTrades: number): number {
  const behind = Math.floor((lacking / needed - USUAL_LACK) / LACK_STEP);
  return 1 + Math.min(troubleTrades, Math.max(0, Math.ceil(bad / 2), behind));
}
