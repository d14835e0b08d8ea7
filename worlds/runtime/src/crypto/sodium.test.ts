/** The optional accelerator makes and accepts exactly the signatures that node:crypto does. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { privateKeyOf, publicKeyFrom, rawPublicKeyOf, signEd25519, verifyEd25519 } from './ed25519.ts';
import { createFastEd25519 } from './sodium.ts';

const seed = new Uint8Array(randomBytes(32));
const fast = createFastEd25519(seed);
const skip = fast === null && 'sodium-native is not installed here: npm install --include=optional';

test('both make the same signatures and accept those of the other', { skip }, () => {
  assert.ok(fast !== null);
  const key = privateKeyOf(seed);
  const raw = rawPublicKeyOf(key);
  const publicKey = publicKeyFrom(raw);
  assert.ok(publicKey !== null);
  for (const size of [0, 1, 100, 5000]) {
    const bytes = new Uint8Array(randomBytes(size));
    const signature = fast.sign(bytes);
    assert.deepEqual(signature, signEd25519(key, bytes));
    assert.ok(fast.verify(raw, bytes, signature) && verifyEd25519(publicKey, bytes, signature));
    for (const at of [0, 31, 32, 63]) {
      const bent = signature.slice();
      bent[at] = (bent[at] ?? 0) ^ 1;
      assert.equal(fast.verify(raw, bytes, bent), false);
    }
  }
});

test('keys and signatures of other sizes are refused, not thrown at', { skip }, () => {
  assert.ok(fast !== null);
  const bytes = new Uint8Array(4);
  assert.equal(fast.verify(new Uint8Array(31), bytes, new Uint8Array(64)), false);
  assert.equal(fast.verify(new Uint8Array(32), bytes, new Uint8Array(63)), false);
});
