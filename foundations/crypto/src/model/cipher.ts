/**
 * A model cipher for simulations: the model's hash in counter mode. Without the key the content cannot be read by chance, and that is
 * all that is claimed.
 */

import { assert } from '@concordat/kernel';
import { CIPHER_KEY_BYTES, type StreamCipher } from '../cipher.ts';
import { DIGEST_BYTES } from '../primitives.ts';
import { modelHash } from './hash.ts';

export const modelCipher: StreamCipher = {
  apply: (key, index, bytes) => {
    assert(key.length === CIPHER_KEY_BYTES, 'the key of a cipher has 16 bytes');
    const seed = new Uint8Array(CIPHER_KEY_BYTES + 8);
    seed.set(key);
    const view = new DataView(seed.buffer);
    view.setUint32(CIPHER_KEY_BYTES, index);
    const result = new Uint8Array(bytes.length);
    for (let at = 0; at < bytes.length; at += DIGEST_BYTES) {
      view.setUint32(CIPHER_KEY_BYTES + 4, at);
      const pad = modelHash(seed);
      const end = Math.min(at + DIGEST_BYTES, bytes.length);
      for (let i = at; i < end; i++) result[i] = (bytes[i] as number) ^ (pad[i - at] as number);
    }
    return result;
  },
};
