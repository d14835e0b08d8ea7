/**
 * The states an exploration has seen, each as 64 bits of its key, with the state it was first reached from. About 25 bytes
 * a state, whatever the state's own size, which is what lets millions be told apart in memory (hash compaction: Wolper and
 * Leroy, CAV 1993). Two different keys share a fingerprint with a probability of about n^2 / 2^65 among n states: one in
 * 400,000 at ten million. Then one state would go unexplored.
 */

import { assert } from '@concordat/kernel';

/** Stands for no state: what begins a run has no parent. */
export const NOBODY = 0xffff_ffff;

export interface Fingerprints {
  readonly size: number;
  /** Remembers a key; its number, counted from 0, or null if it was there already. */
  add(key: string, parent: number): number | null;
  /** The number of a key; null if it is not there. */
  find(key: string): number | null;
  parentOf(number: number): number;
}

/** By number: the halves of the fingerprint, and the parent's number. */
interface Columns {
  low: Uint32Array;
  high: Uint32Array;
  parents: Uint32Array;
  /** Numbers plus one, found by fingerprint; twice as many places as there can be numbers. */
  places: Uint32Array;
}

const FIRST_CAPACITY = 1 << 10;

const columnsFor = (capacity: number): Columns => ({
  low: new Uint32Array(capacity),
  high: new Uint32Array(capacity),
  parents: new Uint32Array(capacity),
  places: new Uint32Array(2 * capacity),
});

/** Two lanes of multiplication and exclusive or, mixed at the end so that every character reaches every bit of both. */
function fingerprintOf(key: string): readonly [low: number, high: number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return [a >>> 0, b >>> 0];
}

/** The place of a fingerprint, or the free one where it belongs. */
function placeOf({ low, high, places }: Columns, a: number, b: number): number {
  const mask = places.length - 1;
  let place = a & mask;
  for (;;) {
    const number = (places[place] ?? 0) - 1;
    if (number < 0 || (low[number] === a && high[number] === b)) return place;
    place = (place + 1) & mask;
  }
}

function grown(columns: Columns): Columns {
  const { length } = columns.low;
  const next = columnsFor(2 * length);
  next.low.set(columns.low);
  next.high.set(columns.high);
  next.parents.set(columns.parents);
  for (let number = 0; number < length; number++)
    next.places[placeOf(next, next.low[number] ?? 0, next.high[number] ?? 0)] = number + 1;
  return next;
}

export function createFingerprints(): Fingerprints {
  let columns = columnsFor(FIRST_CAPACITY);
  let size = 0;
  const numberAt = (place: number): number | null => {
    const entry = columns.places[place] ?? 0;
    return entry === 0 ? null : entry - 1;
  };
  return {
    get size() {
      return size;
    },
    add: (key, parent) => {
      if (size === columns.low.length) columns = grown(columns);
      const [a, b] = fingerprintOf(key);
      const place = placeOf(columns, a, b);
      if (numberAt(place) !== null) return null;
      assert(size < NOBODY, 'numbers of states fit 32 bits');
      columns.low[size] = a;
      columns.high[size] = b;
      columns.parents[size] = parent;
      columns.places[place] = size + 1;
      return size++;
    },
    find: (key) => numberAt(placeOf(columns, ...fingerprintOf(key))),
    parentOf: (number) => columns.parents[number] ?? NOBODY,
  };
}
