import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { equalBytes, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import {
  certifyVrfKey,
  createModelVrfKey,
  isCertifiedVrfKey,
  modelSignatures,
  modelVrf,
  VRF_CERTIFICATE_BYTES,
  VRF_OUTPUT_BYTES,
  VRF_PROOF_BYTES,
  VRF_PUBLIC_KEY_BYTES,
} from '../index.ts';

const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const key = createModelVrfKey(seedOf(1));
const input = utf8('round 7');

describe('the model of a verifiable random function', () => {
  it('convinces everyone of the one output of a key and an input', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 200 }), (n, bytes) => {
        const own = createModelVrfKey(seedOf(n));
        const { proof, output } = own.prove(bytes);
        assert.deepEqual(
          [own.publicKey.length, proof.length, output.length],
          [VRF_PUBLIC_KEY_BYTES, VRF_PROOF_BYTES, VRF_OUTPUT_BYTES],
        );
        assert.deepEqual(modelVrf.verify(own.publicKey, bytes, proof), output);
        assert.deepEqual(modelVrf.verify(own.publicKey.slice(), bytes, proof), output);
      }),
    );
  });

  it('rejects every proof with a changed bit or another size', () => {
    const { proof } = key.prove(input);
    for (let bit = 0; bit < 8 * VRF_PROOF_BYTES; bit++) {
      const bent = proof.slice();
      bent[bit >>> 3] = (bent[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.equal(modelVrf.verify(key.publicKey, input, bent), null);
    }
    for (const wrong of [proof.subarray(1), Uint8Array.of(...proof, 0), new Uint8Array(0)])
      assert.equal(modelVrf.verify(key.publicKey, input, wrong), null);
  });

  it('ties a proof to its key and input, and a key to its spelling', () => {
    const { proof } = key.prove(input);
    assert.equal(modelVrf.verify(createModelVrfKey(seedOf(2)).publicKey, input, proof), null);
    assert.equal(modelVrf.verify(key.publicKey, utf8('round 8'), proof), null);
    const other = key.publicKey.slice();
    other[255] = 1;
    assert.equal(modelVrf.verify(other, input, proof), null);
    assert.equal(modelVrf.isKey(other), false);
    assert.equal(modelVrf.verify(key.publicKey.subarray(1), input, proof), null);
    assert.ok(modelVrf.isKey(key.publicKey));
  });

  it('judges the bytes of a key, not the array that holds them', () => {
    const shared = key.publicKey.slice();
    const { proof } = key.prove(input);
    assert.notEqual(modelVrf.verify(shared, input, proof), null);
    shared.set(createModelVrfKey(seedOf(2)).publicKey);
    assert.equal(modelVrf.verify(shared, input, proof), null);
    assert.notEqual(modelVrf.verify(shared, input, createModelVrfKey(seedOf(2)).prove(input).proof), null);
  });

  it('is no signature of the same seed, nor the other way round', () => {
    const signature = modelSignatures.signWith(seedOf(1), input);
    assert.equal(equalBytes(signature, key.prove(input).proof.subarray(0, 64)), false);
  });

  it('has certificates, which are bound to their key', () => {
    const certificate = certifyVrfKey(key);
    assert.equal(certificate.length, VRF_CERTIFICATE_BYTES);
    assert.ok(isCertifiedVrfKey(modelVrf, key.publicKey, certificate));
    assert.equal(isCertifiedVrfKey(modelVrf, createModelVrfKey(seedOf(2)).publicKey, certificate), false);
    assert.equal(isCertifiedVrfKey(modelVrf, key.publicKey, new Uint8Array(VRF_CERTIFICATE_BYTES)), false);
    assert.equal(isCertifiedVrfKey(modelVrf, key.publicKey, certificate.subarray(1)), false);
  });
});
