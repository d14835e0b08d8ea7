/** A small multiplexer for tests: tables, frames with time stamps and access point flags, counters. */

import { concatBytes } from '@concordat/wire';
import { PACKET_BYTES, SYNC_BYTE } from '../packet.ts';
import { packetsOfSection, patSection, withCrc } from '../sections.ts';

export const PMT_PID = 0x1000;
export const VIDEO_PID = 0x100;
export const AUDIO_PID = 0x101;

export const H264 = 0x1b;
export const HEVC = 0x24;
export const AAC = 0x0f;

export interface Muxer {
  readonly counters: Map<number, number>;
}

export const createMuxer = (): Muxer => ({ counters: new Map() });

export interface Frame {
  readonly pid: number;
  readonly ticks: number;
  readonly data: Uint8Array;
  readonly isFlagged?: boolean;
  /** A presentation time of its own; then `ticks` is the decoding time. */
  readonly presentedTicks?: number;
}

function nextCounters(muxer: Muxer, pid: number, count: number): number {
  const counter = muxer.counters.get(pid) ?? 0;
  muxer.counters.set(pid, (counter + count) & 0x0f);
  return counter;
}

export function pmtSection(
  streams: readonly (readonly [kind: number, pid: number])[],
  version = 0,
): Uint8Array {
  const entries = streams.flatMap(([kind, pid]) => [kind, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, 0]);
  const pcrPid = streams[0]?.[1] ?? 0;
  const size = 9 + entries.length + 4;
  const head = [2, 0xb0 | (size >> 8), size & 0xff, 0, 1, 0xc1 | (version << 1), 0, 0];
  return withCrc(Uint8Array.from([...head, 0xe0 | (pcrPid >> 8), pcrPid & 0xff, 0xf0, 0, ...entries]));
}

/** PAT and PMT of program 1. */
export function tables(
  muxer: Muxer,
  streams: readonly (readonly [number, number])[],
  version = 0,
): Uint8Array {
  const pat = patSection({ streamId: 1, program: 1, pmtPid: PMT_PID });
  const pmt = pmtSection(streams, version);
  return concatBytes([
    ...packetsOfSection(0, pat, nextCounters(muxer, 0, 1)),
    ...packetsOfSection(PMT_PID, pmt, nextCounters(muxer, PMT_PID, 1)),
  ]);
}

const stampBytes = (mark: number, ticks: number): number[] => {
  const high = Math.floor(ticks / 2 ** 30) & 7;
  const middle = Math.floor(ticks / 2 ** 15) & 0x7fff;
  const low = ticks % 2 ** 15;
  return [
    (mark << 4) | (high << 1) | 1,
    middle >> 7,
    ((middle & 0x7f) << 1) | 1,
    low >> 7,
    ((low & 0x7f) << 1) | 1,
  ];
};

/** One frame as a PES packet. */
export function frame(
  muxer: Muxer,
  { pid, ticks, data, isFlagged = false, presentedTicks }: Frame,
): Uint8Array {
  const stamps =
    presentedTicks === undefined
      ? stampBytes(2, ticks)
      : [...stampBytes(3, presentedTicks), ...stampBytes(1, ticks)];
  const flags = presentedTicks === undefined ? 0x80 : 0xc0;
  const head = [0, 0, 1, pid === AUDIO_PID ? 0xc0 : 0xe0, 0, 0, 0x80, flags, stamps.length, ...stamps];
  const pes = concatBytes([Uint8Array.from(head), data]);
  const packets: Uint8Array[] = [];
  for (let at = 0; at < pes.length; ) {
    const packet = packetOf(muxer, pid, pes.subarray(at), at === 0, at === 0 && isFlagged);
    at += packet.taken;
    packets.push(packet.bytes);
  }
  return concatBytes(packets);
}

function packetOf(
  muxer: Muxer,
  pid: number,
  data: Uint8Array,
  isStart: boolean,
  isFlagged: boolean,
): { bytes: Uint8Array; taken: number } {
  const smallest = isFlagged ? 2 : 0;
  const taken = Math.min(data.length, PACKET_BYTES - 4 - smallest);
  const adaptation = PACKET_BYTES - 4 - taken;
  const bytes = new Uint8Array(PACKET_BYTES).fill(0xff);
  const control = (adaptation > 0 ? 0x30 : 0x10) | nextCounters(muxer, pid, 1);
  bytes.set([SYNC_BYTE, (isStart ? 0x40 : 0) | (pid >> 8), pid & 0xff, control]);
  if (adaptation > 0) bytes[4] = adaptation - 1;
  if (adaptation > 1) bytes[5] = isFlagged ? 0x40 : 0;
  bytes.set(data.subarray(0, taken), PACKET_BYTES - taken);
  return { bytes, taken };
}

/** H.264 access units: delimiter, then parameter sets and an IDR slice, or a slice; `fill` bytes that never look like a start code. */
export function h264(isKey: boolean, fill: number): Uint8Array {
  const head = isKey
    ? [0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 5, 0, 0, 1, 0x65]
    : [0, 0, 0, 1, 9, 0x30, 0, 0, 1, 0x41];
  return concatBytes([Uint8Array.from(head), new Uint8Array(fill).fill(0xaa)]);
}

export interface Show {
  readonly frames: number;
  /** Frames from key frame to key frame. */
  readonly group: number;
  readonly frameTicks: number;
  readonly isFlagged: boolean;
  readonly fill: number;
  readonly startTicks?: number;
  readonly hasAudio?: boolean;
}

/** A stream of video, with audio unless told, and tables before each key frame. */
export function show(muxer: Muxer, options: Show): Uint8Array {
  const { frames, group, frameTicks, isFlagged, fill, startTicks = 0, hasAudio = true } = options;
  const streams: [number, number][] = [[H264, VIDEO_PID]];
  if (hasAudio) streams.push([AAC, AUDIO_PID]);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < frames; i++) {
    const isKey = i % group === 0;
    const ticks = (startTicks + i * frameTicks) % 2 ** 33;
    if (isKey) parts.push(tables(muxer, streams));
    parts.push(
      frame(muxer, { pid: VIDEO_PID, ticks, data: h264(isKey, fill), isFlagged: isKey && isFlagged }),
    );
    if (hasAudio)
      parts.push(frame(muxer, { pid: AUDIO_PID, ticks, data: new Uint8Array(50).fill(i & 0x7f) }));
  }
  return concatBytes(parts);
}
