/** Key frames of real encoders, found with their flags taken away: the same as with them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CUTTER_DEFAULTS, createCutter, pushPacket } from '../media/cutter.ts';
import { readPacket } from '../media/packet.ts';
import { createPacketSync, pushBytes } from '../media/packet-sync.ts';
import { lacks, spawnFfmpeg } from './testing/ffmpeg.ts';

const PICTURE = [
  '-f',
  'lavfi',
  '-i',
  'testsrc2=size=320x180:rate=25',
  '-t',
  '8',
  '-pix_fmt',
  'yuv420p',
  '-threads',
  '1',
];

async function encoded(args: readonly string[]): Promise<Buffer> {
  const child = spawnFfmpeg([...PICTURE, ...args, '-f', 'mpegts', '-'], 'pipe');
  assert.ok(child.stdout !== null);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Where segments begin, in ticks, and whether at a key frame. */
function cutsOf(stream: Uint8Array): readonly (readonly [number, boolean])[] {
  const cutter = createCutter({ ...CUTTER_DEFAULTS, targetMs: 1000 });
  const cuts: (readonly [number, boolean])[] = [];
  pushBytes(createPacketSync(), stream, (packet) =>
    pushPacket(cutter, packet, 0, (piece) => {
      if (piece.type === 'start') cuts.push([piece.atTicks, piece.isKeyFrame]);
    }),
  );
  return cuts;
}

/** The same stream without random_access_indicator. */
function withoutFlags(stream: Buffer): Buffer {
  const plain = Buffer.from(stream);
  let flags = 0;
  for (let at = 0; at < plain.length; at += 188) {
    if (!readPacket(plain.subarray(at, at + 188)).isRandomAccess) continue;
    plain[at + 5] = (plain[at + 5] ?? 0) & ~0x40;
    flags++;
  }
  assert.ok(flags >= 8);
  return plain;
}

const CODECS: readonly (readonly [name: string, encoder: string, ...args: string[]])[] = [
  ['H.264', 'libx264', '-preset', 'veryfast', '-g', '25', '-sc_threshold', '0'],
  [
    'H.264 with open groups',
    'libx264',
    '-preset',
    'veryfast',
    '-g',
    '25',
    '-x264-params',
    'open-gop=1:scenecut=0',
  ],
  [
    'HEVC',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    'keyint=25:min-keyint=25:scenecut=0:log-level=none',
  ],
  ['MPEG-2', 'mpeg2video', '-g', '25', '-bf', '2'],
];

describe('key frames without flags', () => {
  for (const [name, encoder, ...args] of CODECS)
    it(`are found in ${name}`, { skip: lacks(encoder) }, async () => {
      const stream = await encoded(['-c:v', encoder, ...args]);
      const cuts = cutsOf(stream);
      assert.ok(cuts.length >= 7, `${cuts.length} segments of 8 seconds`);
      assert.ok(cuts.every(([, isKeyFrame]) => isKeyFrame));
      assert.deepEqual(cutsOf(withoutFlags(stream)), cuts);
    });
});
