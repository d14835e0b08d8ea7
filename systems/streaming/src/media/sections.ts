/**
 * Program specific information (ISO/IEC 13818-1, section 2.4.4): which PIDs make up the program. Sections are believed only
 * with a right checksum, so a broken one changes nothing. Of several programs the first is taken.
 */

import { PACKET_BYTES, PAT_PID, SYNC_BYTE, type TsPacket } from './packet.ts';

/** section_length has 12 bits of which the first two are zero for these tables. */
const MAX_SECTION_BYTES = 1024;
const CRC_BYTES = 4;
const PAT_TABLE = 0x00;
const PMT_TABLE = 0x02;

/** CRC-32/MPEG-2: polynomial 0x04c11db7, not reflected, all ones at first. A section with its checksum comes to 0. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000_0000) !== 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc >>> 0;
});

export function crcOfSection(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ byte] ?? 0);
  return crc >>> 0;
}

/** Puts the sections of one PID together. */
export interface SectionCollector {
  part: number[] | null;
}

export const createSectionCollector = (): SectionCollector => ({ part: null });

/** The section that `packet` completes, or null. Of several sections that end in one packet the first is taken. */
export function collectSection(collector: SectionCollector, packet: TsPacket): Uint8Array | null {
  let at = packet.payloadAt;
  if (packet.isStart) {
    // The pointer says where the new section begins; before that lies the end of the former one.
    const begin = at + 1 + (packet.bytes[at] ?? 0);
    const former = collector.part === null ? null : append(collector, packet.bytes.subarray(at + 1, begin));
    collector.part = [];
    at = begin;
    if (former !== null) {
      append(collector, packet.bytes.subarray(at));
      return former;
    }
  }
  return collector.part === null ? null : append(collector, packet.bytes.subarray(at));
}

function append(collector: SectionCollector, bytes: Uint8Array): Uint8Array | null {
  const { part } = collector;
  if (part === null) return null;
  for (const byte of bytes) {
    part.push(byte);
    const size = part.length < 3 ? MAX_SECTION_BYTES : 3 + ((((part[1] ?? 0) & 0x0f) << 8) | (part[2] ?? 0));
    if (size > MAX_SECTION_BYTES) break;
    if (part.length < size) continue;
    collector.part = null;
    const section = Uint8Array.from(part);
    return crcOfSection(section) === 0 ? section : null;
  }
  if (part.length >= MAX_SECTION_BYTES) collector.part = null;
  return null;
}

export interface ProgramPlace {
  readonly streamId: number;
  readonly program: number;
  readonly pmtPid: number;
}

/** The first program of a PAT, or null. */
export function readPat(section: Uint8Array): ProgramPlace | null {
  if (section[0] !== PAT_TABLE || section.length < 12) return null;
  for (let at = 8; at + 4 <= section.length - CRC_BYTES; at += 4) {
    const program = u16(section, at);
    // Program 0 is the network information table.
    if (program !== 0) return { streamId: u16(section, 3), program, pmtPid: u16(section, at + 2) & 0x1fff };
  }
  return null;
}

export interface ElementaryStream {
  readonly pid: number;
  /** stream_type of ISO/IEC 13818-1, table 2-34. */
  readonly kind: number;
}

export interface ProgramMap {
  readonly program: number;
  readonly pcrPid: number;
  readonly streams: readonly ElementaryStream[];
}

export function readPmt(section: Uint8Array): ProgramMap | null {
  if (section[0] !== PMT_TABLE || section.length < 16) return null;
  const streams: ElementaryStream[] = [];
  const end = section.length - CRC_BYTES;
  let at = 12 + (u16(section, 10) & 0x0fff);
  while (at + 5 <= end) {
    streams.push({ kind: section[at] ?? 0, pid: u16(section, at + 1) & 0x1fff });
    at += 5 + (u16(section, at + 3) & 0x0fff);
  }
  if (at !== end || streams.length === 0) return null;
  return { program: u16(section, 3), pcrPid: u16(section, 8) & 0x1fff, streams };
}

/** A PAT with this program alone. */
export function patSection({ streamId, program, pmtPid }: ProgramPlace): Uint8Array {
  const body = [PAT_TABLE, 0xb0, 13, ...two(streamId), 0xc1, 0, 0, ...two(program), ...two(0xe000 | pmtPid)];
  return withCrc(Uint8Array.from(body));
}

export function withCrc(body: Uint8Array): Uint8Array {
  const section = new Uint8Array(body.length + CRC_BYTES);
  section.set(body);
  new DataView(section.buffer).setUint32(body.length, crcOfSection(body));
  return section;
}

/** The packets of a section, counted from `counter` on. */
export function packetsOfSection(pid: number, section: Uint8Array, counter: number): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < section.length; ) {
    const isFirst = at === 0;
    const packet = new Uint8Array(PACKET_BYTES).fill(0xff);
    packet.set([
      SYNC_BYTE,
      (isFirst ? 0x40 : 0) | (pid >> 8),
      pid & 0xff,
      0x10 | ((counter + packets.length) & 0x0f),
    ]);
    // A pointer of 0: the section begins at once.
    if (isFirst) packet[4] = 0;
    const from = isFirst ? 5 : 4;
    packet.set(section.subarray(at, at + PACKET_BYTES - from), from);
    at += PACKET_BYTES - from;
    packets.push(packet);
  }
  return packets;
}

export const isPat = (packet: TsPacket): boolean => packet.pid === PAT_PID;

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const two = (value: number): [number, number] => [value >> 8, value & 0xff];
