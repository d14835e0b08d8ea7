/**
 * A set of edges that are not built yet, for generators: open addressing in one typed array, because a `Set` of ten million
 * numbers takes half a gigabyte. An undirected edge is one number whichever way it is named.
 */

export interface PairSet {
  readonly nodeCount: number;
  /** `low * nodeCount + high + 1` of each edge, 0 where free; at most half full. */
  readonly slots: Float64Array;
}

/** Room for at most `capacity` edges among `nodeCount` nodes, which are below 2^26. */
export function createPairSet(nodeCount: number, capacity: number): PairSet {
  return { nodeCount, slots: new Float64Array(2 ** Math.ceil(Math.log2(2 * capacity + 2))) };
}

/** The slot of `key`, or the free one where it belongs. */
function slotOf({ slots }: PairSet, key: number): number {
  const mask = slots.length - 1;
  const high = Math.floor(key / 0x1_0000_0000);
  let slot = Math.imul(Math.imul(key | 0, 0x9e3779b1) ^ Math.imul(high + 1, 0x85ebca6b), 0xc2b2ae35);
  slot = (slot ^ (slot >>> 15)) & mask;
  while (slots[slot] !== 0 && slots[slot] !== key) slot = (slot + 1) & mask;
  return slot;
}

const keyOf = (set: PairSet, a: number, b: number): number =>
  a < b ? a * set.nodeCount + b + 1 : b * set.nodeCount + a + 1;

export function hasPair(set: PairSet, a: number, b: number): boolean {
  return set.slots[slotOf(set, keyOf(set, a, b))] !== 0;
}

/** Puts the edge in; false: it was there. */
export function addPair(set: PairSet, a: number, b: number): boolean {
  const key = keyOf(set, a, b);
  const slot = slotOf(set, key);
  if (set.slots[slot] !== 0) return false;
  set.slots[slot] = key;
  return true;
}
