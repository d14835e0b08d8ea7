/**
 * Sets of packets as bitmaps over 32-bit words. A set covers a window of `lifetime` rounds of `perRound` packets; round r
 * lives in row r mod `lifetime`, and a row begins with a word of its own. So both ends of a trade in one round read the
 * same bits, and a round that is over leaves by clearing its row.
 *
 * A packet's id within a window is row * perRound + index, below 2^16 (`MAX_WINDOW_PACKETS`).
 *
 * PERF: words in typed arrays: comparing two windows of 500 packets takes 40 operations, and nothing is allocated per packet.
 */

/** A set of packets of a window: `lifetime` rows of `rowWords` words. */
export type Bits = Int32Array;

/** The id that a briefcase lists for an item that is no packet. No window has so many packets. */
export const JUNK = 0xffff;
export const MAX_WINDOW_PACKETS = JUNK;

/** The shape of all sets of one stream. */
export interface Shape {
  readonly lifetime: number;
  readonly perRound: number;
  readonly rowWords: number;
}

export const createShape = (lifetime: number, perRound: number): Shape => ({
  lifetime,
  perRound,
  rowWords: Math.ceil(perRound / 32),
});

/** Sets of more words share buffers: an array of its own has its bytes outside the heap. */
const OWN_WORDS = 16;
const POOL_WORDS = 16 * 1024;
let pool = new Int32Array(0);
let used = 0;

/**
 * An empty set. PERF: 217 ns for an array of 80 bytes with a buffer of its own, 25 ns in a shared one. Whoever keeps a set keeps its
 * whole buffer, so none is kept for more than a few rounds but the store's.
 */
export function createBits({ lifetime, rowWords }: Shape): Bits {
  const words = lifetime * rowWords;
  if (words <= OWN_WORDS || words > POOL_WORDS / 16) return new Int32Array(words);
  if (used + words > pool.length) {
    pool = new Int32Array(POOL_WORDS);
    used = 0;
  }
  const bits = new Int32Array(pool.buffer, 4 * used, words);
  used += words;
  return bits;
}

export const rowOf = ({ lifetime }: Shape, round: number): number => round % lifetime;

export const idOf = (shape: Shape, round: number, index: number): number =>
  rowOf(shape, round) * shape.perRound + index;

/** The round in which packet `id` was released, seen in round `now`: one of the last `lifetime`. */
export function roundOfId(shape: Shape, id: number, now: number): number {
  const row = Math.floor(id / shape.perRound);
  const back = (rowOf(shape, now) - row + shape.lifetime) % shape.lifetime;
  return now - back;
}

export const indexOfId = ({ perRound }: Shape, id: number): number => id % perRound;

const wordOf = (shape: Shape, id: number): number =>
  Math.floor(id / shape.perRound) * shape.rowWords + ((id % shape.perRound) >>> 5);

export const hasBit = (shape: Shape, bits: Bits, id: number): boolean =>
  (((bits[wordOf(shape, id)] as number) >>> ((id % shape.perRound) & 31)) & 1) === 1;

export function setBit(shape: Shape, bits: Bits, id: number): void {
  const word = wordOf(shape, id);
  bits[word] = (bits[word] as number) | (1 << ((id % shape.perRound) & 31));
}

export function clearBit(shape: Shape, bits: Bits, id: number): void {
  const word = wordOf(shape, id);
  bits[word] = (bits[word] as number) & ~(1 << ((id % shape.perRound) & 31));
}

/** How many bits of a word are set (Warren, Hacker's Delight, 5-1). */
export function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x5555_5555);
  x = (x & 0x3333_3333) + ((x >>> 2) & 0x3333_3333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

export function countBits(bits: Bits): number {
  let count = 0;
  for (let i = 0; i < bits.length; i++) count += popcount(bits[i] as number);
  return count;
}

export function countRow({ rowWords }: Shape, bits: Bits, row: number): number {
  let count = 0;
  for (let i = row * rowWords; i < (row + 1) * rowWords; i++) count += popcount(bits[i] as number);
  return count;
}

/** How many are in both. */
export function countCommon(a: Bits, b: Bits): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) count += popcount((a[i] as number) & (b[i] as number));
  return count;
}

