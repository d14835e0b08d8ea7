/** Both of a pair come to one secret, others to another, and hostile keys to one that nobody else knows. */

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, toHex } from '@concordat/wire';
import { agreementKeyOf, createPairSecrets, montgomeryOf } from './agreement.ts';
import { generateIdentity } from './identity.ts';

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);

/** By OpenSSL, from the private key alone. */
const publicHalf = (seed: Uint8Array): Uint8Array =>
  new Uint8Array(createPublicKey(agreementKeyOf(seed)).export({ format: 'der', type: 'spki' }).subarray(-32));

test('the public half computed from an Ed25519 public key is the one that belongs to the private half', () => {
  for (let i = 0; i < 50; i++) {
    const { seed, publicKey } = generateIdentity();
    assert.deepEqual(montgomeryOf(publicKey), publicHalf(seed));
  }
});

test('the generators of both curves are one point', () => {
  // The generator: y = 4/5 is u = 9 (RFC 7748, section 4.1).
  const generator = hex(`58${'66'.repeat(31)}`);
  assert.equal(toHex(montgomeryOf(generator) ?? new Uint8Array(0)), `09${'00'.repeat(31)}`);
});

test('members agree in pairs, also with themselves, and nobody else knows what they agreed on', () => {
  const identities = Array.from({ length: 3 }, () => generateIdentity());
  const publicKeys = new Map(identities.map(({ publicKey }, id) => [id, publicKey]));
  const secrets = identities.map(({ seed }) => createPairSecrets({ seed, publicKeys }));
  const all = new Map<string, string>();
  for (let a = 0; a < 3; a++)
    for (let b = 0; b < 3; b++) {
      const secret = toHex(secrets[a]?.secretWith(b) ?? new Uint8Array(0));
      assert.equal(secret.length, 64);
      const pair = `${Math.min(a, b)}-${Math.max(a, b)}`;
      assert.equal(all.get(pair) ?? secret, secret, pair);
      all.set(pair, secret);
    }
  assert.equal(new Set(all.values()).size, 6);
});

test('keys that are none, or of small order, make a secret that is different for everyone', () => {
  const hostile = [
    new Uint8Array(32),
    new Uint8Array(5),
    new Uint8Array(32).fill(0xff),
    hex(`01${'00'.repeat(31)}`),
    hex(`ec${'ff'.repeat(30)}7f`),
  ];
  const publicKeys = new Map(hostile.map((key, id) => [id, key]));
  const [one, other] = [generateIdentity(), generateIdentity()].map(({ seed }) =>
    createPairSecrets({ seed, publicKeys }),
  );
  for (let id = 0; id <= hostile.length; id++) {
    const secret = one?.secretWith(id);
    assert.equal(secret?.length, 32);
    assert.deepEqual(secret, one?.secretWith(id));
    assert.notDeepEqual(secret, other?.secretWith(id));
  }
});
