/**
 * One accepted connection. An idle one costs its socket and one small record: no timer, no buffer of its own.
 */

import type { Socket } from 'node:net';
import type { NodeId } from '@concordat/kernel';
import type { Framing } from '../framing.ts';
import type { Route } from '../host/departures.ts';
import type { Source } from '../host/inbox.ts';

export interface Connection {
  readonly route: Route;
  readonly stream: Stream;
  /** Leaves what arrives unread for a while. */
  mute(forMs: number): void;
  /** Lets what was sent leave, then closes; resolves when that is done. */
  finish(): Promise<void>;
  destroy(): void;
}

/** The two directions of a connection, for who regulates them. */
export interface Stream {
  /** Stops delivering and reading what arrives, from the next message on and losing nothing; or goes on. */
  hold(isHeld: boolean): void;
  /** Bytes written that the client has not taken; what has not been flushed yet is not among them. */
  readonly unread: number;
}

export interface ConnectionOptions<M> {
  readonly id: NodeId;
  readonly socket: Socket;
  readonly framing: Framing<M>;
  /** The pin of the certificate that the client has shown. */
  readonly peer: string | undefined;
  readonly limits: { readonly inboxBytes: number; readonly outboxBytes: number };
  readonly ready: (source: Source<M>) => void;
  /** The first whole message is there. */
  readonly spoke: () => void;
  readonly dropped: (why: string) => void;
  readonly closed: () => void;
}

/** How long a closing connection's last bytes may take to leave. */
const LINGER_MS = 5000;

interface Received<M> {
  readonly message: M;
  /** Bytes of the stream that came with it: exact for the first message of a chunk, 0 for the others. */
  readonly sizeBytes: number;
}

export function createConnection<M>(options: ConnectionOptions<M>): Connection {
  const { id, socket, limits } = options;
  const splitter = options.framing.createSplitter(options.peer);
  /** Messages, and `true` and `false` for accepted and gone. */
  let inbox: (Received<M> | boolean)[] = [true];
  let inboxBytes = 0;
  let unclaimedBytes = 0;
  let outbox: Uint8Array[] = [];
  let largestBytes = 0;
  let hasSpoken = false;
  let isPaused = false;
  let isHeld = false;
  /** Armed while the connection is muted. */
  let unmuting: NodeJS.Timeout | null = null;
  let isEnding = false;

  const source: Source<M> = {
    deliver: (sink, quantumBytes) => {
      let spent = 0;
      let taken = 0;
      for (const item of inbox) {
        if (spent >= quantumBytes || waits(item)) break;
        taken++;
        if (typeof item === 'boolean') sink.linked(id, item);
        else {
          inboxBytes -= item.sizeBytes;
          if (unmuting !== null) continue;
          spent += item.sizeBytes;
          sink.message(id, item.message);
        }
      }
      inbox = taken === inbox.length ? [] : inbox.slice(taken);
      regulate();
      return spent;
    },
    get isEmpty() {
      return inbox.length === 0 || waits(inbox[0] ?? true);
    },
    isReady: false,
  };
  const route: Route = { queue, flush, end, isTouched: false };

  socket.on('error', () => {});
  socket.on('close', () => {
    if (unmuting !== null) clearTimeout(unmuting);
    // Nothing more will come: what is there is delivered, and that it is gone.
    isHeld = false;
    inbox.push(false);
    options.ready(source);
    options.closed();
  });
  socket.on('data', onData);
  options.ready(source);
  const stream: Stream = {
    hold,
    get unread() {
      return socket.writableLength;
    },
  };
  return { route, stream, mute, finish, destroy: () => socket.destroy() };

  /** Messages of a connection that is held wait; that it is there or gone does not. */
  function waits(item: Received<M> | boolean): boolean {
    return isHeld && typeof item !== 'boolean';
  }

  function hold(holds: boolean): void {
    if (isHeld === holds || (holds && socket.destroyed)) return;
    isHeld = holds;
    regulate();
    if (!source.isEmpty) options.ready(source);
  }

  function mute(forMs: number): void {
    if (unmuting !== null) clearTimeout(unmuting);
    unmuting = forMs === 0 ? null : setTimeout(() => mute(0), forMs).unref();
    regulate();
  }

  /** Reads the socket while there is room and the connection is heard. */
  function regulate(): void {
    const isStopped = unmuting !== null || isHeld;
    if (!isPaused && (inboxBytes > limits.inboxBytes || isStopped)) {
      isPaused = true;
      socket.pause();
    } else if (isPaused && inboxBytes < limits.inboxBytes / 2 && !isStopped) {
      isPaused = false;
      socket.resume();
    }
  }

  function onData(chunk: Buffer): void {
    if (isEnding) return;
    unclaimedBytes += chunk.length;
    // A plain view: `slice` of a Buffer would be a view where decoders expect a copy.
    const isValid = splitter.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length), onMessage);
    if (!isValid) {
      drop('malformed');
      return;
    }
    regulate();
  }

  function onMessage(message: M): void {
    if (!hasSpoken) {
      hasSpoken = true;
      options.spoke();
    }
    const sizeBytes = unclaimedBytes;
    unclaimedBytes = 0;
    if (unmuting !== null) return;
    inbox.push({ message, sizeBytes });
    inboxBytes += sizeBytes;
    options.ready(source);
  }

  function drop(why: string): void {
    options.dropped(why);
    socket.destroy();
  }

  function queue(bytes: Uint8Array): void {
    outbox.push(bytes);
  }

  function flush(): void {
    const first = outbox[0];
    if (first === undefined) return;
    const block = outbox.length === 1 ? first : Buffer.concat(outbox);
    // One message may be larger than all that may wait, or nobody could ask for it; more must wait until it is read.
    if (socket.writableLength <= limits.outboxBytes) {
      largestBytes = outbox.reduce((largest, { length }) => Math.max(largest, length), 0);
    }
    outbox = [];
    if (socket.destroyed || isEnding) return;
    socket.write(block);
    if (socket.writableLength > limits.outboxBytes + largestBytes) drop('overflow');
  }

  function end(): void {
    flush();
    isEnding = true;
    // Not `end`, which would wait for the client to close its side, too.
    socket.destroySoon();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }

  async function finish(): Promise<void> {
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      end();
    });
  }
}
