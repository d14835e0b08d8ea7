/** Real keys against RFC 8032's vectors, hostile inputs, and OpenSSL's own view of our certificates. */

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, toHex, utf8 } from '@concordat/wire';
import { privateKeyOf, publicKeyFrom, rawPublicKeyOf } from './ed25519.ts';
import { sha256 } from './hash.ts';
import { generateIdentity, matchesCertificate, pinOf } from './identity.ts';
import { createKeys, createSignatures } from './keys.ts';
import { createLru } from './lru.ts';

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);

test('SHA-256 agrees with createHash on every size', () => {
  for (let size = 0; size < 300; size++) {
    const bytes = new Uint8Array(size).fill(size);
    assert.equal(toHex(sha256(bytes)), createHash('sha256').update(bytes).digest('hex'));
  }
});

test("signatures are RFC 8032's (test 2)", () => {
  const signatures = createSignatures();
  const seed = hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
  const publicKey = hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
  const signature = hex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  );
  const message = hex('72');
  assert.deepEqual(signatures.publicKeyOf(seed), publicKey);
  assert.deepEqual(signatures.signWith(seed, message), signature);
  assert.ok(signatures.verifyWith(publicKey, message, signature));
  assert.ok(!signatures.verifyWith(publicKey, hex('73'), signature));
});

test('hostile keys and signatures are false, never a throw', () => {
  const { seed, publicKey } = generateIdentity();
  const keys = createKeys({
    self: 3,
    seed,
    publicKeys: new Map([
      [3, publicKey],
      [4, new Uint8Array(5)],
    ]),
  });
  const signatures = createSignatures();
  const bytes = utf8('bytes');
  const signature = keys.sign(bytes);
  assert.ok(keys.verify(3, bytes, signature));
  assert.ok(!keys.verify(5, bytes, signature), 'an unknown signer');
  assert.ok(!keys.verify(4, bytes, signature), 'a registered key that is none');
  for (const wrong of [new Uint8Array(0), new Uint8Array(63), new Uint8Array(64), new Uint8Array(65)]) {
    assert.ok(!keys.verify(3, bytes, wrong));
    assert.ok(!signatures.verifyWith(publicKey, bytes, wrong));
  }
  for (const wrong of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(32).fill(0xff)]) {
    assert.ok(!signatures.verifyWith(wrong, bytes, signature));
  }
});

test('keys are the ones that their DER encodings name, whatever the bytes', () => {
  const derOf = (prefix: string, raw: Uint8Array): Buffer => Buffer.concat([Buffer.from(prefix, 'hex'), raw]);
  for (let i = 0; i < 20; i++) {
    const seed = new Uint8Array(createHash('sha256').update(`seed ${i}`).digest());
    const key = privateKeyOf(seed);
    const der = derOf('302e020100300506032b657004220420', seed);
    const same = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    assert.ok(key.equals(same));
    const spki = createPublicKey(same).export({ format: 'der', type: 'spki' });
    assert.equal(toHex(rawPublicKeyOf(key)), spki.subarray(-32).toString('hex'));
    assert.equal(toHex(rawPublicKeyOf(createPublicKey(same))), toHex(rawPublicKeyOf(key)));
  }
  // Points of small order, and bytes that are no point: neither encoding looks, and no signature holds.
  const torsion = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a';
  for (const text of ['00'.repeat(32), 'ff'.repeat(32), `01${'00'.repeat(31)}`, torsion]) {
    const der = derOf('302a300506032b6570032100', hex(text));
    assert.ok(publicKeyFrom(hex(text))?.equals(createPublicKey({ key: der, format: 'der', type: 'spki' })));
  }
});

test('a certificate is self-signed, valid for ever, and pinned by its key', () => {
  const identity = generateIdentity('member "7", ünïcode');
  const certificate = new X509Certificate(identity.tls.cert);
  assert.ok(certificate.verify(certificate.publicKey), 'OpenSSL accepts the signature');
  assert.equal(certificate.publicKey.asymmetricKeyType, 'ed25519');
  assert.match(certificate.subject, /member/);
  assert.match(certificate.validTo, /9999/);
  assert.equal(pinOf(identity.tls.cert), identity.pin);
  assert.match(identity.pin, /^[0-9a-f]{64}$/);
  assert.ok(matchesCertificate(identity.tls));
  const other = generateIdentity();
  assert.ok(!matchesCertificate({ key: other.tls.key, cert: identity.tls.cert }));
  assert.notEqual(other.pin, identity.pin);
});

test('the cache of keys forgets what was used longest ago', () => {
  const made: string[] = [];
  const lru = createLru<string>(2);
  const get = (key: string): string =>
    lru.get(key, () => {
      made.push(key);
      return key;
    });
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) assert.equal(get(key), key);
  assert.deepEqual(made, ['a', 'b', 'c', 'b']);
});
