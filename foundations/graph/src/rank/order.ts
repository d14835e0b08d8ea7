/**
 * Orders of nodes by score. A radix sort over the bits of the scores: a comparator called twenty times for each of 150,000 nodes costs
 * more than the ranking itself.
 */

import { assert } from '@concordat/kernel';

/** Below this many a comparator is faster than filling the counters. */
const FEW = 2048;

/** The words of each key, high and low, such that unsigned order is descending order of keys. */
function wordsOf(keys: Float64Array): [Uint32Array, Uint32Array] {
  const [high, low] = [new Uint32Array(keys.length), new Uint32Array(keys.length)];
  const one = new DataView(new ArrayBuffer(8));
  for (let at = 0; at < keys.length; at += 1) {
    // Adding zero makes a plain zero of a negative one, which must not rank below it.
    one.setFloat64(0, (keys[at] as number) + 0);
    const head = one.getUint32(0);
    const tail = one.getUint32(4);
    const isNegative = head >= 0x8000_0000;
    high[at] = isNegative ? head : ~(head | 0x8000_0000);
    low[at] = isNegative ? tail : ~tail;
  }
  return [high, low];
}

/** One stable pass over 16 bits of `words`; false where all have the same, and nothing was moved. */
function sortPass(words: Uint32Array, shift: number, order: Uint32Array, into: Uint32Array): boolean {
  const counts = new Uint32Array(0x1_0001);
  for (const word of words) counts[((word >>> shift) & 0xffff) + 1]! += 1;
  if (counts.includes(words.length)) return false;
  for (let digit = 0; digit < 0x1_0000; digit += 1) counts[digit + 1]! += counts[digit] as number;
  for (const item of order) {
    const digit = ((words[item] as number) >>> shift) & 0xffff;
    into[counts[digit] as number] = item;
    counts[digit]! += 1;
  }
  return true;
}

/** Places of `keys` from the highest to the lowest; of equal ones the earlier first. Keys are numbers, not NaN. */
export function descendingOrder(keys: Float64Array): Uint32Array {
  assert(!keys.includes(Number.NaN), 'every score is a number');
  let order = new Uint32Array(keys.length).map((_, at) => at);
  if (keys.length < FEW)
    return order.sort((a, b) => {
      const [left, right] = [keys[a] as number, keys[b] as number];
      return left === right ? a - b : left < right ? 1 : -1;
    });
  const [high, low] = wordsOf(keys);
  let into = new Uint32Array(keys.length);
  for (const words of [low, high])
    for (const shift of [0, 16]) if (sortPass(words, shift, order, into)) [order, into] = [into, order];
  return order;
}

/** `nodes` from the highest to the lowest of their `scores`, which stand in the same places; of equal ones the lower number first. */
export function rankNodes(nodes: Uint32Array, scores: Float64Array): Uint32Array {
  const ascending = nodes.every((node, at) => at === 0 || (nodes[at - 1] as number) < node);
  if (ascending) return descendingOrder(scores).map((at) => nodes[at] as number);
  const byNumber = new Uint32Array(nodes.length).map((_, at) => at);
  byNumber.sort((a, b) => (nodes[a] as number) - (nodes[b] as number));
  const sorted = Float64Array.from(byNumber, (at) => scores[at] as number);
  return descendingOrder(sorted).map((at) => nodes[byNumber[at] as number] as number);
}
