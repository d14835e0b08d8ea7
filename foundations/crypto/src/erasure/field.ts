/**
 * The field of 256 elements, GF(2)[x] / (x^8 + x^4 + x^3 + x^2 + 1), polynomial 0x11d: bytes, with exclusive or for both sum
 * and difference. Its generator here is x = 2, of order 255 as the polynomial is primitive; it only makes the tables of
 * logarithms and leaves no trace in what is computed, so no format depends on it.
 */

import { assert } from '@concordat/kernel';

export const FIELD_SIZE = 256;
/** Powers of the generator until it comes to 1 again. */
export const FIELD_ORDER = FIELD_SIZE - 1;

const POLYNOMIAL = 0x11d;

/** `POWERS[i]` is the generator to the power of i, for i below twice the order: a sum of two logarithms needs no reduction. */
const POWERS = new Uint8Array(2 * FIELD_ORDER);
/** The inverse of `POWERS`, for all elements but 0, which has no logarithm. */
const LOGARITHMS = new Uint8Array(FIELD_SIZE);

for (let power = 0, element = 1; power < FIELD_ORDER; power++) {
  POWERS[power] = element;
  POWERS[power + FIELD_ORDER] = element;
  LOGARITHMS[element] = power;
  element <<= 1;
  if (element >= FIELD_SIZE) element ^= POLYNOMIAL;
}

/** The logarithm of an element that is not 0: at most 254. */
export function logarithm(element: number): number {
  assert(element > 0 && element < FIELD_SIZE, 'every element but 0 has a logarithm');
  return LOGARITHMS[element] as number;
}

/** The element of a logarithm, or of a sum or difference of any number of them. */
export function power(exponent: number): number {
  const reduced = exponent % FIELD_ORDER;
  return POWERS[reduced < 0 ? reduced + FIELD_ORDER : reduced] as number;
}

export function product(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return POWERS[(LOGARITHMS[a] as number) + (LOGARITHMS[b] as number)] as number;
}
