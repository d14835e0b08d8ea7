/**
 * A client's way to one replica or executor: TLS to the key that its card pins, made when something is to be sent and made
 * again, with growing pauses, while calls wait. What is lost on the way is sent again by the client protocol, so a link only
 * keeps what a connection under way will take, within a bound. Nothing is said to, or believed from, anyone else.
 */

import { connect, type TLSSocket } from 'node:tls';
import { pinOf, type TlsIdentity } from '@concordat/runtime';
import type { Message } from '../../replica/messages.ts';
import { CLIENT_PROTOCOL, clientFraming } from '../host/client-port.ts';

export interface ReplicaLinkOptions {
  readonly host: string;
  readonly port: number;
  /** Hexadecimal SHA-256 of the public key of the replica's certificate. */
  readonly pin: string;
  /** What this client shows when it is asked who it is. */
  readonly tls: TlsIdentity | undefined;
  /**
   * The first frame on every connection, to one who answers what others were sent: so a lost connection is made again without
   * anything to be sent over it.
   */
  readonly greeting?: () => Uint8Array;
  readonly onMessages: (messages: readonly Message[]) => void;
}

export interface ReplicaLink {
  /** Takes a frame for the next flush; drops it when too much waits. */
  queue(frame: Uint8Array): void;
  /** Writes what was queued, at once; calls the replica first if need be. */
  flush(): void;
  /** The last connection was lost or could not be made, and there is no other yet. */
  readonly isDown: boolean;
  close(): void;
}

const HANDSHAKE_MS = 5000;
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 2000;
/** Twice the largest request, with room: a replica that is slow or down must not fill the client's memory. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

export function createReplicaLink(options: ReplicaLinkOptions): ReplicaLink {
  const { host, port, pin, tls, greeting, onMessages } = options;
  let socket: TLSSocket | null = null;
  /** The replica at the other end has proven itself. */
  let isKnown = false;
  let knownAt = 0;
  let outbox: Uint8Array[] = [];
  let outboxBytes = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let notBefore = 0;
  let isDown = false;
  let redialling: NodeJS.Timeout | null = null;
  let isClosed = false;

  return {
    queue,
    flush,
    get isDown() {
      return isDown;
    },
    close,
  };

  function queue(frame: Uint8Array): void {
    if (outboxBytes + frame.length > MAX_WAITING_BYTES || isClosed) return;
    outbox.push(frame);
    outboxBytes += frame.length;
  }

  function flush(): void {
    if (outbox.length === 0 || isClosed) return;
    if (socket === null && performance.now() >= notBefore) socket = dial();
    if (socket !== null && !isKnown) return;
    if (socket !== null && socket.writableLength <= MAX_WAITING_BYTES) socket.write(Buffer.concat(outbox));
    forget();
  }

  function forget(): void {
    outbox = [];
    outboxBytes = 0;
  }

  function dial(): TLSSocket {
    // The pin decides, not an authority.
    const trust = {
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [CLIENT_PROTOCOL],
    } as const;
    const made = connect({ host, port, ...tls, ...trust });
    made.setNoDelay(true);
    const deadline = setTimeout(() => made.destroy(), HANDSHAKE_MS);
    made.on('error', () => {});
    made.on('secureConnect', () => {
      clearTimeout(deadline);
      if (!isReplica(made)) {
        made.destroy();
        return;
      }
      isKnown = true;
      knownAt = performance.now();
      isDown = false;
      listen(made);
      if (greeting !== undefined) made.write(greeting());
      flush();
    });
    made.on('close', () => {
      clearTimeout(deadline);
      socket = null;
      // One that is never answered over, like those to filter nodes, has proven itself by lasting.
      if (isKnown && performance.now() - knownAt >= LAST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
      isKnown = false;
      isDown = true;
      const afterMs = pauseMs * (0.5 + Math.random() / 2);
      notBefore = performance.now() + afterMs;
      if (greeting !== undefined && !isClosed) redialling = setTimeout(redial, afterMs);
      pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2);
      forget();
    });
    return made;
  }

  function redial(): void {
    redialling = null;
    socket ??= dial();
  }

  function isReplica(made: TLSSocket): boolean {
    const certificate = made.getPeerX509Certificate();
    return (
      made.alpnProtocol === CLIENT_PROTOCOL && certificate !== undefined && pinOf(certificate.raw) === pin
    );
  }

  function listen(to: TLSSocket): void {
    const splitter = clientFraming.createSplitter();
    to.on('data', (chunk) => {
      const messages: Message[] = [];
      // A plain view: `slice` of a Buffer would be a view where decoders expect a copy.
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      const isValid = splitter.push(bytes, (message) => messages.push(message));
      if (!isValid) to.destroy();
      // Who only accepts connections and ends them is not called again and again.
      if (messages.length > 0) pauseMs = FIRST_PAUSE_MS;
      if (messages.length > 0 && !isClosed) onMessages(messages);
    });
  }

  function close(): void {
    isClosed = true;
    if (redialling !== null) clearTimeout(redialling);
    socket?.destroy();
    forget();
  }
}
