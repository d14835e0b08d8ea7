/**
 * Transport packets over TCP (`ffmpeg -f mpegts tcp://...`): one connection at a time. A browser can be made to send
 * anything in the body of an HTTP request to a local port; so a connection that begins like HTTP is refused.
 */

import { createServer, type Socket } from 'node:net';
import { type Endpoint, listenTcp } from '../listening.ts';
import type { Intake } from './intake.ts';
import type { OpenSource } from './source.ts';

/** Rejects like `listenTcp`. A publisher that is silent for `idleMs` is gone. */
export async function openTcp(endpoint: Endpoint, idleMs: number, intake: Intake): Promise<OpenSource> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const from = `${socket.remoteAddress}:${socket.remotePort}`;
    let isPublisher = false;
    let why = 'it closed the connection';
    sockets.add(socket);
    socket.on('error', () => {});
    socket.setTimeout(idleMs, () => {
      why = `it was silent for ${idleMs} ms`;
      socket.destroy();
    });
    socket.on('data', (chunk: Uint8Array) => {
      // Who only connects publishes nothing, and keeps nobody else from it.
      if (!isPublisher) {
        if (isHttp(chunk)) intake.refuse(from, 'it speaks HTTP');
        else isPublisher = intake.join(from);
      }
      if (isPublisher) intake.bytes(chunk);
      else socket.destroy();
    });
    socket.on('close', () => {
      sockets.delete(socket);
      if (isPublisher) intake.leave(why);
    });
  });
  server.maxConnections = 16;
  const bound = await listenTcp(server, endpoint, 'publishers');
  return {
    endpoint: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const isHttp = (chunk: Uint8Array): boolean =>
  /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PRI) /.test(
    String.fromCharCode(...chunk.subarray(0, 8)),
  );
