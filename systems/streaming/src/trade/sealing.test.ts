/** Sealed items are hidden until the key is known, and what is signed holds their sender to them; both ways of sealing alike. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng } from '@concordat/kernel';
import { createReferenceSealing } from '../model/reference-sealing.ts';
import { sampleBytes, sampleConfig, samplePacket, sampleSealing } from '../testing/samples.ts';
import type { Item, Sealing } from './sealing.ts';

const config = sampleConfig();
const random = createPrng(1, 'sealing');
const packets = [3, 7, 10].map((index) => samplePacket(random, config, 20, index));
const KEY = sampleBytes(random, 16);
const OTHER_KEY = sampleBytes(random, 16);

const SEALINGS: readonly (readonly [string, Sealing])[] = [
  ['bytes', sampleSealing(config)],
  ['reference', createReferenceSealing(modelHash, config.packetBytes)],
];

for (const [name, sealing] of SEALINGS)
  describe(`sealing by ${name}`, () => {
    const items: readonly Item[] = [...packets, sealing.junk];
    const sealed = sealing.seal(KEY, items);
    const sealDigest = sealing.digestOf(sealed);

    test('the key opens each item, and junk is no packet', () => {
      assert.equal(sealing.countOf(sealed), 4);
      for (const [at, packet] of packets.entries())
        assert.deepEqual(sealing.open(KEY, sealed, at, packet), packet);
      assert.equal(sealing.open(KEY, sealed, 3, { round: 20, index: 0 }), null);
      assert.equal(sealing.open(KEY, sealed, 4, { round: 20, index: 0 }), null);
    });

    test('another content has another digest', () => {
      for (const other of [packets.slice(0, 2), [packets[1], packets[0], packets[2]], [sealing.junk]])
        assert.notDeepEqual(
          sealing.digestOf(
            sealing.seal(
              KEY,
              other.flatMap((item) => item ?? []),
            ),
          ),
          sealDigest,
        );
    });

    test('an exhibit shows one item to others, and none of another briefcase or place', () => {
      for (const [at, packet] of packets.entries()) {
        const place = { sealDigest, count: 4, at };
        const exhibit = sealing.exhibit(sealed, at);
        assert.deepEqual(sealing.judge(exhibit, place, KEY, packet), packet);
        assert.equal(sealing.judge(exhibit, { ...place, at: (at + 1) % 3 }, KEY, packet), 'foreign');
        assert.equal(sealing.judge(exhibit, { ...place, count: 5 }, KEY, packet), 'foreign');
        assert.equal(
          sealing.judge(exhibit, { ...place, sealDigest: modelHash(KEY) }, KEY, packet),
          'foreign',
        );
        assert.equal(sealing.judge(exhibit.subarray(1), place, KEY, packet), 'foreign');
        for (let i = 0; i < 60; i++) {
          const changed = exhibit.slice();
          changed[random.below(changed.length)] = random.below(256);
          const judged = sealing.judge(changed, place, KEY, packet);
          if (judged !== 'foreign') assert.deepEqual(changed, exhibit);
        }
      }
      assert.equal(
        sealing.judge(sealing.exhibit(sealed, 3), { sealDigest, count: 4, at: 3 }, KEY, {
          round: 20,
          index: 0,
        }),
        'garbage',
      );
    });
  });

test('sealed bytes say nothing without the key, and have the size of what they hide', () => {
  const [, sealing] = SEALINGS[0] as (typeof SEALINGS)[number];
  const sealed = sealing.seal(KEY, packets);
  for (const [at, packet] of packets.entries())
    assert.notDeepEqual(sealing.open(OTHER_KEY, sealed, at, packet), packet);
  const size = 1 + 32 * (packets[0]?.path.length ?? 0) + 4 + config.packetBytes;
  assert.ok(
    sealing.fits(sealed, 0, size) && !sealing.fits(sealed, 0, size - 1) && !sealing.fits(sealed, 9, size),
  );
});
