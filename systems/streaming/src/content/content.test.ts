/** Rounds become packets and packets rounds; nothing enters a store that the broadcaster did not sign. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng, type Prng } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import { createShape, idOf } from '../bits.ts';
import { shareCheck } from '../model/shared-check.ts';
import { sampleBytes, sampleConfig, sampleHeader, samplePacket } from '../testing/samples.ts';
import { createRoundCode, decodeRound, type EncodedRound, encodeRound, partBytes } from './encode.ts';
import { HEADER_BYTES, type RoundHeader, readHeader, writeHeader } from './header.ts';
import {
  createPacketCheck,
  type Packet,
  packetOverhead,
  pathLength,
  readPacket,
  writePacket,
} from './packets.ts';
import {
  advanceStore,
  createStore,
  headerOf,
  heldOf,
  isCurrent,
  knownRounds,
  oldestRound,
  packetOf,
  packetsOfRound,
  putHeader,
  putPacket,
  storeInvariants,
} from './store.ts';

const headerFor = (round: number, encoded: EncodedRound): RoundHeader => ({
  ...sampleHeader(createPrng(1, 'header'), round),
  payloadBytes: encoded.payloadBytes,
  payloadDigest: encoded.payloadDigest,
  root: encoded.root,
});

/** All but `count` of them, which ones by chance. */
function without(random: Prng, packets: readonly Packet[], count: number): (Packet | undefined)[] {
  const left: (Packet | undefined)[] = [...packets];
  for (let gone = 0; gone < count; ) {
    const index = random.below(left.length);
    if (left[index] === undefined) continue;
    left[index] = undefined;
    gone++;
  }
  return left;
}

describe('rounds', () => {
  test('any K of U packets give back the media, whatever its size; fewer give nothing', () => {
    const random = createPrng(2, 'rounds');
    for (const [k, n] of [
      [1, 1],
      [10, 10],
      [9, 10],
      [45, 50],
    ] as const) {
      const code = createRoundCode(k, n);
      for (const size of [0, 1, k, 16 * k, 16 * k + 3, 1000]) {
        const media = sampleBytes(random, size);
        const encoded = encodeRound(modelHash, code, 3, media);
        assert.equal(encoded.packets.length, n);
        assert.ok(encoded.packets.every(({ payload }) => payload.length === partBytes(size, k)));
        const header = headerFor(3, encoded);
        assert.deepEqual(
          decodeRound(modelHash, code, header, without(random, encoded.packets, n - k)),
          media,
        );
        const tooFew = without(random, encoded.packets, n - k + 1);
        assert.equal(decodeRound(modelHash, code, header, tooFew), null);
      }
    }
  });

  test('media that is not what the header says is no media', () => {
    const code = createRoundCode(4, 4);
    const encoded = encodeRound(modelHash, code, 3, sampleBytes(createPrng(3), 40));
    const header = headerFor(3, encoded);
    assert.notEqual(decodeRound(modelHash, code, header, encoded.packets), null);
    const other = { ...header, payloadDigest: modelHash(new Uint8Array(1)) };
    assert.equal(decodeRound(modelHash, code, other, encoded.packets), null);
    assert.equal(decodeRound(modelHash, code, { ...header, payloadBytes: 44 }, encoded.packets), null);
  });

  test('a packet verifies under its own header, index and round alone', () => {
    const check = createPacketCheck(modelHash, 11);
    const encoded = encodeRound(modelHash, createRoundCode(11, 11), 3, sampleBytes(createPrng(4), 110));
    const header = headerFor(3, encoded);
    for (const [index, packet] of encoded.packets.entries()) {
      assert.ok(check(header, packet));
      assert.equal(packet.path.length, pathLength(11, index));
      assert.ok(!check(header, { ...packet, index: (index + 1) % 11 }));
      assert.ok(!check(header, { ...packet, round: 4 }));
      assert.ok(!check({ ...header, root: packet.payload }, packet));
      assert.ok(!check(header, { ...packet, payload: packet.payload.map((byte) => byte ^ 1) }));
      assert.ok(!check(header, { ...packet, path: packet.path.slice(1) }));
    }
  });

  test('a shared check is the same check: what it remembers is one packet under one header', () => {
    let asked = 0;
    const plain = createPacketCheck(modelHash, 4);
    const check = shareCheck((header, packet) => {
      asked++;
      return plain(header, packet);
    });
    const encoded = encodeRound(modelHash, createRoundCode(4, 4), 3, sampleBytes(createPrng(5), 40));
    const header = headerFor(3, encoded);
    const [first] = encoded.packets;
    assert.ok(first !== undefined && check(header, first) && check(header, first));
    assert.equal(asked, 1);
    assert.ok(!check(header, { ...first, payload: new Uint8Array(10) }));
    assert.ok(!check({ ...header, root: modelHash(header.root) }, first));
    assert.equal(asked, 3);
  });

  test('headers and packets are the same after a journey, and as large as they say', () => {
    const random = createPrng(6, 'journey');
    const config = sampleConfig();
    for (let index = 0; index < 11; index++) {
      const [header, packet] = [sampleHeader(random, 20), samplePacket(random, config, 20, index)];
      const writer = createWriter();
      writeHeader(writer, header);
      const headerBytes = writer.finish();
      assert.equal(headerBytes.length, HEADER_BYTES);
      const headerReader = createReader(headerBytes);
      assert.deepEqual(headerReader.finish(readHeader(headerReader)), header);
      writePacket(writer, packet);
      const bytes = writer.finish();
      assert.equal(bytes.length, packetOverhead(pathLength(11, index)) + config.packetBytes);
      const reader = createReader(bytes);
      assert.deepEqual(reader.finish(readPacket(reader, 20, index, config.packetBytes)), packet);
      const strict = createReader(bytes);
      assert.equal(strict.finish(readPacket(strict, 20, index, config.packetBytes - 1)), null);
    }
  });
});

