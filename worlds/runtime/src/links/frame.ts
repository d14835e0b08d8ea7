/**
 * Frames between members, as they lie in the TLS stream. One frame carries what one peer is sent by one turn; a frame
 * without messages keeps the link alive.
 *
 *   frame:   u32 payload bytes (at most MAX_FRAME_BYTES, or what the links agree on) | message ...
 *   message: u32 bytes | what the process's codec wrote
 */

import { assert, MAX_FRAME_BYTES } from '@concordat/kernel';
import { LENGTH_BYTES } from '../framing.ts';

export const KEEP_ALIVE = new Uint8Array(LENGTH_BYTES);
/** A frame of one empty message, which no process sends: nothing follows it on this link. */
export const GOODBYE = new Uint8Array([0, 0, 0, LENGTH_BYTES, 0, 0, 0, 0]);

export const isGoodbye = (payload: Uint8Array): boolean =>
  payload.length === LENGTH_BYTES && payload.every((byte) => byte === 0);

/** PERF: what all peers are sent is put together once. */
let last: {
  readonly messages: readonly Uint8Array[];
  readonly maxBytes: number;
  readonly block: Buffer;
} | null = null;

/** One block of bytes holding all messages, in as few frames of at most `maxBytes` of payload as their sizes allow. */
export function encodeFrames(
  messages: readonly Uint8Array[],
  payloadBytes: number,
  maxBytes = MAX_FRAME_BYTES,
): Buffer {
  if (last !== null && last.maxBytes === maxBytes && areSame(last.messages, messages)) return last.block;
  last = { messages, maxBytes, block: encodeAll(messages, payloadBytes, maxBytes) };
  return last.block;
}

const areSame = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((message, i) => message === b[i]);

function encodeAll(messages: readonly Uint8Array[], payloadBytes: number, maxBytes: number): Buffer {
  if (payloadBytes <= maxBytes) return encodeFrame(messages, payloadBytes);
  const frames: Buffer[] = [];
  let start = 0;
  let bytes = 0;
  messages.forEach((message, index) => {
    const size = LENGTH_BYTES + message.length;
    if (bytes + size > maxBytes) {
      frames.push(encodeFrame(messages.slice(start, index), bytes));
      start = index;
      bytes = 0;
    }
    bytes += size;
  });
  frames.push(encodeFrame(messages.slice(start), bytes));
  return Buffer.concat(frames);
}

function encodeFrame(messages: readonly Uint8Array[], payloadBytes: number): Buffer {
  const block = Buffer.allocUnsafe(LENGTH_BYTES + payloadBytes);
  block.writeUInt32BE(payloadBytes, 0);
  let at = LENGTH_BYTES;
  for (const message of messages) {
    block.writeUInt32BE(message.length, at);
    block.set(message, at + LENGTH_BYTES);
    at += LENGTH_BYTES + message.length;
  }
  assert(at === block.length, 'a frame is exactly as long as its messages');
  return block;
}

/** The messages of a frame's payload, as views; null unless they fill it exactly and none is empty. */
export function decodeFrame(payload: Uint8Array): readonly Uint8Array[] | null {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const messages: Uint8Array[] = [];
  let at = 0;
  while (at < payload.length) {
    if (payload.length - at < LENGTH_BYTES) return null;
    const end = at + LENGTH_BYTES + view.getUint32(at);
    if (end > payload.length || end === at + LENGTH_BYTES) return null;
    messages.push(payload.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return messages;
}
