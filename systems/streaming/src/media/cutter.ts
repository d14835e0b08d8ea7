/**
 * Where segments begin: decided once, by the broadcaster, and told to peers as marks. A segment begins with the tables and,
 * if there is video, a key frame, so that it plays by itself; it ends at the first key frame after the target, and without
 * one at the longest. Time is that of the reference stream's decoding, on a line that only goes forwards.
 *
 * Frames are cut at the packet in which a frame of the reference stream begins. Audio that is under way there goes on in
 * the next segment: players read them in order.
 */

import { assert } from '@concordat/kernel';
import { concatBytes } from '@concordat/wire';
import { judgeFrame, MAX_PROBE_BYTES } from './access-point.ts';
import {
  type Continuity,
  createContinuity,
  follows,
  NULL_PID,
  PAT_PID,
  readPacket,
  type TsPacket,
} from './packet.ts';
import { MAX_DATE_MS, type Piece } from './payload.ts';
import { readPesHeader } from './pes.ts';
import {
  createProgramTables,
  type Program,
  type ProgramTables,
  readTables,
  tablePackets,
} from './program.ts';
import { TICKS_PER_SECOND, ticksBetween, ticksOfMs } from './ticks.ts';

export interface CutterOptions {
  readonly targetMs: number;
  /** At most MAX_LONGEST_MS. A segment gets this long only if no key frame comes. */
  readonly longestMs: number;
  /** Of the first segment. A broadcaster that begins anew goes on behind what it has used: peers ignore numbers that go back. */
  readonly firstNumber: number;
  /** Ends a segment whose frames do not come. */
  readonly maxSegmentBytes: number;
}

/** Twice this and a second is MAX_TARGET_S, the longest that a payload can tell. */
export const MAX_LONGEST_MS = 50_000;

export const CUTTER_DEFAULTS: CutterOptions = {
  targetMs: 2000,
  // Above the 250 frames between key frames that x264 makes unless told, at 25 frames per second.
  longestMs: 12_000,
  firstNumber: 0,
  maxSegmentBytes: 32 * 1024 * 1024,
};

/** Frame rates that are no whole number make key frames a little early. */
const EARLY = 0.9;
/** Time stamps that go back by more than frames are reordered. */
const MAX_BACK_TICKS = TICKS_PER_SECOND;
/** How far the broadcaster's clock and the stream's may drift apart before the clock is right again. */
const MAX_DRIFT_MS = 2000;
/** Packets that wait until it is known what frame they belong to. */
const MAX_HELD_PACKETS = 512;

/** A frame whose kind is not known yet, and everything since it began. */
interface Probe {
  readonly packets: Uint8Array[];
  readonly data: Uint8Array[];
  dataBytes: number;
}

export interface Cutter {
  readonly options: CutterOptions;
  readonly tables: ProgramTables;
  continuity: Continuity;
  /** Of the last frame, as its 33 bits; null if the next cannot be compared with it. */
  lastStamp: number | null;
  /** Where the last frame lies on the time line. */
  clockTicks: number;
  /** Between the last two frames. */
  frameTicks: number;
  segment: { readonly startTicks: number; sizeBytes: number } | null;
  /** Since when a key frame is waited for. */
  seekingTicks: number | null;
  nextNumber: number;
  isDiscontinuous: boolean;
  probe: Probe | null;
  anchor: { readonly atTicks: number; readonly wallMs: number } | null;
  /** The longest segment so far, at least the target, in whole seconds. */
  targetS: number;
  /** Packets that the sender marked as broken, and packets of the program that no segment has: before a key frame, or too many. */
  brokenPackets: number;
  droppedPackets: number;
}

export type Emit = (piece: Piece) => void;

export function createCutter(options: CutterOptions): Cutter {
  const { targetMs, longestMs } = options;
  assert(
    targetMs >= 100 && targetMs <= longestMs && longestMs <= MAX_LONGEST_MS,
    'segment lengths are in order',
  );
  return {
    options,
    tables: createProgramTables(),
    continuity: createContinuity(),
    lastStamp: null,
    clockTicks: 0,
    frameTicks: 0,
    segment: null,
    seekingTicks: null,
    nextNumber: options.firstNumber,
    isDiscontinuous: options.firstNumber > 0,
    probe: null,
    anchor: null,
    targetS: Math.max(1, Math.round(targetMs / 1000)),
    brokenPackets: 0,
    droppedPackets: 0,
  };
}

