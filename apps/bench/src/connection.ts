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
  /** Ends a connection on which nothing comes for two thirds of the session timeout, as ZooKeeper's clients do. */
  readonly givesUpSilent?: boolean;
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
      } else resolve(new Connection(socket, endpoint, options, granted));
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

/** An established connection; made by `connect`. */
export class Connection {
  readonly endpoint: Endpoint;
  readonly sessionId: bigint;
  readonly password: Buffer;
  readonly sessionTimeoutMs: number;
  /** The local port of the socket, by which a system-call trace finds this connection. */
  readonly localPort: number;
  /** The highest zxid that a reply has named. */
  lastZxid: number;
  readonly #socket: Socket;
  readonly #options: ConnectOptions;
  readonly #ping: NodeJS.Timeout;
  readonly #silence: NodeJS.Timeout | null;
  readonly #writer = createJuteWriter();
  readonly #reader = createJuteReader();
  readonly #reply: Reply = { error: 0, zxid: 0, body: this.#reader };
  // Replies come in request order, so a queue with a moving head is all the bookkeeping there is.
  #waiting: OnReply[] = [];
  #head = 0;
  #xid = 0;
  #pending: Buffer | null = null;
  #isFlushing = false;
  #isReading = false;
  #isOver = false;

  constructor(socket: Socket, endpoint: Endpoint, options: ConnectOptions, granted: Granted) {
    this.endpoint = endpoint;
    this.sessionId = granted.id;
    this.password = granted.password;
    this.sessionTimeoutMs = granted.timeoutMs;
    this.localPort = socket.localPort ?? 0;
    this.lastZxid = options.session?.lastZxid ?? 0;
    this.#socket = socket;
    this.#options = options;
    this.#ping = setInterval(() => {
      this.#finish(this.#begin(XID.ping, OP.ping));
    }, granted.timeoutMs / PING_DIVISOR);
    this.#silence = options.givesUpSilent
      ? setTimeout(() => this.#end('silent'), (2 * granted.timeoutMs) / 3)
      : null;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('closed by the server'));
    if (granted.rest.length > 0) this.#onData(granted.rest);
  }

  get outstanding(): number {
    return this.#waiting.length - this.#head;
  }

  /** Sends a request whose body `write` writes; `done` is called once, never before this returns. */
  request(op: number, write: (writer: JuteWriter) => void, done: OnReply): void {
    if (this.#isOver) {
      setImmediate(done, null);
      return;
    }
    const start = this.#begin(++this.#xid, op);
    write(this.#writer);
    this.#waiting.push(done);
    this.#finish(start);
  }

  /** Registers watches again after a move; the server fires those whose node changed since `relativeZxid`. */
  setWatches(relativeZxid: number, data: string[], exists: string[], children: string[]): void {
    const start = this.#begin(XID.setWatches, OP.setWatches);
    this.#writer.safeLong(relativeZxid);
    for (const paths of [data, exists, children]) {
      this.#writer.int(paths.length);
      for (const path of paths) this.#writer.string(path);
    }
    this.#finish(start);
  }

  /** Cuts the connection without closing the session. */
  drop(): void {
    this.#end('dropped');
  }

  /** Closes the session, then the connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        this.#end('session closed');
        resolve();
      };
      this.request(OP.closeSession, () => {}, over);
    });
  }

  #begin(xid: number, op: number): number {
    const start = this.#writer.length;
    this.#writer.int(0);
    this.#writer.int(xid);
    this.#writer.int(op);
    return start;
  }

  #finish(start: number): void {
    this.#writer.patchInt(start, this.#writer.length - start - 4);
    if (this.#isFlushing || this.#isReading) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isOver || this.#writer.length === 0) return;
    this.#writer.take((bytes) => {
      this.#socket.write(bytes);
      // Nothing queued means that the kernel has taken a copy, so the slab is free again.
      return this.#socket.writableLength > 0;
    });
  }

  #onData(chunk: Buffer): void {
    this.#silence?.refresh();
    const bytes = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = 0;
    this.#isReading = true;
    while (bytes.length - at >= 4) {
      const size = bytes.readInt32BE(at);
      if (bytes.length - at - 4 < size) break;
      this.#onFrame(bytes, at + 4, at + 4 + size);
      at += 4 + size;
    }
    this.#pending = at < bytes.length ? bytes.subarray(at) : null;
    // Requests made by the callbacks above go out now, in one write.
    this.#isReading = false;
    this.#flush();
  }

  #onFrame(bytes: Buffer, start: number, limit: number): void {
    const reply = this.#reply;
    this.#reader.point(bytes, start, limit);
    const xid = this.#reader.int();
    reply.zxid = this.#reader.safeLong();
    reply.error = this.#reader.int();
    if (xid >= 0) {
      if (reply.zxid > this.lastZxid) this.lastZxid = reply.zxid;
      const done = this.#waiting[this.#head++];
      if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#head);
        this.#head = 0;
      }
      if (done === undefined) this.#end('the server answered a request that was never made');
      else done(reply);
    } else if (xid === XID.notification) {
      const [type, state] = [this.#reader.int(), this.#reader.int()];
      this.#options.onWatch?.({ type, state, path: this.#reader.string(), zxid: reply.zxid });
    }
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#ping);
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#socket.destroy();
    const unanswered = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    for (const done of unanswered) done(null);
    this.#options.onClosed?.(reason);
  }
}