describe('the store', () => {
  const shape = createShape(5, 4);
  const check = createPacketCheck(modelHash, 4);
  const roundOf = (round: number) => {
    const encoded = encodeRound(modelHash, createRoundCode(4, 4), round, sampleBytes(createPrng(round), 40));
    return { header: headerFor(round, encoded), packets: encoded.packets };
  };

  test('holds verified packets of the window, under their headers, each once', () => {
    const store = createStore(shape);
    advanceStore(store, 7);
    const { header, packets } = roundOf(6);
    const [first, second] = packets;
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(putPacket(store, check, first), 'headless');
    putHeader(store, header);
    assert.equal(putPacket(store, check, first), 'stored');
    assert.equal(putPacket(store, check, first), 'duplicate');
    assert.equal(putPacket(store, check, { ...second, payload: first.payload }), 'hostile');
    assert.equal(putPacket(store, check, { ...second, index: 4 }), 'hostile');
    assert.equal(putPacket(store, check, { ...second, round: 2 }), 'stale');
    assert.equal(putPacket(store, check, { ...second, round: 8 }), 'stale');
    assert.equal(heldOf(store, 6), 1);
    assert.equal(packetOf(store, idOf(shape, 6, 0)), first);
    assert.deepEqual(packetsOfRound(store, 6), [first, undefined, undefined, undefined]);
    assert.equal(knownRounds(store), 1 << 1);
    storeInvariants(store);
  });

  test('forgets what falls out of the window, and nothing else', () => {
    const store = createStore(shape);
    for (let round = 0; round < 12; round++) {
      advanceStore(store, round);
      const { header, packets } = roundOf(round);
      putHeader(store, header);
      for (const packet of packets.slice(0, round % 4)) putPacket(store, check, packet);
      for (let past = 0; past <= round + 1; past++) {
        const isKept = past > round - 5 && past <= round;
        assert.equal(isCurrent(store, past), isKept);
        assert.equal(heldOf(store, past), isKept ? past % 4 : 0);
        assert.equal(headerOf(store, past) !== undefined, isKept);
      }
      storeInvariants(store);
    }
    advanceStore(store, 30);
    assert.equal(oldestRound(store), 26);
    assert.equal(knownRounds(store), 0);
    storeInvariants(store);
    assert.throws(() => advanceStore(store, 30), /forward/);
  });

  test('the first header of a round stays', () => {
    const store = createStore(shape);
    advanceStore(store, 3);
    const { header } = roundOf(3);
    putHeader(store, header);
    putHeader(store, { ...header, evictions: 99 });
    putHeader(store, { ...header, round: 9 });
    assert.equal(headerOf(store, 3), header);
  });
});