/** Takes the next packet; `nowMs` is the broadcaster's clock, UTC. Emitted packets are good until the caller reuses `bytes`. */
export function pushPacket(cutter: Cutter, bytes: Uint8Array, nowMs: number, emit: Emit): void {
  const packet = readPacket(bytes);
  if (packet.pid === NULL_PID) return;
  if (packet.isErroneous) {
    cutter.brokenPackets++;
    return;
  }
  if (!follows(cutter.continuity, packet)) return;
  const { tables } = cutter;
  if (packet.pid === PAT_PID || packet.pid === tables.place?.pmtPid) {
    const had = tables.program;
    if (readTables(tables, packet) && had !== null) interrupt(cutter, emit);
    return;
  }
  const { program } = tables;
  if (program === null || !program.pids.has(packet.pid)) return;
  if (packet.pid === program.referencePid) onReference(cutter, program, packet, nowMs, emit);
  else keep(cutter, bytes, emit);
}

/**
 * What comes next does not go on from what came: the publisher is gone, or so much had to be dropped. Ends the segment; the
 * next one will be a discontinuity.
 */
export function interrupt(cutter: Cutter, emit: Emit): void {
  release(cutter, emit);
  cutter.continuity = { last: new Map(), breaks: cutter.continuity.breaks };
  cutter.lastStamp = null;
  cutter.anchor = null;
  cutter.seekingTicks = null;
  cutter.clockTicks += cutter.frameTicks;
  cutter.frameTicks = 0;
  if (cutter.nextNumber > 0) cutter.isDiscontinuous = true;
  const { segment } = cutter;
  if (segment === null) return;
  cutter.clockTicks = Math.max(cutter.clockTicks, segment.startTicks);
  endAt(cutter, segment.startTicks);
  emit({ type: 'pause', atTicks: cutter.clockTicks });
}

/** Another publisher may have another program. */
export function forgetProgram(cutter: Cutter): void {
  cutter.tables.place = null;
  cutter.tables.program = null;
}

function onReference(cutter: Cutter, program: Program, packet: TsPacket, nowMs: number, emit: Emit): void {
  const header = readPesHeader(packet);
  if (header === null) {
    if (cutter.probe === null) return keep(cutter, packet.bytes, emit);
    // A packet that begins something without a time stamp ends the frame all the same.
    if (packet.isStart) release(cutter, emit);
    return probe(cutter, program, packet, packet.payloadAt, nowMs, emit);
  }
  release(cutter, emit);
  onFrame(cutter, header.decodeTicks, emit);
  if (isOverdue(cutter)) return begin(cutter, program, packet.bytes, packet.isRandomAccess, nowMs, emit);
  if (!isDue(cutter)) return keep(cutter, packet.bytes, emit);
  if (packet.isRandomAccess || !program.isVideo)
    return begin(cutter, program, packet.bytes, true, nowMs, emit);
  if (program.codec === null) return keep(cutter, packet.bytes, emit);
  cutter.probe = { packets: [], data: [], dataBytes: 0 };
  probe(cutter, program, packet, header.dataAt, nowMs, emit);
}

/** Moves the clock to a frame, or sees that time has jumped. */
function onFrame(cutter: Cutter, stamp: number, emit: Emit): void {
  const { lastStamp } = cutter;
  const ticks = lastStamp === null ? 0 : ticksBetween(lastStamp, stamp);
  if (ticks < -MAX_BACK_TICKS || ticks > ticksOfMs(cutter.options.longestMs) + TICKS_PER_SECOND)
    interrupt(cutter, emit);
  else {
    cutter.clockTicks += ticks;
    if (ticks > 0) cutter.frameTicks = ticks;
  }
  cutter.lastStamp = stamp;
  if (cutter.segment === null) cutter.seekingTicks ??= cutter.clockTicks;
}

