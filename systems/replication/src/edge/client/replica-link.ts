/**
 * A client's way to one replica: a TCP connection that is made when something is to be sent and made again, with
 * growing pauses, while calls wait. What is lost on the way is sent again by the client protocol, so a link only keeps
 * what a connection under way will take, within a bound.
 */

import { connect, type Socket } from 'node:net';
import type { Message } from '../../order/three-phase/messages.ts';
import { clientFraming } from '../host/client-port.ts';

export interface ReplicaLinkOptions {
  readonly host: string;
  readonly port: number;
  readonly onMessages: (messages: readonly Message[]) => void;
}

export interface ReplicaLink {
  /** Takes a frame for the next flush; drops it when too much waits. */
  queue(frame: Uint8Array): void;
  /** Writes what was queued, at once; calls the replica first if need be. */
  flush(): void;
  close(): void;
}

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 2000;
/** Twice the largest request, with room: a replica that is slow or down must not fill the client's memory. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

export function createReplicaLink({ host, port, onMessages }: ReplicaLinkOptions): ReplicaLink {
  let socket: Socket | null = null;
  let outbox: Uint8Array[] = [];
  let outboxBytes = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let notBefore = 0;
  let isClosed = false;

  return { queue, flush, close };

  function queue(frame: Uint8Array): void {
    if (outboxBytes + frame.length > MAX_WAITING_BYTES || isClosed) return;
    outbox.push(frame);
    outboxBytes += frame.length;
  }

  function flush(): void {
    if (outbox.length === 0 || isClosed) return;
    if (socket === null && performance.now() >= notBefore) socket = dial();
    if (socket === null) return forget();
    // Written while the connection is being made, it waits in the socket.
    if (socket.writableLength <= MAX_WAITING_BYTES) socket.write(Buffer.concat(outbox));
    forget();
  }

  function forget(): void {
    outbox = [];
    outboxBytes = 0;
  }

  function dial(): Socket {
    const made = connect({ host, port, noDelay: true });
    const splitter = clientFraming.createSplitter();
    made.on('connect', () => {
      pauseMs = FIRST_PAUSE_MS;
    });
    made.on('data', (chunk) => {
      const messages: Message[] = [];
      // A plain view: `slice` of a Buffer would be a view where decoders expect a copy.
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      const isValid = splitter.push(bytes, (message) => messages.push(message));
      if (!isValid) made.destroy();
      if (messages.length > 0 && !isClosed) onMessages(messages);
    });
    made.on('error', () => {});
    made.on('close', () => {
      if (socket === made) socket = null;
      notBefore = performance.now() + pauseMs * (0.5 + Math.random() / 2);
      pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2);
    });
    return made;
  }

  function close(): void {
    isClosed = true;
    socket?.destroy();
    forget();
  }
}
