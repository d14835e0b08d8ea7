/**
 * Reservations and the hard cap on upload (FlightPath, OSDI 2008). A peer takes part in few trades per round that others
 * begin, and promises before it sends: every byte that leaves - packets, briefcases, keys, answers - comes out of the
 * round's budget, first what was promised to a trade, then what is free. So the cap holds from the first byte on, whatever
 * others do: what does not fit is not sent, and a request that cannot be served to its end is refused at its beginning.
 */

import { assert } from '@concordat/kernel';

export interface Budget {
  /** Bytes per round; infinite without a cap. */
  readonly capBytes: number;
  /** Trades of others per round; infinite without reservations. */
  acceptLimit: number;
  /** Bytes that left in this round. */
  spentBytes: number;
  /** Bytes promised to trades and not yet sent. */
  pledgedBytes: number;
  /** Trades of others in this round. */
  accepted: number;
}

/** What is set aside for one trade. */
export interface Pledge {
  bytes: number;
}

export const createBudget = (capBytes: number, acceptLimit: number): Budget => ({
  capBytes,
  acceptLimit,
  spentBytes: 0,
  pledgedBytes: 0,
  accepted: 0,
});

/** Bytes that nobody was promised. */
export const freeBytes = (budget: Budget): number =>
  budget.capBytes - budget.spentBytes - budget.pledgedBytes;

/** A new round begins. Promises that outlive their round (keys that are still owed) keep their bytes. */
export function renewBudget(budget: Budget): void {
  budget.spentBytes = 0;
  budget.accepted = 0;
}

/** Sets aside `wanted` bytes, or what is free if that is at least `least`; null if it is not. */
export function pledge(budget: Budget, wanted: number, least: number): Pledge | null {
  const bytes = Math.min(wanted, freeBytes(budget));
  if (bytes < least) return null;
  budget.pledgedBytes += bytes;
  return { bytes };
}

/** The same for a trade that another peer begins: also takes one of the places. */
export function acceptTrade(budget: Budget, wanted: number, least: number): Pledge | null {
  if (budget.accepted >= budget.acceptLimit) return null;
  const made = pledge(budget, wanted, least);
  if (made !== null) budget.accepted++;
  return made;
}

/** A trade of another came to nothing before anything was given in it: its place is free again. */
export function returnPlace(budget: Budget): void {
  assert(budget.accepted > 0, 'who gives back a place had it');
  budget.accepted--;
}

/** Adds up to `wanted` bytes to what is set aside for a trade, as far as they are free. */
export function enlargePledge(budget: Budget, made: Pledge, wanted: number): void {
  const more = Math.max(0, Math.min(wanted, freeBytes(budget)));
  made.bytes += more;
  budget.pledgedBytes += more;
}

/** Gives back what a trade no longer needs above `keep` bytes. */
export function reducePledge(budget: Budget, made: Pledge, keep: number): void {
  const back = Math.max(0, made.bytes - keep);
  made.bytes -= back;
  budget.pledgedBytes -= back;
}

/** True if `sizeBytes` may leave now, and then they are spent: from the promise first, then from what is free. */
export function spend(budget: Budget, sizeBytes: number, made: Pledge | null): boolean {
  const fromPledge = made === null ? 0 : Math.min(made.bytes, sizeBytes);
  if (sizeBytes - fromPledge > freeBytes(budget)) return false;
  if (made !== null) made.bytes -= fromPledge;
  budget.pledgedBytes -= fromPledge;
  budget.spentBytes += sizeBytes;
  return true;
}

/** Throws if the cap is broken. */
export function checkBudget(budget: Budget): void {
  assert(budget.pledgedBytes >= 0, 'no promise is negative');
  assert(
    budget.spentBytes + budget.pledgedBytes <= budget.capBytes,
    'what left and what is promised stays within the cap',
  );
}
