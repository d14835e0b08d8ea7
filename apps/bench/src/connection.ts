/**
 * One connection of a ZooKeeper session: handshake, pipelined requests, replies in order, watch events. Requests of
 * one turn of the event loop leave in one write; replies are read without copying. A connection never reconnects:
 * `session.ts` does, and decides what an unanswered request means.
 */

import { createConnection, type Socket } from 'node:net';
import { createJuteReader, createJuteWriter, type JuteReader, type JuteWriter } from './jute.ts';
import { OP, type WatchEvent, XID } from './protocol.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What a client must show to take up its session again; id 0 asks for a new one. */
export interface SessionKey {
  readonly id: bigint;
  readonly password: Buffer;
  /** The highest zxid that the client has seen: no server may show it an older state. */
  readonly lastZxid: number;
}

export const NEW_SESSION: SessionKey = { id: 0n, password: Buffer.alloc(16), lastZxid: 0 };

export interface ConnectOptions {
  readonly session?: SessionKey;
  readonly sessionTimeoutMs?: number;
  /** The connection fails with ZK_CONNECT when the handshake takes longer. */
  readonly deadlineMs?: number;
  readonly onWatch?: (event: WatchEvent) => void;
  /** The connection is gone; every request without a reply has been answered with `null` before. */
  readonly onClosed?: (reason: string) => void;
}

/** ZK_CONNECT: no server there, or no handshake in time. ZK_EXPIRED: the server refuses the session. */
export class ConnectError extends Error {
  readonly code: 'ZK_CONNECT' | 'ZK_EXPIRED';
  constructor(code: 'ZK_CONNECT' | 'ZK_EXPIRED', message: string) {
    super(message);
    this.code = code;
  }
}

/** Valid until the callback returns. `zxid` is -1 where the server names none. */
export interface Reply {
  error: number;
  zxid: number;
  readonly body: JuteReader;
}

/** `null`: the connection broke first, so the request may or may not have been carried out. */
export type OnReply = (reply: Reply | null) => void;

export interface Connection {
  readonly endpoint: Endpoint;
  readonly sessionId: bigint;
  readonly password: Buffer;
  readonly sessionTimeoutMs: number;
  readonly outstanding: number;
  /** The local port of the socket, by which a system-call trace finds this connection. */
  readonly localPort: number;
  readonly lastZxid: number;
  request(op: number, write: (writer: JuteWriter) => void, done: OnReply): void;
  setWatches(relativeZxid: number, data: string[], exists: string[], children: string[]): void;
  /** Cuts the connection without closing the session. */
  drop(): void;
  /** Closes the session, then the connection. */
  close(): Promise<void>;
}

const PING_DIVISOR = 3;

/** Connects and shakes hands; rejects with a `ConnectError`. */
export function connect(endpoint: Endpoint, options: ConnectOptions = {}): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: endpoint.host, port: endpoint.port, noDelay: true });
    const where = `${endpoint.host}:${endpoint.port}`;
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ConnectError('ZK_CONNECT', `no handshake from ${where} in time`));
    }, options.deadlineMs ?? 10_000);
    const onError = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new ConnectError('ZK_CONNECT', `no connection to ${where}: ${error.message}`));
    };
    const onEnd = (): void => onError(new Error('closed during the handshake'));
    socket.once('error', onError);
    socket.once('close', onEnd);
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', function onHandshake(chunk: Buffer) {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      clearTimeout(timer);
      socket.off('data', onHandshake);
      socket.off('error', onError);
      socket.off('close', onEnd);
      const granted = readHandshake(received);
      if (granted.timeoutMs <= 0 || granted.id === 0n) {
        socket.destroy();
        reject(
          new ConnectError('ZK_EXPIRED', `${where} refuses session ${options.session?.id.toString(16)}`),
        );
      } else resolve(createEstablished(socket, endpoint, options, granted));
    });
    socket.write(handshake(options.session ?? NEW_SESSION, options.sessionTimeoutMs ?? 30_000));
  });
}

interface Granted {
  readonly timeoutMs: number;
  readonly id: bigint;
  readonly password: Buffer;
  /** Bytes that followed the handshake. */
  readonly rest: Buffer;
}

/** The connect request with its length in front. */
export function handshake(session: SessionKey, timeoutMs: number): Buffer {
  const writer = createJuteWriter(128);
  writer.int(0);
  writer.int(0);
  writer.safeLong(session.lastZxid);
  writer.int(timeoutMs);
  writer.long(session.id);
  writer.buffer(session.password);
  writer.bool(false);
  writer.patchInt(0, writer.length - 4);
  let result: Buffer = Buffer.alloc(0);
  writer.take((bytes) => {
    result = bytes;
    return true;
  });
  return result;
}

