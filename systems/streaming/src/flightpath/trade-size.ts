/**
 * How many packets each side of a trade gives (FlightPath, OSDI 2008: the imbalance ratio alpha). Trades are even but for a
 * gift, so that a peer with little to offer still catches up; the gift is a small share of the trade, or of a fifth of a
 * round when the trade is smaller, and debt bounds what a pair's gifts may add up to. What obeying costs over refusing
 * every gift is at most that share: it is part of the equilibrium's epsilon.
 */

export interface TradeSizes {
  /** Packets that this side gives. */
  readonly gives: number;
  /** Packets that this side gets. */
  readonly gets: number;
}

/** The most that one side may give above what it gets, in a trade in which `even` packets go both ways. */
export const giftOf = (alpha: number, even: number, packetsPerRound: number): number =>
  Math.ceil(alpha * Math.max(even, packetsPerRound / 5));

/**
 * `canGive`: packets that the other side wants and this side has; `canGet`: the reverse. The gift limits are what each
 * side is still willing to be ahead of the other (`giftLimit` of debt.ts); only the giver's one binds.
 */
export function tradeSizes(
  alpha: number,
  packetsPerRound: number,
  canGive: number,
  canGet: number,
  ownGiftLimit: number,
  otherGiftLimit: number,
): TradeSizes {
  const even = Math.min(canGive, canGet);
  const gift = giftOf(alpha, even, packetsPerRound);
  return {
    gives: Math.min(canGive, even + Math.min(gift, ownGiftLimit)),
    gets: Math.min(canGet, even + Math.min(gift, otherGiftLimit)),
  };
}