export function clearRow({ rowWords }: Shape, bits: Bits, row: number): void {
  for (let i = row * rowWords; i < (row + 1) * rowWords; i++) bits[i] = 0;
}

/** All of a row: every packet of its round. */
export function fillRow({ rowWords, perRound }: Shape, bits: Bits, row: number): void {
  for (let i = 0; i < rowWords; i++) {
    const rest = perRound - 32 * i;
    bits[row * rowWords + i] = rest >= 32 ? -1 : (1 << rest) - 1;
  }
}

/** True if only bits that stand for packets are set. */
export function isWithin({ lifetime, rowWords, perRound }: Shape, bits: Bits): boolean {
  const rest = perRound & 31;
  if (bits.length !== lifetime * rowWords) return false;
  if (rest === 0) return true;
  for (let row = 0; row < lifetime; row++)
    if ((bits[(row + 1) * rowWords - 1] as number) >>> rest !== 0) return false;
  return true;
}

export function copyBits(shape: Shape, bits: Bits): Bits {
  const copy = createBits(shape);
  copy.set(bits);
  return copy;
}

/** `into` becomes what is in both. */
export function intersect(into: Bits, a: Bits, b: Bits): void {
  for (let i = 0; i < into.length; i++) into[i] = (a[i] as number) & (b[i] as number);
}

/** `into` loses what is in `other`. */
export function subtract(into: Bits, other: Bits): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) & ~(other[i] as number);
}

/** `into` gains what is in `other`. */
export function unite(into: Bits, other: Bits): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) | (other[i] as number);
}

export const isEmpty = (bits: Bits): boolean => {
  for (let i = 0; i < bits.length; i++) if (bits[i] !== 0) return false;
  return true;
};

/**
 * Appends up to `limit` ids of one row that are in both `a` and `b`, from index `first` on and around. Both ends of a trade start
 * at an index that the trade itself draws: else everybody would ask for low indices first, and high ones would be rare.
 */
export function pickRow(
  shape: Shape,
  a: Bits,
  b: Bits,
  row: number,
  first: number,
  limit: number,
  into: number[],
): void {
  const base = row * shape.rowWords;
  const firstWord = first >>> 5;
  let left = limit;
  // The word of the start is visited twice: its upper part first, its lower part last.
  for (let step = 0; step <= shape.rowWords && left > 0; step++) {
    const at = (firstWord + step) % shape.rowWords;
    let word = (a[base + at] as number) & (b[base + at] as number);
    const upper = -1 << (first & 31);
    if (step === 0) word &= upper;
    else if (step === shape.rowWords) word &= ~upper;
    while (word !== 0 && left > 0) {
      const bit = 31 - Math.clz32(word & -word);
      into.push(row * shape.perRound + 32 * at + bit);
      word &= word - 1;
      left--;
    }
  }
}

/** Up to `limit` ids in both, newest round first, seen in round `now`; `first` as in `pickRow`. */
export function pickNewest(
  shape: Shape,
  a: Bits,
  b: Bits,
  now: number,
  first: number,
  limit: number,
): number[] {
  const ids: number[] = [];
  for (let back = 0; back < shape.lifetime && ids.length < limit; back++) {
    if (back > now) break;
    pickRow(shape, a, b, rowOf(shape, now - back), first, limit - ids.length, ids);
  }
  return ids;
}

/** The same, oldest round first: what is about to be worthless comes first. */
export function pickOldest(
  shape: Shape,
  a: Bits,
  b: Bits,
  now: number,
  first: number,
  limit: number,
): number[] {
  const ids: number[] = [];
  for (let back = Math.min(now, shape.lifetime - 1); back >= 0 && ids.length < limit; back--)
    pickRow(shape, a, b, rowOf(shape, now - back), first, limit - ids.length, ids);
  return ids;
}
