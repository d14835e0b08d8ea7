/**
 * What a caller shows who may be unknown: right after the TLS handshake, before anything else is said. What it is worth is for the
 * process's edge to say; here it is only bounded. Whoever is called greets first, so nothing comes behind it.
 *
 *   u16 bytes | introduction
 */

import type { TLSSocket } from 'node:tls';

export const INTRODUCTION_MAX_BYTES = 2048;
const LENGTH_BYTES = 2;

export function introduce(socket: TLSSocket, introduction: Uint8Array): void {
  const framed = Buffer.alloc(LENGTH_BYTES + introduction.length);
  framed.writeUInt16BE(introduction.length, 0);
  framed.set(introduction, LENGTH_BYTES);
  socket.write(framed);
}

/** Calls `done` with what it is, or with null if it is malformed. Whoever calls it bounds the time. */
export function awaitIntroduction(socket: TLSSocket, done: (introduction: Uint8Array | null) => void): void {
  let received = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    if (received.length < LENGTH_BYTES) return;
    const size = received.readUInt16BE(0);
    const isTooLarge = size > INTRODUCTION_MAX_BYTES || received.length > LENGTH_BYTES + size;
    if (!isTooLarge && received.length < LENGTH_BYTES + size) return;
    socket.off('data', onData);
    done(isTooLarge ? null : new Uint8Array(received.subarray(LENGTH_BYTES)));
  };
  socket.on('data', onData);
}
