/** The kernel: its source is what was compiled, published vectors, a slow reference. BENCH=full prints ratios. */

import assert from 'node:assert/strict';
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { toHex } from '@concordat/wire';
import fc from 'fast-check';
import wabt from 'wabt';
import { countMacs, createMacs, MAC_BYTES, MAC_KEY_BYTES } from './siphash.ts';
import { SIPHASH_WASM } from './siphash-bytes.ts';

const macs = createMacs();
const MASK = (1n << 64n) - 1n;
const rotl = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & MASK;
const wordOf = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n);
const bytesOf = (word: bigint): number[] =>
  Array.from({ length: 8 }, (_, i) => Number((word >> BigInt(8 * i)) & 255n));

/** SipHash-2-4-128 as its paper and reference have it, on big integers. */
function reference(key: Uint8Array, message: Uint8Array): Uint8Array {
  const [k0, k1] = [wordOf(key.subarray(0, 8)), wordOf(key.subarray(8))];
  let [v0, v1] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn ^ 0xeen];
  let [v2, v3] = [k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) & MASK;
      v1 = rotl(v1, 13n) ^ v0;
      v0 = rotl(v0, 32n);
      v2 = (v2 + v3) & MASK;
      v3 = rotl(v3, 16n) ^ v2;
      v0 = (v0 + v3) & MASK;
      v3 = rotl(v3, 21n) ^ v0;
      v2 = (v2 + v1) & MASK;
      v1 = rotl(v1, 17n) ^ v2;
      v2 = rotl(v2, 32n);
    }
  };
  const absorb = (word: bigint): void => {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  const whole = message.length - (message.length % 8);
  for (let at = 0; at < whole; at += 8) absorb(wordOf(message.subarray(at, at + 8)));
  absorb((BigInt(message.length & 255) << 56n) | wordOf(message.subarray(whole)));
  v2 ^= 0xeen;
  rounds(4);
  const low = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xddn;
  rounds(4);
  return Uint8Array.from([...bytesOf(low), ...bytesOf(v0 ^ v1 ^ v2 ^ v3)]);
}

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

describe('the kernel', () => {
  it('is what its source compiles to', async () => {
    const source = readFileSync(new URL('../../src/mac/siphash.wat', import.meta.url), 'utf8');
    const module = (await wabt()).parseWat('siphash.wat', source);
    assert.equal(toHex(module.toBinary({}).buffer), SIPHASH_WASM);
  });

  it("gives the reference's vectors: key 00 to 0f, message 00, 01, ...", () => {
    const published: readonly [length: number, tag: string][] = [
      [0, 'a3817f04ba25a8e66df67214c7550293'],
      [1, 'da87c1d86b99af44347659119b22fc45'],
      [2, '8177228da4a45dc7fca38bdef60affe4'],
      [63, '5150d1772f50834a503e069a973fbd7c'],
    ];
    for (const [length, tag] of published) assert.equal(toHex(macs.tag(counting(16), counting(length))), tag);
  });

  it('agrees with a slow reference on messages of every length to 300, and on long ones', () => {
    for (let length = 0; length <= 300; length++) {
      const [key, message] = [randomBytes(MAC_KEY_BYTES), randomBytes(length)];
      assert.equal(toHex(macs.tag(key, message)), toHex(reference(key, message)));
    }
    const [key, long] = [counting(16), randomBytes(200_001)];
    assert.equal(toHex(macs.tag(key, long)), toHex(reference(key, long)));
  });

  it('makes a vector of the tags under each key', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 100 }), (count, message) => {
        const keys = Uint8Array.from({ length: count * MAC_KEY_BYTES }, (_, i) => (i * 7) & 255);
        const vector = macs.vector(keys, message);
        assert.equal(vector.length, count * MAC_BYTES);
        for (let i = 0; i < count; i++) {
          const key = keys.subarray(i * MAC_KEY_BYTES, (i + 1) * MAC_KEY_BYTES);
          assert.deepEqual(vector.subarray(i * MAC_BYTES, (i + 1) * MAC_BYTES), macs.tag(key, message));
        }
      }),
    );
  });

  it('refuses a tag with any bit flipped, of another message or key, or of the wrong size', () => {
    const [key, message] = [counting(16), counting(32)];
    const tag = macs.tag(key, message);
    assert.ok(macs.verify(key, message, tag));
    for (let bit = 0; bit < 8 * MAC_BYTES; bit++) {
      const wrong = tag.slice();
      wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.ok(!macs.verify(key, message, wrong));
    }
    assert.ok(!macs.verify(counting(17).subarray(1), message, tag));
    assert.ok(!macs.verify(key, counting(31), tag));
    assert.ok(!macs.verify(key, message, tag.subarray(1)));
    assert.ok(!macs.verify(key.subarray(1), message, tag));
    assert.throws(() => macs.tag(key.subarray(1), message), /16 bytes/);
  });

  it('counts one operation for each tag', () => {
    const counted = countMacs(macs);
    const tag = counted.tag(counting(16), counting(3));
    counted.vector(new Uint8Array(4 * MAC_KEY_BYTES), counting(3));
    assert.ok(counted.verify(counting(16), counting(3), tag));
    assert.equal(counted.operations, 6);
  });
});

const isFull = process.env['BENCH'] === 'full';

it(`makes vectors of 4 tags for a digest (${isFull ? 'full' : 'small'} benchmark)`, () => {
  const rounds = isFull ? 400_000 : 100;
  const [keys, digest] = [counting(64), counting(32)];
  const counted = countMacs(macs);
  const timed = (run: () => unknown): number => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) run();
    return Number(process.hrtime.bigint() - start) / rounds;
  };
  const ours = timed(() => counted.vector(keys, digest));
  assert.equal(counted.operations, 4 * rounds);
  if (!isFull) return;
  const secret = createSecretKey(keys.subarray(0, 32));
  const theirs = 4 * timed(() => createHmac('sha256', secret).update(digest).digest());
  console.log(
    `4 tags: ${ours.toFixed(0)} ns, four HMAC-SHA256: ${theirs.toFixed(0)} ns, ${(theirs / ours).toFixed(1)} x`,
  );
});
