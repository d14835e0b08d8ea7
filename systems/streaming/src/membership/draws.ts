/**
 * Draws from the output of a verifiable random function, the same for everyone who holds the output: 32-bit words from a hash in
 * counter mode, and numbers below a bound without bias, by rejection.
 */

import { type Hash, tagged } from '@concordat/crypto';
import { assert } from '@concordat/kernel';

const WORDS = 0x1_0000_0000;

export interface Draws {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, bound); `bound` is in [1, 2^32]. */
  below(bound: number): number;
}

export function createDraws(hash: Hash, output: Uint8Array, label: string): Draws {
  const counter = new Uint8Array(4);
  let blocks = 0;
  let block = new Uint8Array(0);
  let at = 0;
  const uint32 = (): number => {
    if (at === block.length) {
      for (let i = 0; i < 4; i++) counter[i] = blocks >>> (8 * (3 - i));
      blocks += 1;
      block = new Uint8Array(tagged(hash, label, output, counter));
      at = 0;
    }
    const [a, b, c, d] = [block[at], block[at + 1], block[at + 2], block[at + 3]] as [
      number,
      number,
      number,
      number,
    ];
    at += 4;
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  };
  const below = (bound: number): number => {
    assert(Number.isInteger(bound) && bound >= 1 && bound <= WORDS, 'a bound is an integer in [1, 2^32]');
    const fair = WORDS - (WORDS % bound);
    for (;;) {
      const word = uint32();
      if (word < fair) return word % bound;
    }
  };
  return { uint32, below };
}
