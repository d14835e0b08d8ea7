/**
 * A ZooKeeper session over one TCP connection, for tools: requests are pipelined and answered in order; it is kept alive
 * by pings and never reconnects. The server may be anyone's: frames are bounded, and one that cannot be an answer ends it.
 */

import { createConnection } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Writer } from '@concordat/wire';
import { bodies, connectFrame, pingFrame, requestFrame } from '../client/requests.ts';
import { readConnectAnswer, readReplyHeader } from '../client/responses.ts';
import type { GatewayMessage } from '../gateway/message.ts';
import { ErrorCode, OpCode, PASSWORD_BYTES, Xid } from '../jute/protocol.ts';
import { createJuteReader } from '../jute/reader.ts';
import { createFraming } from './framing.ts';

export interface LiveReply {
  /** One of `ErrorCode`. */
  readonly err: number;
  /** What follows the header. */
  readonly body: Uint8Array;
}

export interface LiveClient {
  /** Rejects with an `Error` if the connection ends before the answer. */
  request(op: number, write: (to: Writer) => void): Promise<LiveReply>;
  /** Claims an identity, such as `digest` and `user:password`; rejects with an `Error` if the server does not take it. */
  authenticate(scheme: string, credential: Uint8Array): Promise<void>;
  /** Ends the session, so that nothing of it stays at the server. */
  close(): Promise<void>;
}

export interface LiveClientOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs?: number;
  /** For a port that speaks TLS: whom to trust, and what to show. */
  readonly tls?: ConnectionOptions;
  /** Credentials, such as `digest` and `user:password`. */
  readonly auth?: readonly { readonly scheme: string; readonly credential: Uint8Array }[];
}

interface Waiting {
  readonly xid: number;
  resolve(reply: LiveReply): void;
  reject(error: Error): void;
}

const HEADER_BYTES = 16;
/** Of a reply: the names of a node's children may be many more than a request can hold. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** Pings within a session's timeout. */
const PINGS = 3;

/** Opens a session; rejects with an `Error` that names the endpoint if there is none in time. */
export async function connectLive(options: LiveClientOptions): Promise<LiveClient> {
  const { host, port, tls, timeoutMs = TIMEOUT_MS } = options;
  const where = `${host}:${port}`;
  const framing = createFraming(MAX_REPLY_BYTES);
  const splitter = framing.createSplitter();
  const reader = createJuteReader();
  const waiting: Waiting[] = [];
  let lastXid = 0;
  let failure: Error | null = null;
  const place = { host, port, noDelay: true };
  const socket = tls === undefined ? createConnection(place) : connect({ ...tls, ...place });
  const send = (bytes: Uint8Array): void => {
    socket.write(framing.encode({ type: 'client-frame', bytes }));
  };
  const end = (why: string): void => {
    failure ??= new Error(`${where}: ${why}`);
    clearInterval(pinging);
    socket.destroy();
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  const expect = (xid: number): Promise<LiveReply> =>
    new Promise((resolve, reject) => {
      if (failure !== null) reject(failure);
      else waiting.push({ xid, resolve, reject });
    });
  let greet: (frame: Uint8Array) => boolean = () => false;
  let isGreeted = false;
  const take = (message: GatewayMessage): void => {
    if (message.type !== 'client-frame') return end('it is no ZooKeeper server');
    if (isGreeted) return answer(message.bytes);
    isGreeted = true;
    if (!greet(message.bytes)) end('it grants no session');
  };
  const answer = (frame: Uint8Array): void => {
    reader.reset(frame);
    const { xid, err } = readReplyHeader(reader);
    if (reader.failed) return end('it sent what is no reply');
    if (xid === Xid.notification || xid === Xid.ping) return;
    const [next] = waiting;
    if (next?.xid !== xid) return end('it answers out of order');
    waiting.shift();
    next.resolve({ err, body: frame.subarray(HEADER_BYTES) });
  };
  const pinging = setInterval(() => isGreeted && send(pingFrame()), timeoutMs / PINGS);
  socket.setTimeout(timeoutMs, () => end('it does not answer'));
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('it closed the connection'));
  socket.on('data', (chunk) => {
    if (!splitter.push(chunk, take)) end('it sent a frame that is too large');
  });
  await new Promise<void>((resolve, reject) => {
    waiting.push({ xid: 0, resolve: () => resolve(), reject });
    greet = (frame) => {
      reader.reset(frame);
      const session = readConnectAnswer(reader);
      if (session === null || session.timeoutMs <= 0) return false;
      waiting.shift();
      resolve();
      return true;
    };
    const password = new Uint8Array(PASSWORD_BYTES);
    send(connectFrame({ lastZxidSeen: 0, timeoutMs, session: { high: 0, low: 0 }, password }));
  });
  const client: LiveClient = {
    request: (op, write) => {
      lastXid += 1;
      const reply = expect(lastXid);
      if (failure === null) send(requestFrame(lastXid, op, write));
      return reply;
    },
    authenticate: async (scheme, credential) => {
      const reply = expect(Xid.auth);
      if (failure === null) send(requestFrame(Xid.auth, OpCode.auth, bodies.auth(scheme, credential)));
      if ((await reply).err !== ErrorCode.ok) throw new Error(`${where}: it does not take these credentials`);
    },
    close: async () => {
      await client.request(OpCode.closeSession, () => {}).catch(() => null);
      end('the session is closed');
    },
  };
  for (const { scheme, credential } of options.auth ?? []) await client.authenticate(scheme, credential);
  return client;
}
