/** Reading transport streams: sync, packets, tables, time stamps, access points; against small streams of our own and garbage. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { concatBytes } from '@concordat/wire';
import fc from 'fast-check';
import { judgeFrame } from './access-point.ts';
import { createContinuity, follows, PACKET_BYTES, readPacket } from './packet.ts';
import { createPacketSync, pushBytes } from './packet-sync.ts';
import { readPesHeader } from './pes.ts';
import { readPushedPlaylist } from './pushed-playlist.ts';
import {
  collectSection,
  crcOfSection,
  createSectionCollector,
  packetsOfSection,
  readPat,
  readPmt,
} from './sections.ts';
import {
  AAC,
  AUDIO_PID,
  createMuxer,
  frame,
  H264,
  h264,
  pmtSection,
  show,
  VIDEO_PID,
} from './testing/muxer.ts';
import { ticksBetween } from './ticks.ts';

const SHOW = { frames: 40, group: 10, frameTicks: 9000, isFlagged: true, fill: 300 } as const;

/** The packets that come of `chunks`. */
function packetsOf(chunks: readonly Uint8Array[]): Uint8Array[] {
  const sync = createPacketSync();
  const packets: Uint8Array[] = [];
  for (const chunk of chunks) pushBytes(sync, chunk, (packet) => packets.push(packet.slice()));
  return packets;
}

describe('packet sync', () => {
  const whole = show(createMuxer(), SHOW);

  it('finds the same packets however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 50 }), (sizes) => {
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < whole.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(whole.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(concatBytes(packetsOf(chunks)), whole);
      }),
      { numRuns: 40 },
    );
  });

  it('finds them again behind garbage, losing none that is whole and followed by two', () => {
    const garbage = Uint8Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? 0x47 : i & 0xff));
    const packets = packetsOf([garbage, whole]);
    assert.deepEqual(packets.at(-1), whole.slice(-PACKET_BYTES));
    const start = packets.findIndex(
      (packet) => Buffer.compare(packet, whole.subarray(0, PACKET_BYTES)) === 0,
    );
    assert.ok(start >= 0 && start <= 6, 'chance makes a few packets at most');
    assert.deepEqual(concatBytes(packets.slice(start)), whole);
  });

  it('keeps less than three packets of what is none, and counts it', () => {
    const sync = createPacketSync();
    for (let i = 0; i < 100; i++)
      pushBytes(sync, new Uint8Array(5000).fill(i % 2 === 0 ? 0x47 : 0x11), () => {});
    assert.ok(sync.rest.length < 3 * PACKET_BYTES);
    pushBytes(sync, new Uint8Array(5000), () => assert.fail('zeros are no packets'));
    assert.ok(sync.skippedBytes > 0);
  });
});

describe('packets', () => {
  it('tell lost ones by their counters, and leave out repetitions', () => {
    const muxer = createMuxer();
    const bytes = frame(muxer, { pid: VIDEO_PID, ticks: 0, data: new Uint8Array(2000) });
    const packets = packetsOf([bytes]).map(readPacket);
    const continuity = createContinuity();
    const [first, second, third, fourth, fifth] = packets;
    assert.ok(first && second && third && fourth && fifth);
    const taken = [first, second, second, fourth, fifth].map((packet) => follows(continuity, packet));
    assert.deepEqual(taken, [true, true, false, true, true]);
    assert.equal(continuity.breaks, 1);
    const stuck = createContinuity();
    const uncounted = [first, first, first, first].map((packet) => follows(stuck, packet));
    assert.deepEqual(uncounted, [true, false, true, true]);
  });

  it('hold time stamps; the decoding time counts', () => {
    const muxer = createMuxer();
    const stamps = [0, 1, 2 ** 15, 2 ** 30 + 12345, 2 ** 33 - 1];
    for (const ticks of stamps) {
      const plain = readPacket(
        frame(muxer, { pid: VIDEO_PID, ticks, data: h264(true, 10), isFlagged: true }),
      );
      assert.equal(readPesHeader(plain)?.decodeTicks, ticks);
      assert.ok(plain.isRandomAccess && plain.isStart);
      const both = readPacket(
        frame(muxer, { pid: VIDEO_PID, ticks, presentedTicks: 7, data: h264(true, 10) }),
      );
      assert.equal(readPesHeader(both)?.decodeTicks, ticks);
    }
    assert.equal(readPesHeader(readPacket(new Uint8Array(PACKET_BYTES).fill(0xff))), null);
  });

  it('are compared over the wrap of 33 bits', () => {
    assert.equal(ticksBetween(2 ** 33 - 10, 5), 15);
    assert.equal(ticksBetween(5, 2 ** 33 - 10), -15);
    assert.equal(ticksBetween(100, 9100), 9000);
  });
});

