/**
 * Segments out of the payloads of consecutive rounds: the same bytes, numbers and times at every peer that has the rounds.
 * A round that is missing, or whose payload is malformed, costs exactly the segments that it may have touched: from the one
 * that was open to the next start. Never throws, and keeps one open segment of bounded size.
 */

import { concatBytes } from '@concordat/wire';
import { decodePayload, type StartPiece } from './payload.ts';
import { TICKS_PER_SECOND } from './ticks.ts';

export interface Segment {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly durationTicks: number;
  readonly programDateTimeMs: number;
  readonly isKeyFrame: boolean;
  readonly isDiscontinuous: boolean;
}

export interface AssemblerSink {
  segment(segment: Segment): void;
  /** So many segments from `first` on cannot be had; a liar may claim any number of them. */
  gap(first: number, count: number): void;
  /** Packets as they come, for who does not want segments; the first of a segment say so. */
  packets(bytes: Uint8Array, isFirst: boolean): void;
  ended(): void;
}

export interface AssemblerLimits {
  readonly maxSegmentBytes: number;
}

export interface Assembler {
  readonly limits: AssemblerLimits;
  open: {
    readonly start: StartPiece;
    readonly parts: Uint8Array[];
    sizeBytes: number;
    isBroken: boolean;
  } | null;
  /** Of the last segment that began. */
  lastNumber: number | null;
  targetS: number;
  isEnded: boolean;
  /** Payloads that were malformed. */
  malformed: number;
}

export const createAssembler = (limits: AssemblerLimits): Assembler => ({
  limits,
  open: null,
  lastNumber: null,
  targetS: 1,
  isEnded: false,
  malformed: 0,
});

/** The next round; null if it cannot be had. */
export function assembleRound(assembler: Assembler, bytes: Uint8Array | null, sink: AssemblerSink): void {
  if (assembler.isEnded) return;
  const payload = bytes === null ? null : decodePayload(bytes);
  if (payload === null) {
    if (bytes !== null) assembler.malformed++;
    breakOpen(assembler);
    return;
  }
  assembler.targetS = Math.max(assembler.targetS, payload.targetS);
  for (const piece of payload.pieces) {
    switch (piece.type) {
      case 'start':
        onStart(assembler, piece, sink);
        break;
      case 'packets':
        onPackets(assembler, piece.bytes, sink);
        break;
      case 'pause':
        onPause(assembler, piece.atTicks, sink);
        break;
      case 'end':
        assembler.isEnded = true;
        sink.ended();
        break;
      default: {
        const never: never = piece;
        return never;
      }
    }
  }
}

function breakOpen(assembler: Assembler): void {
  const { open } = assembler;
  if (open === null) return;
  open.isBroken = true;
  open.parts.length = 0;
}

function onStart(assembler: Assembler, start: StartPiece, sink: AssemblerSink): void {
  const { open, lastNumber } = assembler;
  // An honest broadcaster counts on; what goes back would take the name of what others have already.
  if (lastNumber !== null && start.number <= lastNumber) return breakOpen(assembler);
  if (lastNumber !== null) {
    const isWhole = open !== null && isGood(assembler);
    if (isWhole) close(assembler, start.atTicks - open.start.atTicks, sink);
    const first = open === null || isWhole ? lastNumber + 1 : open.start.number;
    if (first < start.number) sink.gap(first, start.number - first);
  }
  assembler.open = { start, parts: [], sizeBytes: 0, isBroken: false };
  assembler.lastNumber = start.number;
}

function onPackets(assembler: Assembler, bytes: Uint8Array, sink: AssemblerSink): void {
  const { open, limits } = assembler;
  if (open === null || open.isBroken) return;
  if (open.sizeBytes + bytes.length > limits.maxSegmentBytes) return breakOpen(assembler);
  sink.packets(bytes, open.sizeBytes === 0);
  open.parts.push(bytes);
  open.sizeBytes += bytes.length;
}

function onPause(assembler: Assembler, atTicks: number, sink: AssemblerSink): void {
  const { open } = assembler;
  // If rounds are missing, this may be the end of another segment: the next start will tell.
  if (open === null || open.isBroken) return;
  if (isGood(assembler)) close(assembler, atTicks - open.start.atTicks, sink);
  else sink.gap(open.start.number, 1);
  assembler.open = null;
}

const isGood = ({ open }: Assembler): boolean => open !== null && !open.isBroken && open.sizeBytes > 0;

function close(assembler: Assembler, ticks: number, sink: AssemblerSink): void {
  const { open } = assembler;
  if (open === null) return;
  const { number, programDateTimeMs, isKeyFrame, isDiscontinuous } = open.start;
  const durationTicks = boundedTicks(assembler, ticks);
  const bytes = concatBytes(open.parts);
  sink.segment({ number, bytes, durationTicks, programDateTimeMs, isKeyFrame, isDiscontinuous });
}

/** So that, rounded to seconds, nothing is longer than the target that players were told. */
const boundedTicks = ({ targetS }: Assembler, ticks: number): number =>
  Math.min(Math.max(0, ticks), (targetS + 0.5) * TICKS_PER_SECOND - 1);
