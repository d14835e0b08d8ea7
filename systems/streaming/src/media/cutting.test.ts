/** From transport stream to payloads to segments: where cuts are, that every peer makes the same, and what lost rounds cost. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { concatBytes, toHex } from '@concordat/wire';
import fc from 'fast-check';
import { assembleRound, createAssembler, type Segment } from './assembler.ts';
import { CUTTER_DEFAULTS, type CutterOptions, createCutter, interrupt, pushPacket } from './cutter.ts';
import { PACKET_BYTES, readPacket } from './packet.ts';
import { createPacketSync, pushBytes } from './packet-sync.ts';
import { decodePayload, encodePayload, MAX_PIECES, type Payload, type Piece } from './payload.ts';
import { appendEntry, createPlaylist, renderPlaylist } from './playlist.ts';
import { createRoundPacker, enqueue, takePayload } from './round-packer.ts';
import { AAC, AUDIO_PID, createMuxer, frame, H264, h264, show, tables, VIDEO_PID } from './testing/muxer.ts';

const OPTIONS: CutterOptions = { ...CUTTER_DEFAULTS, targetMs: 1000, longestMs: 3000 };
/** 10 frames per second. */
const FRAME = 9000;
const SHOW = { frames: 100, group: 10, frameTicks: FRAME, isFlagged: true, fill: 300 } as const;

/** The pieces that come of a stream; the clock stands at `nowMs`. */
function piecesOf(stream: Uint8Array, options = OPTIONS, nowMs = 1_000_000): Piece[] {
  const cutter = createCutter(options);
  const pieces: Piece[] = [];
  const emit = (piece: Piece): void => {
    pieces.push(piece.type === 'packets' ? { ...piece, bytes: piece.bytes.slice() } : piece);
  };
  pushBytes(createPacketSync(), stream, (packet) => pushPacket(cutter, packet, nowMs, emit));
  interrupt(cutter, emit);
  pieces.push({ type: 'end' });
  return pieces;
}

function payloadsOf(pieces: readonly Piece[], maxBytes: number, targetS = 3): Uint8Array[] {
  const packer = createRoundPacker();
  for (const piece of pieces) enqueue(packer, piece);
  const payloads: Uint8Array[] = [];
  while (packer.queue.length > 0) payloads.push(takePayload(packer, maxBytes, targetS));
  assert.equal(packer.queuedBytes, 0);
  return payloads;
}

interface Heard {
  readonly segments: Segment[];
  readonly gaps: [first: number, count: number][];
  /** The packets of who reads without segments. */
  readonly stream: Uint8Array;
  readonly isEnded: boolean;
}

function heardFrom(payloads: readonly (Uint8Array | null)[]): Heard {
  const assembler = createAssembler({ maxSegmentBytes: 1 << 24 });
  const segments: Segment[] = [];
  const gaps: [number, number][] = [];
  const stream: Uint8Array[] = [];
  let isEnded = false;
  for (const payload of payloads)
    assembleRound(assembler, payload, {
      segment: (segment) => segments.push(segment),
      gap: (first, count) => gaps.push([first, count]),
      packets: (bytes) => stream.push(bytes),
      ended: () => {
        isEnded = true;
      },
    });
  return { segments, gaps, stream: concatBytes(stream), isEnded };
}

/** Where a segment's first frames begin, by PID and flag. */
const headOf = ({ bytes }: Segment): readonly number[] =>
  [0, 1, 2].map((i) => readPacket(bytes.subarray(i * PACKET_BYTES, (i + 1) * PACKET_BYTES)).pid);

const startsOf = (pieces: readonly Piece[]) => pieces.filter((piece) => piece.type === 'start');

