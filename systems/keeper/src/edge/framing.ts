/**
 * ZooKeeper's framing of a TCP stream: a 32-bit length before every frame, except that a connection may begin with a
 * four-letter word instead. A length beyond the bound (jute.maxbuffer) ends the connection before anything is kept for
 * it, so a peer can make us hold one frame at most.
 */

import { copyOf } from '@concordat/wire';
import type { GatewayMessage } from '../gateway/message.ts';
import { MAX_FRAME_PAYLOAD_BYTES } from '../jute/protocol.ts';

export interface Splitter {
  /** Takes the next bytes of the stream and emits what they complete; false if the peer must be cut off. */
  push(chunk: Uint8Array, emit: (message: GatewayMessage) => void): boolean;
}

export interface Framing {
  readonly maxFrameBytes: number;
  createSplitter(): Splitter;
  /** The bytes of a message for the stream. */
  encode(message: GatewayMessage): Uint8Array;
}

const LENGTH_BYTES = 4;
const EMPTY = new Uint8Array(0);

export function createFraming(maxFrameBytes: number = MAX_FRAME_PAYLOAD_BYTES): Framing {
  return { maxFrameBytes, createSplitter: () => createSplitter(maxFrameBytes), encode };
}

function encode(message: GatewayMessage): Uint8Array {
  if (message.type === 'client-raw') return message.bytes;
  if (message.type === 'client-word') return Uint8Array.from(message.word, (letter) => letter.charCodeAt(0));
  const { bytes } = message;
  const framed = new Uint8Array(LENGTH_BYTES + bytes.length);
  new DataView(framed.buffer).setUint32(0, bytes.length);
  framed.set(bytes, LENGTH_BYTES);
  return framed;
}

/** The word that four bytes spell in lower-case letters, or null. */
function wordOf(bytes: Uint8Array): string | null {
  const letters = String.fromCharCode(...bytes.subarray(0, LENGTH_BYTES));
  return /^[a-z]{4}$/.test(letters) ? letters : null;
}

function createSplitter(maxFrameBytes: number): Splitter {
  let isFirst = true;
  /** The beginning of a frame, in pieces, so that a frame that trickles in is not copied over and over. */
  let pieces: Uint8Array[] = [];
  let held = 0;
  /** How many bytes the next step needs. */
  let needed = LENGTH_BYTES;
  let isOver = false;

  const joined = (chunk: Uint8Array): Uint8Array => {
    if (held === 0) return chunk;
    const whole = new Uint8Array(held + chunk.length);
    let at = 0;
    for (const piece of [...pieces, chunk]) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  };

  /** Emits the frames of `bytes` and returns where the unfinished rest begins; -1 when the peer must be cut off. */
  const split = (bytes: Uint8Array, emit: (message: GatewayMessage) => void): number => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (bytes.length - at >= LENGTH_BYTES) {
      const size = view.getInt32(at);
      if (size < 0 || size > maxFrameBytes) {
        const word = isFirst ? wordOf(bytes) : null;
        if (word === null) return -1;
        emit({ type: 'client-word', word });
        isOver = true;
        return bytes.length;
      }
      needed = LENGTH_BYTES + size;
      if (bytes.length - at < needed) return at;
      // A copy: the message outlives the socket's buffer.
      emit({ type: 'client-frame', bytes: copyOf(bytes, at + LENGTH_BYTES, at + needed) });
      at += needed;
      needed = LENGTH_BYTES;
      isFirst = false;
    }
    return at;
  };

  return {
    push: (chunk, emit) => {
      // After a word nothing more is listened to; the answer closes the connection.
      if (isOver) return true;
      if (held + chunk.length < needed) {
        pieces.push(chunk.slice());
        held += chunk.length;
        return true;
      }
      const bytes = joined(chunk);
      const at = split(bytes, emit);
      const rest = at < 0 ? EMPTY : bytes.slice(at);
      pieces = rest.length > 0 ? [rest] : [];
      held = rest.length;
      if (at < 0) isOver = true;
      return at >= 0;
    },
  };
}
