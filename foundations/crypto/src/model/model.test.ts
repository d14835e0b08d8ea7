import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { equalBytes, toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { createModelKeys, modelHash, modelSeeds, modelSignatures } from './index.ts';

const bitsApart = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, byte, i) => sum + (byte ^ (b[i] as number)).toString(2).replaceAll('0', '').length, 0);

describe('the model hash', () => {
  it('has these values on every machine', () => {
    assert.equal(
      toHex(modelHash(new Uint8Array(0))),
      'a1c5e2233ef0c77a148be2b7df05c4faeed6deaac31bd9b58b9987c20d699753',
    );
    assert.equal(
      toHex(modelHash(utf8('concordat'))),
      '2587cc6eb589877b5fd81e941f0e73a47278aa3ca3c25f0a10c9fc0022a6df07',
    );
    assert.equal(
      toHex(modelHash(Uint8Array.from({ length: 1000 }, (_, i) => i))),
      '5856db51e164361bc2c196586bf960797235d33d26b917f081b6b8d2f12515e8',
    );
  });

  it('has these values for inputs that are just short enough to be copied, and just too long', () => {
    const hashOf = (length: number): string => toHex(modelHash(Uint8Array.from({ length }, (_, i) => 5 * i)));
    assert.equal(hashOf(2047), 'a6370d49b0aafe6a3513b99fa818279b9232ae452e3b581284fde7e4ef3a0feb');
    assert.equal(hashOf(2048), 'efecb6b5e301c3bed760bb1290f188ee12ef301048b3bbc7f434ad4ed71925ac');
  });

  it('depends on content only, not on where the bytes lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(9), (bytes, offset) => {
        const buffer = new Uint8Array(offset + bytes.length + 5).fill(0xee);
        buffer.set(bytes, offset);
        assert.ok(equalBytes(modelHash(buffer.subarray(offset, offset + bytes.length)), modelHash(bytes)));
      }),
    );
  });

  it('tells zeros of different length apart', () => {
    const seen = new Set(Array.from({ length: 200 }, (_, size) => toHex(modelHash(new Uint8Array(size)))));
    assert.equal(seen.size, 200);
  });

  it('flips about half of its bits when one bit of the input changes', () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * 7);
    const before = modelHash(bytes);
    for (let bit = 0; bit < 800; bit++) {
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
      const apart = bitsApart(before, modelHash(bytes));
      assert.ok(apart > 80 && apart < 176, `bit ${bit} flips ${apart} of 256`);
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
    }
  });

  it('spreads counters over each of its lanes', () => {
    const bytes = new Uint8Array(100);
    const view = new DataView(bytes.buffer);
    const lanes = Array.from({ length: 8 }, () => new Set<number>());
    for (let i = 0; i < 20_000; i++) {
      view.setUint32(0, i);
      view.setUint32(96, i * 7);
      const { buffer, byteOffset } = modelHash(bytes);
      const digest = new DataView(buffer, byteOffset);
      for (let lane = 0; lane < 8; lane++) lanes[lane]?.add(digest.getUint32(4 * lane));
    }
    // Random 32-bit values collide 0.05 times in 20 thousand.
    for (const lane of lanes) assert.ok(lane.size >= 19_998);
  });
});

describe('model keys', () => {
  const keysOf = createModelKeys(3, 42);

  it('let everyone verify what a member signed, and nothing else', () => {
    const bytes = utf8('statement');
    for (const signer of [0, 1, 2]) {
      const signature = keysOf(signer).sign(bytes);
      assert.equal(signature.length, 64);
      for (const verifier of [0, 1, 2]) {
        const { verify } = keysOf(verifier);
        assert.ok(verify(signer, bytes, signature));
        assert.equal(verify((signer + 1) % 3, bytes, signature), false);
        assert.equal(verify(7, bytes, signature), false);
        assert.equal(verify(signer, utf8('other'), signature), false);
        assert.equal(verify(signer, bytes, signature.subarray(1)), false);
      }
    }
  });

  it('refuse every signature with a changed bit', () => {
    const bytes = utf8('statement');
    const { sign, verify } = keysOf(0);
    const signature = sign(bytes);
    for (let bit = 0; bit < 512; bit++) {
      const forged = signature.slice();
      forged[bit >>> 3] = (forged[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.equal(verify(0, bytes, forged), false);
    }
  });

  it('are the same for a seed and different between seeds', () => {
    const bytes = utf8('statement');
    assert.ok(createModelKeys(3, 42)(1).verify(1, bytes, keysOf(1).sign(bytes)));
    assert.equal(createModelKeys(3, 43)(1).verify(1, bytes, keysOf(1).sign(bytes)), false);
  });

  it('hold under the public halves of their seeds', () => {
    const bytes = utf8('statement');
    for (const [id, seed] of modelSeeds(3, 42).entries()) {
      assert.ok(modelSignatures.verifyWith(modelSignatures.publicKeyOf(seed), bytes, keysOf(id).sign(bytes)));
      assert.ok(keysOf(0).verify(id, bytes, modelSignatures.signWith(seed, bytes)));
    }
  });

  it('are for members only', () => {
    assert.throws(() => keysOf(3), /members/);
  });
});

describe('model signatures', () => {
  const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('verify under the public key of their seed only', () => {
    fc.assert(
      fc.property(seed, seed, fc.uint8Array({ maxLength: 50 }), (one, other, bytes) => {
        const signature = modelSignatures.signWith(one, bytes);
        assert.ok(modelSignatures.verifyWith(modelSignatures.publicKeyOf(one), bytes, signature));
        const isSame = equalBytes(one, other);
        assert.equal(
          modelSignatures.verifyWith(modelSignatures.publicKeyOf(other), bytes, signature),
          isSame,
        );
        assert.equal(modelSignatures.verifyWith(one, bytes, signature), false);
      }),
    );
  });

  it('refuse keys and signatures of the wrong size', () => {
    const bytes = utf8('statement');
    const key = modelSignatures.publicKeyOf(new Uint8Array(32));
    const signature = modelSignatures.signWith(new Uint8Array(32), bytes);
    assert.equal(modelSignatures.verifyWith(key.subarray(1), bytes, signature), false);
    assert.equal(modelSignatures.verifyWith(key, bytes, signature.subarray(1)), false);
    assert.throws(() => modelSignatures.publicKeyOf(new Uint8Array(31)), /32 bytes/);
  });
});
