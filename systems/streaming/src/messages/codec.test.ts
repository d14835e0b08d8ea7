/** Messages travel in one form, bounded; sizes without encoding are those with it. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import { shapeOf } from '../config.ts';
import { sampleConfig, sampleMessages } from '../testing/samples.ts';
import { createMessageCodec } from './codec.ts';
import { createSizes } from './sizes.ts';

const CONFIGS = [
  sampleConfig(),
  sampleConfig({ packetsPerRound: 32, neededPackets: 32 }),
  sampleConfig({ packetsPerRound: 50, neededPackets: 45, lifetimeRounds: 10 }),
];

describe('messages', () => {
  test('every kind is the same after a journey', () => {
    for (const config of CONFIGS) {
      const codec = createMessageCodec(config);
      const random = createPrng(1, 'journey');
      for (let i = 0; i < 20; i++)
        for (const message of sampleMessages(random, config, shapeOf(config)))
          assert.deepEqual(codec.decode(codec.encode(message)), message, message.kind);
    }
  });

  test('sizes are those of the encoding', () => {
    for (const config of CONFIGS) {
      const [codec, sizes] = [createMessageCodec(config), createSizes(config)];
      const random = createPrng(2, 'sizes');
      for (let i = 0; i < 20; i++)
        for (const message of sampleMessages(random, config, shapeOf(config))) {
          const byClass = new Float64Array(3);
          const bytes = codec.encode(message).length;
          assert.equal(sizes.of(message), bytes, message.kind);
          assert.equal(sizes.count(message, byClass), bytes);
          assert.equal(
            byClass.reduce((sum, each) => sum + each, 0),
            bytes,
          );
        }
    }
  });

  test('they have these bytes, for good', () => {
    const config = sampleConfig();
    const codec = createMessageCodec(config);
    const encoded = sampleMessages(createPrng(3, 'golden'), config, shapeOf(config)).map((message) => {
      const bytes = codec.encode(message);
      return `${message.kind} ${bytes.length} ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
    });
    assert.deepEqual(encoded, GOLDEN);
  });

  test('a key and a request for one, byte by byte', () => {
    const codec = createMessageCodec(sampleConfig());
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const hex = (message: Parameters<typeof codec.encode>[0]): string => toHex(codec.encode(message));
    assert.equal(
      hex({ kind: 'key', round: 258, tag: 1, fromInitiator: true, key }),
      '12000001020101000102030405060708090a0b0c0d0e0f',
    );
    assert.equal(
      hex({ kind: 'key-ask', round: 258, tag: 0, fromInitiator: false }),
      `11000001020000${'00'.repeat(89)}`,
    );
  });

  test('bytes from anyone are a message in its one form, or nothing, and never a throw', () => {
    for (const config of CONFIGS) {
      const codec = createMessageCodec(config);
      const random = createPrng(4, 'fuzz');
      for (const message of sampleMessages(random, config, shapeOf(config))) {
        const bytes = codec.encode(message);
        for (let i = 0; i < 300; i++) {
          const changed = random.chance(0.2) ? bytes.subarray(0, random.below(bytes.length)) : bytes.slice();
          for (let flips = random.below(3); flips > 0 && changed.length > 0; flips--)
            changed[random.below(Math.min(changed.length, 60))] = random.below(256);
          const decoded = codec.decode(changed);
          if (decoded !== null) assert.deepEqual(codec.encode(decoded), changed);
        }
        assert.equal(codec.decode(Uint8Array.of(...bytes, 0)), null);
      }
      for (let i = 0; i < 500; i++) {
        const noise = Uint8Array.from({ length: random.below(300) }, () =>
          random.below(i % 2 === 0 ? 256 : 8),
        );
        const decoded = codec.decode(noise);
        if (decoded !== null) assert.deepEqual(codec.encode(decoded), noise);
      }
    }
  });
});

const GOLDEN: readonly string[] = [
  'reserve 792 7a15733c88976c6e',
  'accept 142 bc0789b84baf5a6a',
  'reveal 126 deda617792cfabe3',
  'push-offer 368 d7eb9d812e50f640',
  'push-want 128 4a6eb7381f0bb47f',
  'briefcase 190 ab062dad9afa1bfd',
  'busy 6 0d7f2d8560748b31',
  'key-ask 96 a9dc023a5450b848',
  'key 23 700b8a2790a099a5',
  'seed 786 365b6e9bd4fd3f64',
  'clock-ask 9 31c166f53eb3e306',
  'beacon 77 ff6fa5d0ef26e5ab',
  'evictions 231 c610126dcb3444a6',
  'audit-ask 5 7ee82948dc1d1c35',
  'audit-answer 1632 9d2474a1953cd6e1',
];
