/**
 * A hash chain: each digest commits to the whole sequence before it, in order. Two participants with equal heads have
 * equal histories.
 */

import type { Digest } from '@concordat/kernel';
import { DIGEST_BYTES, type Hash } from './primitives.ts';
import { tagged } from './tagged.ts';

/** The head of the empty sequence. */
export const CHAIN_START: Digest = new Uint8Array(DIGEST_BYTES);

/** The head after `item` follows `previous`. */
export const chain = (hash: Hash, previous: Digest, item: Uint8Array): Digest =>
  tagged(hash, 'chain', previous, item);
