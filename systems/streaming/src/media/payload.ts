/**
 * What one round carries: whole transport packets, and the marks by which every peer cuts the same segments out of them.
 * One canonical form per value, bounded, never throwing: the broadcaster is another domain, too.
 *
 *   payload: version u8 = 1 | target u8 (s) | count u32 | pieces
 *   start:   1 | number u53 | at u53 (ticks) | time u53 (ms) | flags u8: 1 key frame, 2 discontinuity
 *   packets: 2 | count u16 >= 1 | count * 188 bytes, each beginning with 0x47; never two of these in a row
 *   pause:   3 | at u53 (ticks)
 *   end:     4, and nothing after it
 *
 * A start ends the segment before it, at its own place in time; a pause ends one and begins none.
 */

import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import { PACKET_BYTES, SYNC_BYTE } from './packet.ts';

export const PAYLOAD_VERSION = 1;

/** 64 Mbit/s at rounds of a second. */
export const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

/** A second of video has a handful of marks; what a liar adds costs each peer a bounded amount of work. */
export const MAX_PIECES = 64;

/** Longer than any segment that a cutter makes (MAX_LONGEST_MS in cutter.ts, twice, and a second). */
export const MAX_TARGET_S = 120;

export const PAYLOAD_HEADER_BYTES = 6;
export const START_BYTES = 26;
export const PACKETS_HEADER_BYTES = 3;
export const PAUSE_BYTES = 9;
export const END_BYTES = 1;
export const MAX_PACKETS = 0xffff;

export interface StartPiece {
  readonly type: 'start';
  /** Of the segment; each is one more than the former. */
  readonly number: number;
  /** Where it begins on the time line of the stream, in ticks of 90 kHz that never go back. */
  readonly atTicks: number;
  /** UTC, of the broadcaster's clock. */
  readonly programDateTimeMs: number;
  readonly isKeyFrame: boolean;
  /** Time stamps, counters or codecs do not go on from the segment before. */
  readonly isDiscontinuous: boolean;
}

export interface PacketsPiece {
  readonly type: 'packets';
  readonly bytes: Uint8Array;
}

export interface PausePiece {
  readonly type: 'pause';
  readonly atTicks: number;
}

export interface EndPiece {
  readonly type: 'end';
}

export type Piece = StartPiece | PacketsPiece | PausePiece | EndPiece;

export interface Payload {
  /** No segment is longer than this, rounded to seconds. Grows only. */
  readonly targetS: number;
  readonly pieces: readonly Piece[];
}

const KINDS = { start: 1, packets: 2, pause: 3, end: 4 } as const;

export function encodePayload({ targetS, pieces }: Payload): Uint8Array {
  const writer = createWriter(64 * 1024);
  writer.u8(PAYLOAD_VERSION);
  writer.u8(targetS);
  writer.list(pieces, (piece) => writePiece(writer, piece));
  return writer.finish();
}

function writePiece(writer: Writer, piece: Piece): void {
  writer.u8(KINDS[piece.type]);
  switch (piece.type) {
    case 'start':
      writer.u53(piece.number);
      writer.u53(piece.atTicks);
      writer.u53(piece.programDateTimeMs);
      return writer.u8((piece.isKeyFrame ? 1 : 0) | (piece.isDiscontinuous ? 2 : 0));
    case 'packets':
      writer.u16(piece.bytes.length / PACKET_BYTES);
      return writer.fixed(piece.bytes);
    case 'pause':
      return writer.u53(piece.atTicks);
    case 'end':
      return;
    default: {
      const never: never = piece;
      return never;
    }
  }
}

/** Null for anything but the canonical form of a payload. */
export function decodePayload(bytes: Uint8Array): Payload | null {
  if (bytes.length > MAX_PAYLOAD_BYTES) return null;
  const reader = createReader(bytes);
  if (reader.u8() !== PAYLOAD_VERSION) return null;
  const targetS = reader.u8();
  if (targetS < 1 || targetS > MAX_TARGET_S) return null;
  const pieces = reader.list(MAX_PIECES, END_BYTES, () => readPiece(reader));
  const isOrdered = pieces.every(
    ({ type }, i) =>
      (type !== 'end' || i === pieces.length - 1) &&
      (type !== 'packets' || pieces[i - 1]?.type !== 'packets'),
  );
  return isOrdered ? reader.finish({ targetS, pieces }) : null;
}

function readPiece(reader: Reader): Piece {
  switch (reader.u8()) {
    case KINDS.start:
      return readStart(reader);
    case KINDS.packets:
      return readPackets(reader);
    case KINDS.pause:
      return { type: 'pause', atTicks: reader.u53() };
    case KINDS.end:
      return { type: 'end' };
    default:
      reader.fail();
      return { type: 'end' };
  }
}

function readStart(reader: Reader): StartPiece {
  const number = reader.u53();
  const atTicks = reader.u53();
  const programDateTimeMs = reader.u53();
  const flags = reader.u8();
  if (flags > 3 || programDateTimeMs > MAX_DATE_MS || number > MAX_NUMBER) reader.fail();
  const [isKeyFrame, isDiscontinuous] = [(flags & 1) !== 0, (flags & 2) !== 0];
  return { type: 'start', number, atTicks, programDateTimeMs, isKeyFrame, isDiscontinuous };
}

/** No stream counts so far, and one more is a number, too. */
const MAX_NUMBER = 2 ** 48;

/** The last moment of the year 9999: later ones have another form as text. */
export const MAX_DATE_MS = 253_402_300_799_999;

function readPackets(reader: Reader): PacketsPiece {
  const count = reader.u16();
  if (count === 0) reader.fail();
  const bytes = reader.fixed(count * PACKET_BYTES);
  for (let at = 0; at < bytes.length; at += PACKET_BYTES) if (bytes[at] !== SYNC_BYTE) reader.fail();
  return { type: 'packets', bytes };
}