function readHandshake(received: Buffer): Granted {
  const size = received.readInt32BE(0);
  const reader = createJuteReader();
  reader.point(received, 4, 4 + size);
  reader.int();
  return {
    timeoutMs: reader.int(),
    id: reader.long(),
    password: reader.buffer() ?? Buffer.alloc(0),
    rest: received.subarray(4 + size),
  };
}

function createEstablished(
  socket: Socket,
  endpoint: Endpoint,
  options: ConnectOptions,
  granted: Granted,
): Connection {
  const writer = createJuteWriter();
  const reader = createJuteReader();
  const reply: Reply = { error: 0, zxid: 0, body: reader };
  // Replies come in request order, so a queue with a moving head is all the bookkeeping there is.
  let waiting: OnReply[] = [];
  let head = 0;
  let xid = 0;
  let lastZxid = options.session?.lastZxid ?? 0;
  let pending: Buffer | null = null;
  let isFlushing = false;
  let isReading = false;
  let isOver = false;

  const flush = (): void => {
    isFlushing = false;
    if (isOver || writer.length === 0) return;
    writer.take((bytes) => {
      socket.write(bytes);
      // Nothing queued means that the kernel has taken a copy, so the slab is free again.
      return socket.writableLength > 0;
    });
  };
  const flushSoon = (): void => {
    if (isFlushing || isReading) return;
    isFlushing = true;
    setImmediate(flush);
  };
  const begin = (id: number, op: number): number => {
    const start = writer.length;
    writer.int(0);
    writer.int(id);
    writer.int(op);
    return start;
  };
  const finish = (start: number): void => {
    writer.patchInt(start, writer.length - start - 4);
    flushSoon();
  };
  const onFrame = (bytes: Buffer, start: number, limit: number): void => {
    reader.point(bytes, start, limit);
    const id = reader.int();
    reply.zxid = reader.safeLong();
    reply.error = reader.int();
    if (reply.zxid > lastZxid && id !== XID.notification) lastZxid = reply.zxid;
    if (id >= 0) {
      const done = waiting[head++];
      if (head > 1024 && head * 2 > waiting.length) {
        waiting = waiting.slice(head);
        head = 0;
      }
      if (done === undefined) end('the server answered a request that was never made');
      else done(reply);
    } else if (id === XID.notification) {
      const [type, state] = [reader.int(), reader.int()];
      options.onWatch?.({ type, state, path: reader.string(), zxid: reply.zxid });
    }
  };
  const onData = (chunk: Buffer): void => {
    const bytes = pending === null ? chunk : Buffer.concat([pending, chunk]);
    let at = 0;
    isReading = true;
    while (bytes.length - at >= 4) {
      const size = bytes.readInt32BE(at);
      if (bytes.length - at - 4 < size) break;
      onFrame(bytes, at + 4, at + 4 + size);
      at += 4 + size;
    }
    pending = at < bytes.length ? bytes.subarray(at) : null;
    // Requests made by the callbacks above go out now, in one write.
    isReading = false;
    flush();
  };
  const end = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(ping);
    socket.destroy();
    const unanswered = waiting.slice(head);
    waiting = [];
    head = 0;
    for (const done of unanswered) done(null);
    options.onClosed?.(reason);
  };
  const ping = setInterval(() => finish(begin(XID.ping, OP.ping)), granted.timeoutMs / PING_DIVISOR);

  socket.on('data', onData);
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('closed by the server'));
  if (granted.rest.length > 0) onData(granted.rest);

  const request = (op: number, write: (writer: JuteWriter) => void, done: OnReply): void => {
    if (isOver) {
      setImmediate(done, null);
      return;
    }
    const start = begin(++xid, op);
    write(writer);
    waiting.push(done);
    finish(start);
  };
  return {
    endpoint,
    sessionId: granted.id,
    password: granted.password,
    sessionTimeoutMs: granted.timeoutMs,
    localPort: socket.localPort ?? 0,
    get outstanding() {
      return waiting.length - head;
    },
    get lastZxid() {
      return lastZxid;
    },
    request,
    setWatches: (relativeZxid, data, exists, children) => {
      const start = begin(XID.setWatches, OP.setWatches);
      writer.safeLong(relativeZxid);
      for (const paths of [data, exists, children]) {
        writer.int(paths.length);
        for (const path of paths) writer.string(path);
      }
      finish(start);
    },
    drop: () => end('dropped'),
    close: () =>
      new Promise((resolve) => {
        request(
          OP.closeSession,
          () => {},
          () => {
            end('session closed');
            resolve();
          },
        );
      }),
  };
}
