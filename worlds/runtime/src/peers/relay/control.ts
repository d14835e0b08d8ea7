/** One end of a control link (messages.ts): little is said on it, and an end that says much, or nothing, is dropped. */

import type { Socket } from 'node:net';
import { createLengthSplitter, LENGTH_BYTES } from '../../framing.ts';
import { KEEP_ALIVE } from '../../links/frame.ts';
import { type Claimant, recordsBytes, type Upload } from '../upload.ts';
import { CONTROL_MAX_BYTES, type ControlMessage, decodeControl, encodeControl } from './messages.ts';

export interface Control {
  send(message: ControlMessage): void;
  /** Keeps it alive, or drops it when nothing came for longer than `silentMs`. */
  beat(spanMs: number): void;
  close(): void;
}

export interface ControlOptions {
  /** Greeted; `rest` was already read from it. */
  readonly socket: Socket;
  readonly rest: Buffer;
  readonly upload: Upload;
  readonly silentMs: number;
  readonly onMessage: (message: ControlMessage) => void;
  readonly onClosed: () => void;
}

/** Messages that may wait for the cap, or for the other end to read. */
const WAITING_MAX = 256;

export function createControl(options: ControlOptions): Control {
  const { socket, upload } = options;
  const splitter = createLengthSplitter(CONTROL_MAX_BYTES);
  let waiting: Uint8Array[] = [];
  let silentMs = 0;
  const claimant: Claimant = {
    nextBytes: () => recordsBytes(waiting[0]?.length ?? 0),
    leave: () => {
      const first = waiting.shift();
      if (first !== undefined && !socket.destroyed) socket.write(first);
    },
    isWaiting: false,
    credit: 0,
  };

  socket.setNoDelay(true);
  socket.on('close', () => {
    waiting = [];
    options.onClosed();
  });
  socket.on('data', onData);
  if (options.rest.length > 0) onData(options.rest);
  socket.resume();
  return {
    send: (message) => write(framed(encodeControl(message))),
    beat: (spanMs) => {
      silentMs += spanMs;
      if (silentMs > options.silentMs) socket.destroy();
      else write(KEEP_ALIVE);
    },
    close: () => void socket.destroy(),
  };

  function onData(chunk: Buffer): void {
    silentMs = 0;
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    const isWhole = splitter.push(bytes, (frame) => {
      if (frame.length === 0 || socket.destroyed) return;
      const message = decodeControl(frame);
      if (message === null) socket.destroy();
      else options.onMessage(message);
    });
    if (!isWhole) socket.destroy();
  }

  function write(bytes: Uint8Array): void {
    if (socket.destroyed) return;
    waiting.push(bytes);
    const isStuck = waiting.length > WAITING_MAX || socket.writableLength > WAITING_MAX * CONTROL_MAX_BYTES;
    if (isStuck) socket.destroy();
    else upload.enter(claimant);
  }
}

function framed(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + bytes.length);
  frame[LENGTH_BYTES - 1] = bytes.length;
  frame.set(bytes, LENGTH_BYTES);
  return frame;
}
