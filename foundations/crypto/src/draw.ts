/**
 * Draws from the output of a verifiable random function, the same for everyone who holds the output: a stream of 32-bit words
 * from a hash in counter mode, and from it numbers without bias, by rejection. Taking a word modulo n would favour small
 * numbers, and a peer that can predict a bias can use it.
 *
 *   block i = tagged(hash, label, output, u32 i): eight words, big-endian
 */

import { assert } from '@concordat/kernel';
import type { Hash } from './primitives.ts';
import { tagged } from './tagged.ts';

const WORDS = 0x1_0000_0000;
const WORD_BYTES = 4;

export interface Draws {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, bound); `bound` is an integer in [1, 2^32]. Takes less than two words on average, whatever the bound. */
  below(bound: number): number;
}

/** The draws of one use of an output: `label` (ASCII) keeps different uses apart. */
export function createDraws(hash: Hash, output: Uint8Array, label: string): Draws {
  const counter = new Uint8Array(4);
  let blocks = 0;
  let block = new Uint8Array(0);
  let at = 0;
  const uint32 = (): number => {
    if (at === block.length) {
      assert(blocks < WORDS, 'a stream of draws has at most 2^32 blocks');
      for (let i = 0; i < 4; i++) counter[i] = blocks >>> (8 * (3 - i));
      blocks += 1;
      block = hashed(hash, label, output, counter);
      at = 0;
    }
    const word =
      ((block[at] as number) << 24) |
      ((block[at + 1] as number) << 16) |
      ((block[at + 2] as number) << 8) |
      (block[at + 3] as number);
    at += WORD_BYTES;
    return word >>> 0;
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

function hashed(hash: Hash, label: string, output: Uint8Array, counter: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(tagged(hash, label, output, counter));
}

/**
 * The numbers in [0, count) in a uniformly random order, one call each, then null. Whoever needs the first few that it may use
 * (not itself, nobody evicted) takes them from the front: what is skipped changes nothing for the rest, and it always ends.
 */
export function createPermutation(draws: Draws, count: number): () => number | null {
  // The shuffle of Fisher and Yates, of which only the places that were moved are kept.
  const moved = new Map<number, number>();
  let taken = 0;
  return () => {
    if (taken >= count) return null;
    const from = taken + draws.below(count - taken);
    const value = moved.get(from) ?? from;
    moved.set(from, moved.get(taken) ?? taken);
    moved.delete(taken);
    taken += 1;
    return value;
  };
}
