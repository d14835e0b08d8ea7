/**
 * The utility meter: what taking part brought each peer and what it cost it. The same counts feed simulations, audits of whether
 * cheating pays, and the figures of a running peer. The utility is FlightPath's (OSDI 2008), u = (1 - j) * beta - w * kappa, with
 * prices for more than uploaded bytes, per thing due: so runs of different lengths and peers that came late compare.
 *
 * PERF: one row of plain numbers per peer in one array, so that ten thousand peers cost an addition per message.
 */

import { assert } from '@concordat/kernel';

export interface Meter {
  /** What bytes are for, named by the system: `useful`, `duplicate`, `junk`, `control`, `penance` ... */
  readonly classes: readonly string[];
  readonly peers: number;
  /** Per peer: bytes sent by class, bytes received by class, then the other counts. */
  readonly counts: Float64Array;
}

/** Offsets behind the bytes of a row. */
const SIGNED = 0;
const VERIFIED = 1;
const DELIVERED = 2;
const MISSED = 3;
const OTHERS = 4;

/** The numbers that callers pass as `what` are the places of the names in `classes`. */
export function createMeter(peers: number, classes: readonly string[]): Meter {
  assert(new Set(classes).size === classes.length, 'classes of bytes have different names');
  return { classes, peers, counts: new Float64Array(peers * (2 * classes.length + OTHERS)) };
}

const rowOf = (meter: Meter, peer: number): number => peer * (2 * meter.classes.length + OTHERS);

function add(meter: Meter, peer: number, column: number, amount: number): void {
  assert(peer < meter.peers, 'a meter counts for the peers that it was made for');
  const at = rowOf(meter, peer) + column;
  meter.counts[at] = (meter.counts[at] as number) + amount;
}

export function countSent(meter: Meter, peer: number, what: number, bytes: number): void {
  assert(what < meter.classes.length, 'bytes are of a class that has a name');
  add(meter, peer, what, bytes);
}

export function countReceived(meter: Meter, peer: number, what: number, bytes: number): void {
  assert(what < meter.classes.length, 'bytes are of a class that has a name');
  add(meter, peer, meter.classes.length + what, bytes);
}

const addOther = (meter: Meter, peer: number, column: number, count: number): void =>
  add(meter, peer, 2 * meter.classes.length + column, count);

export const countSigned = (meter: Meter, peer: number, count = 1): void =>
  addOther(meter, peer, SIGNED, count);

export const countVerified = (meter: Meter, peer: number, count = 1): void =>
  addOther(meter, peer, VERIFIED, count);

/** Something that was due to the peer came in time: an update, a round that can be played, a chunk. */
export const countDelivered = (meter: Meter, peer: number, count = 1): void =>
  addOther(meter, peer, DELIVERED, count);

/** Something that was due to the peer did not come in time. */
export const countMissed = (meter: Meter, peer: number, count = 1): void =>
  addOther(meter, peer, MISSED, count);

/** Everything counted for one peer, or for all of them. */
export interface Account {
  /** Bytes by class, in the order of the classes. */
  readonly sent: readonly number[];
  readonly received: readonly number[];
  readonly signed: number;
  readonly verified: number;
  readonly delivered: number;
  readonly missed: number;
}

function accountAt(meter: Meter, counts: ArrayLike<number>, row: number): Account {
  const kinds = meter.classes.length;
  const column = (at: number): number => counts[row + at] as number;
  return {
    sent: meter.classes.map((_, i) => column(i)),
    received: meter.classes.map((_, i) => column(kinds + i)),
    signed: column(2 * kinds + SIGNED),
    verified: column(2 * kinds + VERIFIED),
    delivered: column(2 * kinds + DELIVERED),
    missed: column(2 * kinds + MISSED),
  };
}

export function accountOf(meter: Meter, peer: number): Account {
  assert(peer < meter.peers, 'a meter counts for the peers that it was made for');
  return accountAt(meter, meter.counts, rowOf(meter, peer));
}

export function totalOf(meter: Meter): Account {
  const columns = 2 * meter.classes.length + OTHERS;
  const sums = new Array<number>(columns).fill(0);
  for (let at = 0; at < meter.counts.length; at++) {
    const column = at % columns;
    sums[column] = (sums[column] as number) + (meter.counts[at] as number);
  }
  return accountAt(meter, sums, 0);
}

/** In one unit of the system's choice. Prices of bytes are by class, in the order of the meter's classes. */
export interface Prices {
  /** Worth of a thing due that comes in time: beta. */
  readonly benefit: number;
  readonly sentByte: readonly number[];
  readonly receivedByte: readonly number[];
  readonly signature: number;
  readonly verification: number;
}

/** Prices at which only sending costs, `kappa` per byte of whatever class: the utility of the paper. */
export const uploadPrices = (meter: Meter, beta: number, kappa: number): Prices => ({
  benefit: beta,
  sentByte: meter.classes.map(() => kappa),
  receivedByte: meter.classes.map(() => 0),
  signature: 0,
  verification: 0,
});

const worthOf = (bytes: readonly number[], prices: readonly number[]): number =>
  bytes.reduce((sum, count, i) => sum + count * (prices[i] ?? 0), 0);

/**
 * Utility per thing due: with one due per round of a second, beta is worth per second and kappa price per byte. Null for whom
 * nothing was due, who has no reason to take part.
 */
export function utilityOf(account: Account, prices: Prices): number | null {
  const due = account.delivered + account.missed;
  if (due === 0) return null;
  const cost =
    worthOf(account.sent, prices.sentByte) +
    worthOf(account.received, prices.receivedByte) +
    account.signed * prices.signature +
    account.verified * prices.verification;
  return (account.delivered / due) * prices.benefit - cost / due;
}
