/** The runtime's cipher is AES-128-CTR by the published vectors, chunks are independent, and locking twice unlocks. */

import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import { modelCipher } from '@concordat/crypto';
import { fromHex, toHex } from '@concordat/wire';
import { createStreamCipher } from './cipher.ts';

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);
const KEY = hex('2b7e151628aed2a6abf7158809cf4f3c');
const cipher = createStreamCipher();

test('the pad is AES of consecutive counter blocks under the key (FIPS 197, appendix B: the key and its cipher)', () => {
  const ecb = createCipheriv('aes-128-ecb', KEY, null).setAutoPadding(false);
  const blocks = hex(`${'0000000000000007'}${'0000000000000000'}${'0000000000000007'}${'0000000000000001'}`);
  assert.equal(toHex(cipher.apply(KEY, 7, new Uint8Array(32))), toHex(new Uint8Array(ecb.update(blocks))));
  const fips = createCipheriv('aes-128-ecb', KEY, null).setAutoPadding(false);
  const vector = fips.update(hex('3243f6a8885a308d313198a2e0370734'));
  assert.equal(toHex(new Uint8Array(vector)), '3925841d02dc09fbdc118597196a0b32');
});

test('what is locked is unlocked by the same key and index, and by no other', () => {
  for (const each of [cipher, modelCipher]) {
    for (const size of [0, 1, 15, 16, 17, 1000]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7);
      const locked = each.apply(KEY, 3, bytes);
      assert.equal(locked.length, size);
      assert.deepEqual(each.apply(KEY, 3, locked), bytes);
      if (size < 15) continue;
      assert.notDeepEqual(locked, bytes);
      assert.notDeepEqual(each.apply(KEY, 4, locked), bytes);
      assert.notDeepEqual(
        each.apply(
          Uint8Array.from(KEY, (byte) => byte ^ 1),
          3,
          locked,
        ),
        bytes,
      );
    }
    assert.throws(() => each.apply(KEY.subarray(1), 0, KEY), /16 bytes/);
  }
});