describe('cutting', () => {
  for (const isFlagged of [true, false]) {
    it(`begins segments with tables and a key frame that is ${isFlagged ? 'flagged' : 'found'}`, () => {
      const pieces = piecesOf(show(createMuxer(), { ...SHOW, isFlagged }));
      const { segments, gaps, isEnded } = heardFrom(payloadsOf(pieces, 20_000));
      assert.equal(segments.length, 10);
      assert.deepEqual(gaps, []);
      assert.ok(isEnded);
      assert.deepEqual(
        segments.map(({ number }) => number),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      for (const segment of segments) {
        assert.deepEqual(headOf(segment), [0, 0x1000, VIDEO_PID]);
        assert.equal(segment.durationTicks, 10 * FRAME);
        assert.ok(segment.isKeyFrame);
        assert.equal(segment.isDiscontinuous, false);
      }
      assert.deepEqual(
        segments.map(({ programDateTimeMs }) => programDateTimeMs - 1_000_000),
        [0, 1000, 2000, 0, 1000, 2000, 0, 1000, 2000, 0],
        'the clock is followed where the stream runs two seconds ahead of it',
      );
    });
  }

  it('gives the same packets whether the flag is there or the frame is looked into', () => {
    const strip = (bytes: Uint8Array): string => {
      const pieces = heardFrom(payloadsOf(piecesOf(bytes), 1 << 20)).segments;
      return pieces.map((segment) => `${segment.number} ${segment.bytes.length}`).join();
    };
    assert.equal(
      strip(show(createMuxer(), { ...SHOW, fill: 301 })),
      strip(show(createMuxer(), { ...SHOW, fill: 301, isFlagged: false })),
    );
  });

  it('cuts without a key frame where none comes, and says so', () => {
    const starts = startsOf(piecesOf(show(createMuxer(), { ...SHOW, group: 1000 })));
    assert.deepEqual(
      starts.map(({ isKeyFrame, atTicks }) => [isKeyFrame, atTicks / FRAME]),
      [
        [true, 0],
        [false, 30],
        [false, 60],
        [false, 90],
      ],
    );
  });

  it('cuts sound alone by time', () => {
    const muxer = createMuxer();
    const parts = [tables(muxer, [[AAC, AUDIO_PID]])];
    for (let i = 0; i < 50; i++)
      parts.push(frame(muxer, { pid: AUDIO_PID, ticks: i * 4000, data: new Uint8Array(100) }));
    const { segments } = heardFrom(payloadsOf(piecesOf(concatBytes(parts)), 1 << 20));
    assert.deepEqual(
      segments.map(({ durationTicks, isKeyFrame }) => [durationTicks, isKeyFrame]),
      // 0.9 s is the earliest cut: 81,000 ticks are reached at 84,000.
      [
        [84_000, true],
        [84_000, true],
        [32_000, true],
      ],
    );
  });

  it('follows time stamps over their wrap', () => {
    const stream = show(createMuxer(), { ...SHOW, startTicks: 2 ** 33 - 25 * FRAME });
    const { segments } = heardFrom(payloadsOf(piecesOf(stream), 1 << 20));
    assert.deepEqual(new Set(segments.map(({ durationTicks }) => durationTicks)), new Set([10 * FRAME]));
    assert.ok(segments.every(({ isDiscontinuous }) => !isDiscontinuous));
  });

  it('marks a jump of time, another program and another publisher as discontinuities', () => {
    const muxer = createMuxer();
    const first = { ...SHOW, frames: 20 };
    const jumped = concatBytes([show(muxer, first), show(muxer, { ...first, startTicks: 10_000_000 })]);
    const other = concatBytes([
      show(createMuxer(), first),
      show(createMuxer(), { ...first, hasAudio: false, startTicks: 20 * FRAME }),
    ]);
    for (const stream of [jumped, other]) {
      const { segments } = heardFrom(payloadsOf(piecesOf(stream), 1 << 20));
      assert.deepEqual(
        segments.map(({ isDiscontinuous }) => isDiscontinuous),
        [false, false, true, false],
      );
      assert.deepEqual(
        segments.map(({ durationTicks }) => durationTicks),
        [90_000, 90_000, 90_000, 90_000],
      );
    }
  });

  it('goes on behind the numbers of an earlier life, as a discontinuity', () => {
    const pieces = piecesOf(show(createMuxer(), { ...SHOW, frames: 20 }), { ...OPTIONS, firstNumber: 7 });
    assert.deepEqual(
      startsOf(pieces).map(({ number, isDiscontinuous }) => [number, isDiscontinuous]),
      [
        [7, true],
        [8, false],
      ],
    );
  });

  it('drops what comes before the first key frame, and stuffing', () => {
    const muxer = createMuxer();
    const late = concatBytes([
      tables(muxer, [[H264, VIDEO_PID]]),
      frame(muxer, { pid: VIDEO_PID, ticks: 0, data: h264(false, 100) }),
      frame(muxer, { pid: VIDEO_PID, ticks: FRAME, data: h264(true, 100), isFlagged: true }),
      Uint8Array.from({ length: PACKET_BYTES }, (_, i) => [0x47, 0x1f, 0xff, 0x10][i] ?? 0xff),
      frame(muxer, { pid: VIDEO_PID, ticks: 2 * FRAME, data: h264(false, 100) }),
    ]);
    const cutter = createCutter(OPTIONS);
    pushBytes(createPacketSync(), late, (packet) => pushPacket(cutter, packet, 0, () => {}));
    assert.equal(cutter.droppedPackets, 1, 'the frame before the key frame; stuffing is not counted');
    const { segments } = heardFrom(payloadsOf(piecesOf(late), 1 << 20));
    assert.equal(segments.length, 1);
    assert.equal(segments[0]?.bytes.length, 4 * PACKET_BYTES);
  });

  it('ends a segment that grows without frames', () => {
    const muxer = createMuxer();
    const stream = concatBytes([
      tables(muxer, [
        [H264, VIDEO_PID],
        [AAC, AUDIO_PID],
      ]),
      frame(muxer, { pid: VIDEO_PID, ticks: 0, data: h264(true, 100), isFlagged: true }),
      ...Array.from({ length: 400 }, (_, i) =>
        frame(muxer, { pid: AUDIO_PID, ticks: i * FRAME, data: new Uint8Array(1000) }),
      ),
    ]);
    const { segments } = heardFrom(
      payloadsOf(piecesOf(stream, { ...OPTIONS, maxSegmentBytes: 100_000 }), 1 << 20),
    );
    assert.equal(segments.length, 1);
    assert.ok((segments[0]?.bytes.length ?? 0) <= 100_000);
  });

  it('holds a bounded number of packets while it is not known what a frame is', () => {
    const muxer = createMuxer();
    const streams: [number, number][] = [
      [H264, VIDEO_PID],
      [AAC, AUDIO_PID],
    ];
    const sound = { pid: AUDIO_PID, ticks: 0, data: new Uint8Array(100) };
    const cutter = createCutter(OPTIONS);
    let emitted = 0;
    const push = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; at += PACKET_BYTES)
        pushPacket(cutter, bytes.subarray(at, at + PACKET_BYTES), 0, () => emitted++);
    };
    push(tables(muxer, streams));
    push(frame(muxer, { pid: VIDEO_PID, ticks: 0, data: h264(true, 10), isFlagged: true }));
    // Only a delimiter so far: it may be a key frame.
    push(frame(muxer, { pid: VIDEO_PID, ticks: 90_000, data: h264(false, 0).subarray(0, 6) }));
    const before = emitted;
    for (let i = 0; i < 500; i++) push(frame(muxer, sound));
    assert.equal(emitted, before, 'they wait');
    for (let i = 0; i < 100; i++) push(frame(muxer, sound));
    assert.equal(emitted, before + 601, 'they have waited long enough');
  });

  it('never throws on any bytes', () => {
    const good = show(createMuxer(), { ...SHOW, frames: 30 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 60 }), (changes) => {
        const bad = good.slice();
        for (const [at, value] of changes) bad[at] = value;
        const pieces = piecesOf(bad);
        const numbers = startsOf(pieces).map(({ number }) => number);
        assert.deepEqual(
          numbers,
          numbers.map((_, i) => i),
        );
        const times = startsOf(pieces).map(({ atTicks }) => atTicks);
        assert.deepEqual(
          times,
          [...times].sort((a, b) => a - b),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('rounds', () => {
  const pieces = piecesOf(show(createMuxer(), SHOW));
  const whole = heardFrom(payloadsOf(pieces, 1 << 20));

  it('give the same segments however small they are', () => {
    for (const maxBytes of [300, 1000, 5000, 33_333]) {
      const payloads = payloadsOf(pieces, maxBytes);
      assert.ok(payloads.every(({ length }) => length <= maxBytes));
      const heard = heardFrom(payloads);
      assert.deepEqual(heard.segments, whole.segments);
      assert.deepEqual(heard.stream, whole.stream);
      assert.deepEqual(concatBytes(heard.segments.map(({ bytes }) => bytes)), heard.stream);
    }
  });

  it('cost, when lost, the segments that they touch and no other; whoever comes late has the same names', () => {
    const payloads = payloadsOf(pieces, 4000);
    fc.assert(
      fc.property(
        fc.nat(payloads.length - 1),
        fc.array(fc.nat(payloads.length - 1), { maxLength: 4 }),
        (joinedAt, lost) => {
          const rounds = payloads.map((payload, i) => (lost.includes(i) ? null : payload)).slice(joinedAt);
          const { segments, gaps } = heardFrom(rounds);
          for (const segment of segments) assert.deepEqual(segment, whole.segments[segment.number]);
          const lostNumbers = gaps.flatMap(([from, count]) =>
            Array.from({ length: count }, (_, i) => from + i),
          );
          const told = [...segments.map(({ number }) => number), ...lostNumbers].sort((a, b) => a - b);
          const first = told[0] ?? 0;
          assert.deepEqual(
            told,
            told.map((_, i) => first + i),
          );
          const untouched = whole.segments.filter(({ number }) => {
            const touched = roundsOf(payloads, number);
            return (
              touched[0] >= joinedAt && !lost.some((round) => round >= touched[0] && round <= touched[1])
            );
          });
          for (const { number } of untouched)
            assert.ok(segments.some((segment) => segment.number === number));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('tell lost segments in one piece', () => {
    const payloads = payloadsOf(pieces, 4000);
    const [from] = roundsOf(payloads, 3);
    const [, to] = roundsOf(payloads, 5);
    const { segments, gaps } = heardFrom(payloads.map((payload, i) => (i > from && i < to ? null : payload)));
    assert.deepEqual(gaps, [[3, 3]]);
    assert.equal(segments.length, 7);
  });
});

/** The first and the last round that a segment touches, its end included. */
function roundsOf(payloads: readonly Uint8Array[], number: number): readonly [number, number] {
  let first = -1;
  for (const [i, bytes] of payloads.entries()) {
    for (const piece of decodePayload(bytes)?.pieces ?? []) {
      if (piece.type === 'start' && piece.number === number) first = i;
      const isEnd = piece.type === 'pause' || (piece.type === 'start' && piece.number === number + 1);
      if (first >= 0 && isEnd) return [first, i];
    }
  }
  return [first, payloads.length - 1];
}

describe('payloads', () => {
  const sample: Payload = {
    targetS: 2,
    pieces: [
      { type: 'packets', bytes: new Uint8Array(188).fill(0x47) },
      {
        type: 'start',
        number: 258,
        atTicks: 90_000,
        programDateTimeMs: 1_700_000_000_000,
        isKeyFrame: true,
        isDiscontinuous: false,
      },
      { type: 'packets', bytes: new Uint8Array(376).fill(0x47) },
      { type: 'pause', atTicks: 180_000 },
      { type: 'end' },
    ],
  };

  it('have these bytes', () => {
    assert.equal(
      toHex(encodePayload(sample)),
      `010200000005020001${'47'.repeat(188)}010000000000000102000000000001` +
        `5f900000018bcfe5680001020002${'47'.repeat(376)}03000000000002bf2004`,
    );
    assert.deepEqual(decodePayload(encodePayload(sample)), sample);
    assert.equal(toHex(encodePayload({ targetS: 2, pieces: [] })), '010200000000');
  });

  it('are refused in any other form', () => {
    const good = encodePayload(sample);
    for (let size = 0; size < good.length; size++) assert.equal(decodePayload(good.subarray(0, size)), null);
    assert.equal(decodePayload(concatBytes([good, Uint8Array.of(0)])), null);
    // Version, target, kind and flags of the mark behind the packets.
    for (const [at, value] of [
      [0, 2],
      [1, 0],
      [6, 5],
      [6 + 3 + 188, 0],
      [6 + 3 + 188 + 25, 4],
    ] as const) {
      const changed = good.slice();
      changed[at] = value;
      assert.equal(decodePayload(changed), null, `byte ${at}`);
    }
    const wrong: Payload[] = [
      { targetS: 0, pieces: [] },
      { targetS: 121, pieces: [] },
      { targetS: 2, pieces: [{ type: 'end' }, { type: 'pause', atTicks: 1 }] },
      { targetS: 2, pieces: [{ type: 'packets', bytes: new Uint8Array(0) }] },
      { targetS: 2, pieces: [{ type: 'packets', bytes: new Uint8Array(188) }] },
      { targetS: 2, pieces: [sample.pieces[0], sample.pieces[0]].filter((piece) => piece !== undefined) },
      {
        targetS: 2,
        pieces: Array.from({ length: MAX_PIECES + 1 }, (_, atTicks) => ({ type: 'pause', atTicks })),
      },
    ];
    for (const payload of wrong) assert.equal(decodePayload(encodePayload(payload)), null);
  });

  it('cannot make a peer hold more than a segment of the largest size', () => {
    const assembler = createAssembler({ maxSegmentBytes: 1000 });
    const told: string[] = [];
    const start = {
      type: 'start',
      atTicks: 0,
      programDateTimeMs: 0,
      isKeyFrame: true,
      isDiscontinuous: false,
    } as const;
    const packets = { type: 'packets', bytes: new Uint8Array(564).fill(0x47) } as const;
    for (const pieces of [
      [{ ...start, number: 0 }, packets],
      [packets],
      [packets],
      [{ ...start, number: 1 }, packets],
      [{ type: 'pause', atTicks: 1 }],
    ] as const)
      assembleRound(assembler, encodePayload({ targetS: 1, pieces }), {
        segment: ({ number, bytes }) => told.push(`segment ${number} of ${bytes.length}`),
        gap: (first, count) => told.push(`gap ${first} ${count}`),
        packets: (bytes) => told.push(`${bytes.length}`),
        ended: () => {},
      });
    assert.deepEqual(told, ['564', 'gap 0 1', '564', 'segment 1 of 564']);
  });

  it('count no further than numbers go', () => {
    const bytes = encodePayload({
      targetS: 1,
      pieces: [
        {
          type: 'start',
          number: Number.MAX_SAFE_INTEGER,
          atTicks: 0,
          programDateTimeMs: 0,
          isKeyFrame: false,
          isDiscontinuous: false,
        },
      ],
    });
    assert.equal(decodePayload(bytes), null);
  });

  it('that a liar signed never throw, and what comes out is bounded and in order', () => {
    const piece: fc.Arbitrary<Piece> = fc.oneof(
      fc.record({
        type: fc.constant('start' as const),
        number: fc.oneof(fc.nat(20), fc.maxSafeNat()),
        atTicks: fc.oneof(fc.nat(1_000_000), fc.maxSafeNat()),
        programDateTimeMs: fc.nat(),
        isKeyFrame: fc.boolean(),
        isDiscontinuous: fc.boolean(),
      }),
      fc
        .nat(3)
        .map((count) => ({ type: 'packets' as const, bytes: new Uint8Array((count + 1) * 188).fill(0x47) })),
      fc.maxSafeNat().map((atTicks) => ({ type: 'pause' as const, atTicks })),
    );
    const payload = fc.oneof(
      {
        arbitrary: fc
          .record({ targetS: fc.integer({ min: 1, max: 120 }), pieces: fc.array(piece, { maxLength: 12 }) })
          .map(encodePayload),
        weight: 5,
      },
      { arbitrary: fc.uint8Array({ maxLength: 400 }), weight: 1 },
      { arbitrary: fc.constant(null), weight: 1 },
    );
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 12 }), (payloads) => {
        const assembler = createAssembler({ maxSegmentBytes: 2000 });
        const playlist = createPlaylist(6);
        let last = -1;
        for (const bytes of payloads) {
          assembleRound(assembler, bytes, {
            segment: ({ number, bytes: { length }, durationTicks, programDateTimeMs }) => {
              assert.ok(length > 0 && length <= 2000);
              assert.ok(number > last, 'numbers go up');
              last = number;
              assert.ok(Math.round(durationTicks / 90_000) <= assembler.targetS);
              appendEntry(playlist, { number, durationTicks, programDateTimeMs, isDiscontinuous: false });
            },
            gap: (first, count) => {
              assert.ok(first > last && count > 0 && Number.isSafeInteger(first + count));
              last = first + count - 1;
            },
            packets: () => {},
            ended: () => {},
          });
          assert.ok((assembler.open?.sizeBytes ?? 0) <= 2000);
        }
        assert.ok(playlist.entries.length <= 6);
        assert.match(
          renderPlaylist(playlist, assembler.targetS, () => 'date'),
          /^#EXTM3U\n/,
        );
      }),
      { numRuns: 400 },
    );
  });
});
