/**
 * One server's side of a run: plays steps in the name of several sessions, and gathers what came back to each of them.
 * Behind every request goes a ping; its answer tells that nothing more will come for the request, so that a server
 * which does not answer is found without waiting.
 */

import type { Endpoint } from '@concordat/bench';
import { ErrorCode, OpCode, Xid } from '@concordat/keeper';
import {
  bodies,
  type ConnectAnswer,
  connectFrame,
  createJuteReader,
  pingFrame,
  readConnectAnswer,
  readReplyHeader,
  requestFrame,
} from '@concordat/keeper/frames';
import { frameOf, xidOf } from './encoding.ts';
import { CLOSED, type Message, readHandshakeAnswer, readMessage, SILENCE, xidIn } from './messages.ts';
import type { ReconnectCall, RequestCall } from './steps.ts';
import { createWire, type Wire } from './wire.ts';

const ANSWER_MS = 20_000;
const BARRIER_XID = 0x7fff_0000;
const NEW: ConnectAnswer = { timeoutMs: 0, session: { high: 0, low: 0 }, password: new Uint8Array(16) };
const WRONG_PASSWORD = new Uint8Array(16).fill(0x77);
const PING: RequestCall = { call: 'bare', op: OpCode.ping };

export interface PlayerOptions {
  /** Session i is a client of endpoint i, modulo their number. */
  readonly endpoints: readonly Endpoint[];
  /** What `~` stands for. */
  readonly root: string;
}

export interface Player {
  /** Opens a new session, or comes back to the one there was. */
  connect(session: number, timeoutMs: number, how: ReconnectCall | null): Promise<Message[]>;
  request(session: number, call: RequestCall): Promise<Message[]>;
  /** What came to a connected session meanwhile, up to and including everything that was done before. */
  settle(session: number): Promise<Message[]>;
  isConnected(session: number): boolean;
  /** Cuts the connection, if there is one. */
  cut(session: number): void;
  close(): void;
}

interface Client {
  readonly wire: Wire;
  readonly answer: ConnectAnswer;
  xid: number;
  lastZxid: number;
}

const isHuge = (call: RequestCall): boolean => 'data' in call && typeof call.data === 'number';

/** Requests after which a server may hang up: a ping behind them could destroy the answer that is under way. */
const mayHangUp = (call: RequestCall): boolean =>
  ['auth', 'sasl', 'close', 'bare'].includes(call.call) || isHuge(call);

function handshakeAnswer(bytes: Uint8Array): ConnectAnswer | null {
  const reader = createJuteReader();
  reader.reset(bytes);
  const answer = readConnectAnswer(reader);
  // The password is a view of the frame.
  return answer === null ? null : { ...answer, password: answer.password.slice() };
}

const countOf = (wire: Wire, xid: number): number =>
  wire.inbox.filter((bytes) => bytes.length >= 4 && xidIn(bytes) === xid).length;

async function came(wire: Wire, xid: number, count: number): Promise<boolean> {
  return wire.until(() => countOf(wire, xid) >= count, ANSWER_MS);
}

/** True if the last answer says that there is no such request, and names no zxid: a server that goes on names one. */
function isFarewell({ inbox }: Wire): boolean {
  const reader = createJuteReader();
  reader.reset(inbox.at(-1) ?? new Uint8Array(0));
  const { err, zxid } = readReplyHeader(reader);
  return err === ErrorCode.unimplemented && zxid === 0;
}

/** Sends a frame that is the script's; false if no answer came, and the connection stayed. */
async function ask(wire: Wire, frame: Uint8Array, xid: number, call: RequestCall): Promise<boolean> {
  const pongs = xid === Xid.ping ? 2 : 1;
  if (!mayHangUp(call)) {
    wire.send(frame, pingFrame());
    return came(wire, Xid.ping, pongs);
  }
  wire.send(frame);
  const isAnswered = await came(wire, xid, 1);
  if (call.call === 'close') return wire.until(() => false, ANSWER_MS);
  // ZooKeeper hangs up now, but may answer a ping before it does.
  if (call.call === 'bare' && isFarewell(wire)) await wire.until(() => false, ANSWER_MS);
  if (wire.isClosed) return isAnswered;
  wire.send(pingFrame());
  return (await came(wire, Xid.ping, pongs)) && isAnswered;
}

