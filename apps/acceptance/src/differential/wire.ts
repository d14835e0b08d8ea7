/** One TCP connection to a server, frame by frame, in the order of arrival; it never reconnects and sends no pings. */

import { createConnection } from 'node:net';
import type { Endpoint } from '@concordat/bench';
import { createFraming } from '@concordat/keeper/edge';

/** More than any server here takes in a request, and than a reply that carries such data. */
const MAX_REPLY_BYTES = 4 << 20;

export interface Wire {
  readonly isClosed: boolean;
  /** Frames that came and were not yet taken. */
  readonly inbox: Uint8Array[];
  send(...frames: Uint8Array[]): void;
  /** Resolves once `isEnough`, the connection is closed, or the deadline (then with false) is reached. */
  until(isEnough: () => boolean, deadlineMs: number): Promise<boolean>;
  close(): void;
}

const framing = createFraming(MAX_REPLY_BYTES);

/** Connects; a connection that fails is one that is closed. */
export function createWire(endpoint: Endpoint): Wire {
  const socket = createConnection({ host: endpoint.host, port: endpoint.port, noDelay: true });
  const splitter = framing.createSplitter();
  const inbox: Uint8Array[] = [];
  let isClosed = false;
  let look = (): void => {};
  socket.on('data', (chunk) => {
    const isWellFramed = splitter.push(chunk, (message) => {
      if (message.type === 'client-frame') inbox.push(message.bytes);
    });
    if (!isWellFramed) socket.destroy();
    look();
  });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    isClosed = true;
    look();
  });
  return {
    get isClosed() {
      return isClosed;
    },
    inbox,
    send: (...frames) => {
      socket.write(Buffer.concat(frames.map((bytes) => framing.encode({ type: 'client-frame', bytes }))));
    },
    until: (isEnough, deadlineMs) =>
      new Promise((resolve) => {
        const finish = (isReached: boolean): void => {
          clearTimeout(timer);
          look = () => {};
          resolve(isReached);
        };
        const timer = setTimeout(() => finish(false), deadlineMs);
        look = () => {
          if (isClosed || isEnough()) finish(true);
        };
        look();
      }),
    close: () => {
      isClosed = true;
      socket.destroy();
    },
  };
}
