/**
 * Transport packets over UDP (`ffmpeg -f mpegts udp://...?pkt_size=1316`). Datagrams are taken as they come: what the network
 * loses or turns around shows in the continuity counters and is told, not mended. One sender at a time: its address, until it is
 * silent.
 */

import { createSocket } from 'node:dgram';
import { bindUdp, type Endpoint } from '../listening.ts';
import type { Intake } from './intake.ts';
import type { OpenSource } from './source.ts';

/** A second of 32 Mbit/s; the system may grant less. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

/** Rejects like `bindUdp`. A sender that is silent for `idleMs` is gone. */
export async function openUdp(endpoint: Endpoint, idleMs: number, intake: Intake): Promise<OpenSource> {
  const socket = createSocket({ type: endpoint.host?.includes(':') ? 'udp6' : 'udp4' });
  let sender: string | null = null;
  let refused: string | null = null;
  const silence = setTimeout(() => {
    if (sender === null) return;
    sender = null;
    refused = null;
    intake.leave(`it was silent for ${idleMs} ms`);
  }, idleMs);
  silence.unref();
  socket.on('message', (datagram: Uint8Array, { address, port }) => {
    const from = `${address}:${port}`;
    if (sender === null) {
      if (!intake.join(from)) return;
      sender = from;
    }
    if (sender === from) {
      silence.refresh();
      intake.bytes(datagram);
    } else if (refused !== from) {
      // Told once for each stranger in a row, not for each datagram.
      refused = from;
      intake.refuse(from, `${sender} publishes already`);
    }
  });
  const bound = await bindUdp(socket, endpoint, 'publishers').catch((error: unknown) => {
    clearTimeout(silence);
    throw error;
  });
  socket.on('error', () => {});
  socket.setRecvBufferSize(RECEIVE_BYTES);
  return {
    endpoint: bound,
    close: () =>
      new Promise((resolve) => {
        clearTimeout(silence);
        socket.close(() => resolve());
      }),
  };
}