/** Drops the last frame with this xid, which answers a request that is not the script's. */
function dropOurs(wire: Wire, xid: number): void {
  const at = wire.inbox.findLastIndex((bytes) => bytes.length >= 4 && xidIn(bytes) === xid);
  if (at >= 0) wire.inbox.splice(at, 1);
}

export function createPlayer({ endpoints, root }: PlayerOptions): Player {
  const clients = new Map<number, Client>();
  /** The zxids that the server has named, ascending. */
  const seen: number[] = [0];
  const circumstances = {
    root,
    zxidBefore: (replies: number): number => seen.at(-1 - replies) ?? 0,
  };
  // With several endpoints only an ordered request tells what was done before it; with one a ping does, and costs less.
  const isOrdered = endpoints.length > 1;
  const settleXid = isOrdered ? BARRIER_XID : Xid.ping;
  const settleFrame = isOrdered ? requestFrame(BARRIER_XID, OpCode.sync, bodies.path('/')) : pingFrame();
  const take = (client: Client, call: RequestCall): Message[] => {
    const { wire } = client;
    const messages = wire.inbox.splice(0).map((bytes) => {
      const reader = createJuteReader();
      reader.reset(bytes);
      const { zxid } = readReplyHeader(reader);
      client.lastZxid = Math.max(client.lastZxid, zxid);
      if (zxid > (seen.at(-1) ?? 0)) seen.push(zxid);
      return readMessage(bytes, call);
    });
    return wire.isClosed ? [...messages, CLOSED] : messages;
  };
  const clientOf = (session: number): Client => {
    const client = clients.get(session);
    if (client === undefined) throw new Error(`session ${session} was never opened`);
    return client;
  };
  return {
    connect: (session, timeoutMs, how) => connect({ clients, endpoints }, session, timeoutMs, how),
    request: async (session, call) => {
      const client = clientOf(session);
      const xid = xidOf(call, ++client.xid);
      const isAnswered = await ask(client.wire, frameOf(call, xid, circumstances), xid, call);
      if (call.call !== 'close') dropOurs(client.wire, Xid.ping);
      return [...take(client, call), ...(isAnswered ? [] : [SILENCE])];
    },
    settle: async (session) => {
      const client = clientOf(session);
      client.wire.send(settleFrame);
      const isAnswered = await came(client.wire, settleXid, 1);
      dropOurs(client.wire, settleXid);
      return [...take(client, PING), ...(isAnswered ? [] : [SILENCE])];
    },
    isConnected: (session) => clients.get(session)?.wire.isClosed === false,
    cut: (session) => clients.get(session)?.wire.close(),
    close: () => {
      for (const { wire } of clients.values()) wire.close();
    },
  };
}

type Place = Pick<PlayerOptions, 'endpoints'> & { readonly clients: Map<number, Client> };

async function connect(
  { clients, endpoints }: Place,
  session: number,
  timeoutMs: number,
  how: ReconnectCall | null,
): Promise<Message[]> {
  const former = how === null ? undefined : clients.get(session);
  if (how?.how === 'cut') former?.wire.close();
  const wire = createWire(endpoints[session % endpoints.length]!);
  const { session: id, password } = former?.answer ?? NEW;
  const lastZxidSeen = former?.lastZxid ?? 0;
  const shown = how?.password === 'wrong' ? WRONG_PASSWORD : password;
  wire.send(connectFrame({ lastZxidSeen, timeoutMs, session: id, password: shown }));
  await wire.until(() => wire.inbox.length > 0, ANSWER_MS);
  const first = wire.inbox.shift();
  const answer = first === undefined ? null : handshakeAnswer(first);
  const messages = first === undefined ? [SILENCE] : [readHandshakeAnswer(first)];
  // Not compared whether the server closes it: in ZooKeeper that is a race with the end of a connection before it.
  former?.wire.close();
  if (answer !== null && answer.timeoutMs > 0) {
    clients.set(session, { wire, answer, xid: 0, lastZxid: lastZxidSeen });
    return messages;
  }
  const hangsUp = await wire.until(() => false, ANSWER_MS);
  wire.close();
  return [...messages, hangsUp ? CLOSED : SILENCE];
}
