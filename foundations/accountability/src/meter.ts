/**
 * The utility meter: what taking part costs a peer, counted as it happens, and what it was worth. The same counts feed simulations, audits
 * of whether cheating pays, and the figures of a running peer. The utility is FlightPath's (OSDI 2008), u = (1 - j) * beta - w * kappa,
 * with prices for more than uploaded bytes, per period: so runs of different lengths and peers that came late compare.
 *
 * PERF: one record of plain numbers per peer, and two short arrays of bytes by class that whoever sizes messages adds to directly.
 * Systems extend the record by what else they count.
 */

import { assert } from '@concordat/kernel';

export interface Meter {
  /** Bytes by class: places that the system names (`useful`, `junk`, `control` ...). */
  readonly up: Float64Array;
  readonly down: Float64Array;
  signatures: number;
  verifications: number;
}

export const createMeter = (classes: number): Meter => ({
  up: new Float64Array(classes),
  down: new Float64Array(classes),
  signatures: 0,
  verifications: 0,
});

/** Bytes of all classes. */
export function totalBytes(byClass: Float64Array): number {
  let total = 0;
  for (let i = 0; i < byClass.length; i++) total += byClass[i] as number;
  return total;
}

function addBytes(into: Float64Array, bytes: Float64Array): void {
  assert(into.length === bytes.length, 'meters of one system have the same classes');
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + (bytes[i] as number);
}

/** The costs of several peers, or of several lives of one, added up. */
export function sumOf(meters: readonly Meter[]): Meter {
  const sum = createMeter(meters[0]?.up.length ?? 0);
  for (const { up, down, signatures, verifications } of meters) {
    addBytes(sum.up, up);
    addBytes(sum.down, down);
    sum.signatures += signatures;
    sum.verifications += verifications;
  }
  return sum;
}

/** What a peer got for it: things due - updates, rounds that can be played, chunks - of which some came in time. */
export interface Benefit {
  readonly delivered: number;
  readonly due: number;
  /** Rounds, or whatever costs are told per; as many as things due where one is due in each. */
  readonly periods: number;
}

/** In one unit of the system's choice. Prices of bytes are by class. */
export interface Prices {
  /** Worth of a period in which all comes in time: beta. */
  readonly benefit: number;
  readonly upByte: readonly number[];
  readonly downByte: readonly number[];
  readonly signature: number;
  readonly verification: number;
}

/** Prices at which bytes cost the same whatever they are for, and signatures nothing: those of the paper, with kappa for `up`. */
export const bytePrices = (classes: number, benefit: number, up: number, down = 0): Prices => ({
  benefit,
  upByte: new Array<number>(classes).fill(up),
  downByte: new Array<number>(classes).fill(down),
  signature: 0,
  verification: 0,
});

function worthOf(bytes: Float64Array, prices: readonly number[]): number {
  assert(bytes.length === prices.length, 'each class of bytes has its price');
  let worth = 0;
  for (let i = 0; i < bytes.length; i++) worth += (bytes[i] as number) * (prices[i] as number);
  return worth;
}

export const costOf = (meter: Meter, prices: Prices): number =>
  worthOf(meter.up, prices.upByte) +
  worthOf(meter.down, prices.downByte) +
  meter.signatures * prices.signature +
  meter.verifications * prices.verification;

/**
 * Utility per period: with one thing due per round of a second, beta is worth per second and kappa price per byte. Null for whom
 * nothing was due, who has no reason to take part.
 */
export function utilityOf(meter: Meter, { delivered, due, periods }: Benefit, prices: Prices): number | null {
  if (due === 0 || periods === 0) return null;
  return (delivered / due) * prices.benefit - costOf(meter, prices) / periods;
}
