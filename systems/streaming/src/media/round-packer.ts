/**
 * What waits for its round at the broadcaster: pieces in order, of which each round takes as many as its payload has room
 * for. The queue is bounded by whoever pushes: it looks at `queuedBytes` and stops when there is too much.
 */

import { PACKET_BYTES } from './packet.ts';
import {
  END_BYTES,
  encodePayload,
  MAX_PACKETS,
  MAX_PIECES,
  PACKETS_HEADER_BYTES,
  PAUSE_BYTES,
  PAYLOAD_HEADER_BYTES,
  type Piece,
  START_BYTES,
} from './payload.ts';

/** Packets are gathered in blocks of this many. */
const BLOCK_PACKETS = 348;

interface Block {
  readonly type: 'block';
  readonly bytes: Uint8Array;
  /** Bytes of packets that were put in, and that were taken out. */
  filled: number;
  taken: number;
}

type Waiting = Block | Exclude<Piece, { type: 'packets' }>;

export interface RoundPacker {
  readonly queue: Waiting[];
  /** Of packets. */
  queuedBytes: number;
}

/** A payload that holds less than this carries nothing. */
export const MIN_PAYLOAD_BYTES = PAYLOAD_HEADER_BYTES + START_BYTES + PACKETS_HEADER_BYTES + PACKET_BYTES;

export const createRoundPacker = (): RoundPacker => ({ queue: [], queuedBytes: 0 });

/** Packets are copied. */
export function enqueue(packer: RoundPacker, piece: Piece): void {
  if (piece.type !== 'packets') {
    packer.queue.push(piece);
    return;
  }
  for (let at = 0; at < piece.bytes.length; at += PACKET_BYTES) {
    const block = blockFor(packer);
    block.bytes.set(piece.bytes.subarray(at, at + PACKET_BYTES), block.filled);
    block.filled += PACKET_BYTES;
  }
  packer.queuedBytes += piece.bytes.length;
}

function blockFor(packer: RoundPacker): Block {
  const last = packer.queue.at(-1);
  if (last?.type === 'block' && last.filled < last.bytes.length) return last;
  const bytes = new Uint8Array(BLOCK_PACKETS * PACKET_BYTES);
  const block: Block = { type: 'block', bytes, filled: 0, taken: 0 };
  packer.queue.push(block);
  return block;
}

/** The payload of the next round, of at most `maxBytes` (>= MIN_PAYLOAD_BYTES); what has no room stays. */
export function takePayload(packer: RoundPacker, maxBytes: number, targetS: number): Uint8Array {
  const pieces: Piece[] = [];
  let room = maxBytes - PAYLOAD_HEADER_BYTES;
  let done = 0;
  while (done < packer.queue.length && pieces.length < MAX_PIECES) {
    const next = packer.queue[done];
    if (next === undefined) break;
    if (next.type === 'block') {
      const taken = takePackets(packer, done, room - PACKETS_HEADER_BYTES);
      if (taken.bytes.length > 0) pieces.push({ type: 'packets', bytes: taken.bytes });
      room -= PACKETS_HEADER_BYTES + taken.bytes.length;
      done = taken.done;
      // A block that is not empty has found no room.
      if (packer.queue[done]?.type === 'block') break;
    } else {
      room -= sizeOf(next);
      if (room < 0) break;
      pieces.push(next);
      done++;
    }
  }
  packer.queue.splice(0, done);
  return encodePayload({ targetS, pieces });
}

/** Packets of consecutive blocks from `first` on, as many as fit, and the first block that is left. */
function takePackets(packer: RoundPacker, first: number, room: number): { bytes: Uint8Array; done: number } {
  let left = Math.min(MAX_PACKETS, Math.max(0, Math.floor(room / PACKET_BYTES))) * PACKET_BYTES;
  const parts: Uint8Array[] = [];
  let done = first;
  for (; done < packer.queue.length; done++) {
    const block = packer.queue[done];
    if (block?.type !== 'block') break;
    const size = Math.min(left, block.filled - block.taken);
    if (size > 0) parts.push(block.bytes.subarray(block.taken, block.taken + size));
    block.taken += size;
    left -= size;
    packer.queuedBytes -= size;
    if (block.taken < block.filled) break;
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, done };
}

function sizeOf(piece: Exclude<Piece, { type: 'packets' }>): number {
  switch (piece.type) {
    case 'start':
      return START_BYTES;
    case 'pause':
      return PAUSE_BYTES;
    case 'end':
      return END_BYTES;
    default: {
      const never: never = piece;
      return never;
    }
  }
}
