/**
 * From the bytes of one publisher at a time to the payloads of rounds. Bounded: what does not fit into its round waits for
 * the next; if too much waits, the segment ends there, everything is dropped until the queue is short again, and the
 * stream goes on at the next key frame as a discontinuity.
 */

import {
  type Cutter,
  type CutterOptions,
  createCutter,
  forgetProgram,
  interrupt,
  pushPacket,
} from '../../media/cutter.ts';
import { createPacketSync, pushBytes, resetSync } from '../../media/packet-sync.ts';
import type { Piece } from '../../media/payload.ts';
import { createRoundPacker, enqueue, takePayload } from '../../media/round-packer.ts';

/** What an operator may want to see of the way in. */
export type IngestEvent =
  | { readonly type: 'publisher-joined'; readonly from: string }
  | { readonly type: 'publisher-left'; readonly from: string; readonly why: string }
  /** Somebody else publishes already, or it is no publisher. */
  | { readonly type: 'refused'; readonly from: string; readonly why: string }
  /** More came than the rounds can carry: the stream is cut until the queue is short again. */
  | { readonly type: 'overloaded'; readonly queuedBytes: number }
  | { readonly type: 'recovered'; readonly droppedPackets: number }
  /** Segments that an encoder listed and did not send. */
  | { readonly type: 'missing'; readonly name: string };

export interface IngestStatus {
  readonly publisher: string | null;
  readonly receivedBytes: number;
  /** Bytes that belonged to no transport packet. */
  readonly skippedBytes: number;
  /** Gaps in what came, by its continuity counters. */
  readonly lossEvents: number;
  /** Broken, before the first key frame, or while the queue was too long. */
  readonly droppedPackets: number;
  readonly overloads: number;
  readonly refused: number;
  readonly queuedBytes: number;
  /** The next segment's number. */
  readonly nextSegment: number;
  readonly isWaitingForKeyFrame: boolean;
  readonly isEnded: boolean;
}

export interface IntakeOptions {
  readonly cutter: CutterOptions;
  readonly maxPayloadBytes: number;
  readonly maxQueueBytes: number;
  readonly now: () => number;
  readonly onEvent: (event: IngestEvent) => void;
}

export interface Intake {
  /** False, and told, if another publisher is there. */
  join(from: string): boolean;
  bytes(chunk: Uint8Array): void;
  /** What comes next does not go on from what came, though the publisher is the same. */
  interrupt(): void;
  leave(why: string): void;
  refuse(from: string, why: string): void;
  missing(name: string): void;
  /** The stream is over: its end goes into a round once everything before it has. */
  finish(): void;
  /** The next round's payload. */
  take(): Uint8Array;
  /** True once the end has been taken. */
  readonly isDrained: boolean;
  status(): IngestStatus;
}

export function createIntake(options: IntakeOptions): Intake {
  const cutter = createCutter(options.cutter);
  const sync = createPacketSync();
  const packer = createRoundPacker();
  const counts = { receivedBytes: 0, muted: 0, mutedNow: 0, overloads: 0, refused: 0 };
  let publisher: string | null = null;
  let isMuted = false;
  let isEnded = false;

  const emit = (piece: Piece): void => enqueue(packer, piece);

  const onPacket = (packet: Uint8Array): void => {
    if (isMuted) {
      counts.muted++;
      counts.mutedNow++;
      return;
    }
    pushPacket(cutter, packet, options.now(), emit);
    if (packer.queuedBytes <= options.maxQueueBytes) return;
    interrupt(cutter, emit);
    isMuted = true;
    counts.overloads++;
    counts.mutedNow = 0;
    options.onEvent({ type: 'overloaded', queuedBytes: packer.queuedBytes });
  };

  const refuse = (from: string, why: string): void => {
    counts.refused++;
    options.onEvent({ type: 'refused', from, why });
  };

  const leave = (why: string): void => {
    if (publisher === null) return;
    const from = publisher;
    publisher = null;
    resetSync(sync);
    interrupt(cutter, emit);
    forgetProgram(cutter);
    options.onEvent({ type: 'publisher-left', from, why });
  };

  return {
    join: (from) => {
      if (isEnded || publisher !== null) {
        refuse(from, isEnded ? 'the stream is over' : `${publisher} publishes already`);
        return false;
      }
      publisher = from;
      options.onEvent({ type: 'publisher-joined', from });
      return true;
    },
    bytes: (chunk) => {
      if (isEnded) return;
      counts.receivedBytes += chunk.length;
      pushBytes(sync, chunk, onPacket);
    },
    interrupt: () => {
      resetSync(sync);
      interrupt(cutter, emit);
    },
    leave,
    refuse,
    missing: (name) => options.onEvent({ type: 'missing', name }),
    finish: () => {
      if (isEnded) return;
      leave('the stream is over');
      isEnded = true;
      emit({ type: 'end' });
    },
    take: () => {
      const payload = takePayload(packer, options.maxPayloadBytes, cutter.targetS);
      if (isMuted && packer.queuedBytes <= options.maxPayloadBytes) {
        isMuted = false;
        options.onEvent({ type: 'recovered', droppedPackets: counts.mutedNow });
      }
      return payload;
    },
    get isDrained() {
      return isEnded && packer.queue.length === 0;
    },
    status: () => ({
      publisher,
      receivedBytes: counts.receivedBytes,
      skippedBytes: sync.skippedBytes,
      lossEvents: cutter.continuity.breaks,
      droppedPackets: droppedBy(cutter) + counts.muted,
      overloads: counts.overloads,
      refused: counts.refused,
      queuedBytes: packer.queuedBytes,
      nextSegment: cutter.nextNumber,
      isWaitingForKeyFrame: cutter.segment === null,
      isEnded,
    }),
  };
}

const droppedBy = ({ brokenPackets, droppedPackets }: Cutter): number => brokenPackets + droppedPackets;
