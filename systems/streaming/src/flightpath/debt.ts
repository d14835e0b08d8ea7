/**
 * Who is ahead of whom. A peer keeps for each partner how many packets it gave above what it got, and gives no gift that
 * would carry this over the limit: that limit is the whole credit of a newcomer, and all that somebody who only takes gets
 * from one partner. Balances halve every epoch, so that old debts do not stop trades for ever.
 */

export interface Debts {
  readonly limit: number;
  /** By partner: packets given minus packets got; absent is 0. */
  readonly balances: Map<number, number>;
}

export const createDebts = (limit: number): Debts => ({ limit, balances: new Map() });

export const balanceWith = (debts: Debts, partner: number): number => debts.balances.get(partner) ?? 0;

/** What this peer is still willing to give `partner` above what it gets. */
export const giftLimit = (debts: Debts, partner: number): number =>
  Math.max(0, debts.limit - balanceWith(debts, partner));

/** Books a finished trade: what was really given and got, whatever had been agreed. */
export function bookTrade(debts: Debts, partner: number, given: number, got: number): void {
  const balance = balanceWith(debts, partner) + given - got;
  // Who gave far more than it took gains no claim beyond the limit: gifts are not a way to make others owe.
  if (balance === 0) debts.balances.delete(partner);
  else debts.balances.set(partner, Math.max(-debts.limit, balance));
}

/** At the start of an epoch. */
export function halveDebts(debts: Debts): void {
  for (const [partner, balance] of debts.balances) {
    const half = Math.trunc(balance / 2);
    if (half === 0) debts.balances.delete(partner);
    else debts.balances.set(partner, half);
  }
}