describe('tables', () => {
  it('are read only with a right checksum', () => {
    // The check value of CRC-32/MPEG-2 for the nine digits.
    assert.equal(crcOfSection(Uint8Array.from('123456789', (digit) => digit.charCodeAt(0))), 0x0376_e6e7);
    const section = pmtSection([
      [H264, VIDEO_PID],
      [AAC, AUDIO_PID],
    ]);
    const [packet] = packetsOfSection(0x1000, section, 3);
    assert.ok(packet !== undefined);
    const read = collectSection(createSectionCollector(), readPacket(packet));
    assert.deepEqual(read, section);
    assert.deepEqual(readPmt(section), {
      program: 1,
      pcrPid: VIDEO_PID,
      streams: [
        { kind: H264, pid: VIDEO_PID },
        { kind: AAC, pid: AUDIO_PID },
      ],
    });
    for (let at = 5; at < 5 + section.length; at++) {
      const broken: Uint8Array = packet.slice();
      broken[at] = (broken[at] ?? 0) ^ 1;
      assert.equal(collectSection(createSectionCollector(), readPacket(broken)), null, `byte ${at}`);
    }
  });

  it('may be longer than a packet', () => {
    const streams = Array.from({ length: 60 }, (_, i) => [AAC, 0x200 + i] as const);
    const section = pmtSection(streams);
    const packets = packetsOfSection(0x1000, section, 0).map(readPacket);
    assert.equal(packets.length, 2);
    const collector = createSectionCollector();
    assert.deepEqual(
      packets.map((packet) => collectSection(collector, packet)),
      [null, section],
    );
    assert.equal(readPmt(section)?.streams.length, 60);
  });

  it('never throw on anything', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: PACKET_BYTES, maxLength: PACKET_BYTES })),
        (packets) => {
          const collector = createSectionCollector();
          for (const bytes of packets) {
            const packet = readPacket(bytes);
            collectSection(collector, packet);
            readPesHeader(packet);
            readPat(bytes);
            readPmt(bytes);
            for (const codec of ['h264', 'hevc', 'mpeg2'] as const) judgeFrame(codec, bytes);
          }
          assert.ok((collector.part?.length ?? 0) <= 1024);
        },
      ),
    );
  });
});

describe('access points', () => {
  const unit = (...bytes: number[]): Uint8Array => Uint8Array.from([0, 0, 1, ...bytes, 0xaa]);
  const judged = (codec: 'h264' | 'hevc' | 'mpeg2', ...units: Uint8Array[]) =>
    judgeFrame(codec, concatBytes(units));

  it('are IDR pictures, and recovery points before others, in H.264', () => {
    assert.equal(judged('h264', unit(9, 0x10), unit(0x67, 1), unit(0x65, 1)), 'access-point');
    assert.equal(judged('h264', unit(9, 0x10), unit(0x41, 1)), 'other');
    assert.equal(judged('h264', unit(0x67, 1), unit(6, 6, 1), unit(0x41, 1)), 'access-point');
    assert.equal(judged('h264', unit(6, 5, 1), unit(0x41, 1)), 'other');
    assert.equal(judged('h264', unit(9, 0x10), unit(0x67, 1)), 'unknown');
  });

  it('are IRAP pictures in HEVC, and pictures with a sequence header in MPEG-2', () => {
    assert.equal(judged('hevc', unit(0x46, 1), unit(0x40, 1), unit(0x26, 1)), 'access-point');
    assert.equal(judged('hevc', unit(0x2a, 1)), 'access-point');
    assert.equal(judged('hevc', unit(0x46, 1), unit(0x02, 1)), 'other');
    assert.equal(judged('mpeg2', unit(0xb3, 1), unit(0xb8, 0), unit(0, 0)), 'access-point');
    assert.equal(judged('mpeg2', unit(0, 0)), 'other');
  });

  it('are given up after a while', () => {
    assert.equal(judgeFrame('h264', new Uint8Array(8192).fill(0xaa)), 'other');
  });
});

describe('a pushed playlist', () => {
  it('names segments in order', () => {
    const text =
      '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2.0,\nlive7.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2.0,\r\n' +
      'http://a/b/live8.ts?x=1\n#EXT-X-ENDLIST\n';
    assert.deepEqual(readPushedPlaylist(text), {
      isEnded: true,
      segments: [
        { sequence: 7, name: 'live7.ts', isDiscontinuous: false },
        { sequence: 8, name: 'live8.ts', isDiscontinuous: true },
      ],
    });
  });

  it('is no master playlist and nothing else', () => {
    for (const text of [
      '',
      'hello',
      '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8',
      '#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:-1',
    ])
      assert.equal(readPushedPlaylist(text), null);
    assert.equal(readPushedPlaylist(`#EXTM3U\n${'a.ts\n'.repeat(5000)}`), null);
  });
});
