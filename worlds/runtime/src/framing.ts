/**
 * How messages lie in a TCP stream, and the most common way: a u32 length, then that many bytes. A splitter holds an
 * incomplete frame as pieces of what has arrived, never as the room its length claims, so ten thousand slow clients
 * cost what they sent, four times over at most.
 */

import { compact } from '@concordat/wire';

/** One port's protocol. One framing may serve many connections; a splitter serves one. */
export interface Framing<M> {
  /** Larger frames are a violation. */
  readonly maxFrameBytes: number;
  /** `peer` is the pin of the certificate whose key the other end has proven to hold, if the port asks for one. */
  createSplitter(peer?: string): Splitter<M>;
  encode(message: M): Uint8Array;
}

export interface Splitter<M> {
  /**
   * Takes the next piece of the stream and emits the messages it completes. False is a violation: the connection is
   * dropped. Messages may be views of `chunk`, which nobody overwrites.
   */
  push(chunk: Uint8Array, emit: (message: M) => void): boolean;
}

export const LENGTH_BYTES = 4;

const readLength = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)) >>>
  0;

/** Splits a stream of u32-length-prefixed frames of at most `maxBytes`; emits what follows the length. */
export function createLengthSplitter(maxBytes: number): Splitter<Uint8Array> {
  /** The pieces of one incomplete frame, with its length field. */
  let pieces: Uint8Array[] = [];
  let heldBytes = 0;
  /** Payload size of the incomplete frame; -1 while its length field is incomplete. */
  let size = -1;

  /** Emits whole frames from `at` on and returns where the first incomplete one starts, or -1. */
  const emitWhole = (chunk: Uint8Array, from: number, emit: (frame: Uint8Array) => void): number => {
    let at = from;
    while (chunk.length - at >= LENGTH_BYTES) {
      const length = readLength(chunk, at);
      if (length > maxBytes) return -1;
      const end = at + LENGTH_BYTES + length;
      if (end > chunk.length) break;
      emit(chunk.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    return at;
  };
  const hold = (piece: Uint8Array): void => {
    pieces.push(compact(piece));
    heldBytes += piece.length;
  };
  /** Adds what the incomplete frame still lacks; returns how much of the chunk that took, or -1. */
  const complete = (chunk: Uint8Array, emit: (frame: Uint8Array) => void): number => {
    let at = 0;
    while (at < chunk.length) {
      const wanted = LENGTH_BYTES + Math.max(0, size) - heldBytes;
      hold(chunk.subarray(at, at + wanted));
      at = Math.min(chunk.length, at + wanted);
      if (size < 0 && heldBytes === LENGTH_BYTES) size = readLength(join(pieces, heldBytes), 0);
      if (size > maxBytes) return -1;
      if (size < 0 || heldBytes < LENGTH_BYTES + size) continue;
      const frame = join(pieces, heldBytes).subarray(LENGTH_BYTES);
      pieces = [];
      heldBytes = 0;
      size = -1;
      emit(frame);
      break;
    }
    return at;
  };
  return {
    push: (chunk, emit) => {
      const start = heldBytes > 0 ? complete(chunk, emit) : 0;
      if (start < 0) return false;
      if (heldBytes > 0) return true;
      const rest = emitWhole(chunk, start, emit);
      if (rest < 0) return false;
      if (rest < chunk.length) {
        hold(chunk.subarray(rest));
        if (heldBytes >= LENGTH_BYTES) size = readLength(chunk, rest);
      }
      return true;
    },
  };
}

function join(pieces: readonly Uint8Array[], totalBytes: number): Uint8Array {
  const whole = new Uint8Array(totalBytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
