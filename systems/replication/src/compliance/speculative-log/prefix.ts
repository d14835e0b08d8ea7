/**
 * Prefixes of a short log, as numbers: what a history digest stands for. Each slot holds one of two proposed values or the
 * null batch, two bits each, behind a leading one; so the empty prefix is 1, and a prefix without its last slot is a shift.
 */

/** What a slot may hold: a, b, and the null batch. */
export const NULL = 2;
export const VALUE_NAMES = ['a', 'b', '0'] as const;

export const MAX_SLOTS = 3;

export const EMPTY = 1;
/** All prefixes are below. */
const PREFIXES = 4 ** (MAX_SLOTS + 1);

export const append = (prefix: number, value: number): number => 4 * prefix + value;

const LENGTHS = Uint8Array.from({ length: PREFIXES }, (_, prefix) => {
  let length = 0;
  for (let rest = prefix; rest > EMPTY; rest >>= 2) length++;
  return length;
});

export const lengthOf = (prefix: number): number => LENGTHS[prefix] ?? 0;

export const cutTo = (prefix: number, length: number): number =>
  prefix >> (2 * Math.max(lengthOf(prefix) - length, 0));

/** The value in a slot, counted from 1, that the prefix has. */
export const valueAt = (prefix: number, slot: number): number => cutTo(prefix, slot) & 3;

/** How many slots two prefixes share from the beginning. */
export function sharedLength(a: number, b: number): number {
  let length = Math.min(lengthOf(a), lengthOf(b));
  while (cutTo(a, length) !== cutTo(b, length)) length--;
  return length;
}

/** True if one of them goes on from the other, or they are the same. */
export const isCompatible = (a: number, b: number): boolean =>
  sharedLength(a, b) === Math.min(lengthOf(a), lengthOf(b));

/** The prefix with the two proposed values exchanged in the slots of `flips`, a set of bits. */
export const exchange = (prefix: number, flips: number): number => EXCHANGED[flips]?.[prefix] ?? prefix;

const EXCHANGED = Array.from({ length: 1 << MAX_SLOTS }, (_, flips) =>
  Uint8Array.from({ length: PREFIXES }, (_, prefix) => exchanged(prefix, flips)),
);

function exchanged(prefix: number, flips: number): number {
  let log = EMPTY;
  for (let slot = 1; slot <= lengthOf(prefix); slot++) {
    const value = valueAt(prefix, slot);
    const isFlipped = value !== NULL && (flips & (1 << (slot - 1))) !== 0;
    log = append(log, isFlipped ? value ^ 1 : value);
  }
  return log;
}

export function describePrefix(prefix: number): string {
  const slots = Array.from({ length: lengthOf(prefix) }, (_, i) => valueAt(prefix, i + 1));
  return slots.map((value) => VALUE_NAMES[value]).join('') || '-';
}