const since = (cutter: Cutter): number =>
  cutter.clockTicks - (cutter.segment?.startTicks ?? cutter.seekingTicks ?? cutter.clockTicks);

const isOverdue = (cutter: Cutter): boolean => since(cutter) >= ticksOfMs(cutter.options.longestMs);

const isDue = (cutter: Cutter): boolean =>
  cutter.segment === null || since(cutter) >= EARLY * ticksOfMs(cutter.options.targetMs);

/** Looks further into a frame that may be a key frame. */
function probe(
  cutter: Cutter,
  program: Program,
  packet: TsPacket,
  dataAt: number,
  nowMs: number,
  emit: Emit,
): void {
  const held = cutter.probe;
  if (held === null || program.codec === null) return keep(cutter, packet.bytes, emit);
  // A copy: the frame may end in a later chunk.
  held.packets.push(packet.bytes.slice());
  const data = packet.bytes.slice(dataAt);
  held.data.push(data);
  held.dataBytes += data.length;
  const verdict = judgeFrame(program.codec, concatBytes(held.data));
  if (verdict === 'unknown' && held.dataBytes < MAX_PROBE_BYTES) return;
  if (verdict !== 'access-point') return release(cutter, emit);
  const [first, ...others] = held.packets;
  cutter.probe = null;
  if (first !== undefined) begin(cutter, program, first, true, nowMs, emit);
  for (const bytes of others) keep(cutter, bytes, emit);
}

/** The frame that is looked into begins no segment. */
function release(cutter: Cutter, emit: Emit): void {
  const held = cutter.probe?.packets ?? [];
  cutter.probe = null;
  for (const bytes of held) keep(cutter, bytes, emit);
}

/** A packet for the segment that is open. */
function keep(cutter: Cutter, bytes: Uint8Array, emit: Emit): void {
  const { probe: held, segment } = cutter;
  if (held !== null) {
    held.packets.push(bytes.slice());
    if (held.packets.length > MAX_HELD_PACKETS) release(cutter, emit);
  } else if (segment === null) cutter.droppedPackets++;
  else if (segment.sizeBytes + bytes.length > cutter.options.maxSegmentBytes) {
    interrupt(cutter, emit);
    cutter.droppedPackets++;
  } else {
    segment.sizeBytes += bytes.length;
    emit({ type: 'packets', bytes });
  }
}

/** Begins a segment with the tables and the packet in which its first frame begins. */
function begin(
  cutter: Cutter,
  program: Program,
  bytes: Uint8Array,
  isKeyFrame: boolean,
  nowMs: number,
  emit: Emit,
): void {
  if (cutter.segment !== null) endAt(cutter, cutter.segment.startTicks);
  const atTicks = cutter.clockTicks;
  const { isDiscontinuous, nextNumber: number } = cutter;
  emit({
    type: 'start',
    number,
    atTicks,
    programDateTimeMs: dateAt(cutter, nowMs),
    isKeyFrame,
    isDiscontinuous,
  });
  cutter.nextNumber++;
  cutter.isDiscontinuous = false;
  cutter.seekingTicks = null;
  cutter.segment = { startTicks: atTicks, sizeBytes: 0 };
  for (const table of tablePackets(cutter.tables, program)) keep(cutter, table, emit);
  keep(cutter, bytes, emit);
}

function endAt(cutter: Cutter, startTicks: number): void {
  const seconds = Math.round((cutter.clockTicks - startTicks) / TICKS_PER_SECOND);
  cutter.targetS = Math.max(cutter.targetS, seconds);
  cutter.segment = null;
}

/** What the broadcaster's clock showed at this place of the time line: by the stream's own clock, while the two agree. */
function dateAt(cutter: Cutter, nowMs: number): number {
  const { anchor, clockTicks } = cutter;
  const told = anchor === null ? null : anchor.wallMs + Math.round((clockTicks - anchor.atTicks) / 90);
  if (told !== null && Math.abs(told - nowMs) <= MAX_DRIFT_MS) return told;
  const wallMs = Math.min(MAX_DATE_MS, Math.max(0, Math.round(nowMs)));
  cutter.anchor = { atTicks: clockTicks, wallMs };
  return wallMs;
}
