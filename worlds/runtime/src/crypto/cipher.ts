/**
 * The stream cipher of the runtime: AES-128 in counter mode (NIST SP 800-38A), which processors have instructions for. The chunk's
 * index is the upper half of the counter block, so chunks of up to 2^64 blocks never share one.
 */

import { createCipheriv } from 'node:crypto';
import { CIPHER_KEY_BYTES, type StreamCipher } from '@concordat/crypto';
import { assert } from '@concordat/kernel';

const BLOCK_BYTES = 16;

export const createStreamCipher = (): StreamCipher => ({
  apply: (key, index, bytes) => {
    assert(key.length === CIPHER_KEY_BYTES, 'the key of a cipher has 16 bytes');
    const counter = Buffer.alloc(BLOCK_BYTES);
    counter.writeUInt32BE(index, 4);
    // A stream cipher has no last block: what `update` returns is all.
    return new Uint8Array(createCipheriv('aes-128-ctr', key, counter).update(bytes));
  },
});
