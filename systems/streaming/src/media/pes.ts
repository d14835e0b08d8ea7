/**
 * The header of a PES packet (ISO/IEC 13818-1, section 2.4.3.6), as far as cutting needs it: when it is to be decoded, and
 * where its elementary stream begins.
 */

import type { TsPacket } from './packet.ts';

export interface PesHeader {
  /** Decoding time of its first frame: DTS, else PTS; 33 bits of 90 kHz. */
  readonly decodeTicks: number;
  /** Where the elementary stream begins in the packet; may lie behind its end. */
  readonly dataAt: number;
}

/** Null if the packet does not begin a PES packet with a time stamp that lies in this very packet. */
export function readPesHeader(packet: TsPacket): PesHeader | null {
  const { bytes, payloadAt: at } = packet;
  if (!packet.isStart || at + 9 > bytes.length) return null;
  if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) return null;
  // Marker bits '10', then flags, then the length of the optional header.
  if (((bytes[at + 6] ?? 0) & 0xc0) !== 0x80) return null;
  const stamps = (bytes[at + 7] ?? 0) >> 6;
  const dataAt = at + 9 + (bytes[at + 8] ?? 0);
  const stampAt = stamps === 3 ? at + 14 : at + 9;
  if (stamps < 2 || stampAt + 5 > Math.min(dataAt, bytes.length)) return null;
  return { decodeTicks: stampOf(bytes, stampAt), dataAt };
}

/** Three, fifteen and fifteen bits with a marker after each. */
function stampOf(bytes: Uint8Array, at: number): number {
  const byte = (index: number): number => bytes[at + index] ?? 0;
  const high = (byte(0) >> 1) & 0x07;
  const middle = (byte(1) << 7) | (byte(2) >> 1);
  const low = (byte(3) << 7) | (byte(4) >> 1);
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
