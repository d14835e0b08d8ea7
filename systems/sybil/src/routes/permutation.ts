/**
 * Permutations that nobody stores: the swap-or-not shuffle (Hoang, Morris and Rogaway, CRYPTO 2012) maps one place at a time under a
 * key, in both directions, for any size. A round pairs the places `x` and `K - x`, and a coin that both share swaps them or not; as
 * each round is its own inverse, the rounds backwards undo it. For statistics, not for secrets.
 */

/**
 * After a round whose coin falls on "swap", a place is uniform; so all but 2^-12 of the keys send it anywhere alike, and the rest
 * leave it where it is.
 */
const ROUNDS = 12;
const GOLDEN = 0x9e3779b9;
const FRACTION = 1 / 0x1_0000_0000;

/** Stirs 32 bits so that each output bit depends on each input bit; a bijection (the constants are Wellons' `lowbias32`). */
export function stirred(bits: number): number {
  let x = bits ^ (bits >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

function round(key: number, turn: number, size: number, place: number): number {
  const drawn = stirred((key + Math.imul(turn, GOLDEN)) | 0);
  let partner = Math.floor(drawn * FRACTION * size) - place;
  if (partner < 0) partner += size;
  const higher = Math.max(place, partner);
  return (stirred(drawn ^ Math.imul(higher + 1, GOLDEN)) & 1) === 1 ? partner : place;
}

/** Where the permutation of `0 .. size - 1` under `key` (32 bits) puts `place`. */
export function permuted(key: number, size: number, place: number): number {
  let at = place;
  for (let turn = 0; turn < ROUNDS; turn += 1) at = round(key, turn, size, at);
  return at;
}

/** The place that `permuted` puts at `place`. */
export function unpermuted(key: number, size: number, place: number): number {
  let at = place;
  for (let turn = ROUNDS - 1; turn >= 0; turn -= 1) at = round(key, turn, size, at);
  return at;
}
