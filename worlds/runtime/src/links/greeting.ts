/**
 * The first bytes on a link, each way, after the TLS handshake: who I am and whom I take you for. In TLS 1.3 a client
 * is done before the server has judged its certificate; the server's greeting tells it that it was accepted.
 *
 * Where either may call, the caller greets last: its greeting says that it wants this link and no other.
 *
 *   u32 magic 'CCLK' | u32 from | u32 to
 */

import type { Socket } from 'node:net';
import type { NodeId } from '@concordat/kernel';

const MAGIC = 0x43434c4b;
const GREETING_BYTES = 12;

function encodeGreeting(from: NodeId, to: NodeId): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(from, 4);
  bytes.writeUInt32BE(to, 8);
  return bytes;
}

/** Greets and waits to be greeted. */
export function greet(socket: Socket, self: NodeId, peer: NodeId, done: (rest: Buffer) => void): void {
  awaitGreeting(socket, self, peer, done);
  sayGreeting(socket, self, peer);
}

export const sayGreeting = (socket: Socket, self: NodeId, peer: NodeId): void =>
  void socket.write(encodeGreeting(self, peer));

/**
 * Waits to be greeted; then calls `done` with the bytes that came after, and takes its own listeners off the socket. A
 * wrong greeting destroys the socket. Whoever calls it bounds the time.
 */
export function awaitGreeting(
  socket: Socket,
  self: NodeId,
  peer: NodeId,
  done: (rest: Buffer) => void,
): void {
  const expected = encodeGreeting(peer, self);
  let received = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    if (received.length < GREETING_BYTES) return;
    socket.off('data', onData);
    if (received.subarray(0, GREETING_BYTES).equals(expected)) done(received.subarray(GREETING_BYTES));
    else socket.destroy();
  };
  socket.on('data', onData);
}
