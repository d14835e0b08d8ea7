/**
 * A ZooKeeper session that outlives its connections, as applications have them: it is taken up again with its id and password,
 * its watches are set again, and what fires is kept. Tools have no use for that, so `connectLive` cannot do it.
 */

import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpCode, PASSWORD_BYTES, Xid } from '@concordat/keeper';
import { createFraming } from '@concordat/keeper/edge';
import {
  bodies,
  type ConnectAnswer,
  connectFrame,
  createJuteReader,
  readConnectAnswer,
  readReplyHeader,
  requestFrame,
} from '@concordat/keeper/frames';
import type { Writer } from '@concordat/wire';
import { HERE } from './alone.ts';

const TIMEOUT_MS = 30_000;
const DEADLINE_MS = 60_000;
const NONE: ConnectAnswer = {
  timeoutMs: TIMEOUT_MS,
  session: { high: 0, low: 0 },
  password: new Uint8Array(PASSWORD_BYTES),
};

export interface HeldSession {
  readonly granted: ConnectAnswer;
  /** The highest zxid that a reply named. */
  readonly zxid: number;
  /** Each as `TYPE PATH`, in the order in which they came. */
  readonly events: readonly string[];
  /** The error code of the answer. */
  request(op: number, body: (to: Writer) => void): Promise<number>;
  /** What a client does after it has reconnected: watches of data, set again as of a zxid. */
  watchAgain(zxid: number, paths: readonly string[]): void;
  /** Ends the connection, not the session. */
  drop(): void;
}

/** Opens a session, or takes one up again; null if nobody is there. The caller finds in `granted` what it got. */
async function open(port: number, held: ConnectAnswer, lastZxidSeen: number): Promise<HeldSession | null> {
  const framing = createFraming();
  const splitter = framing.createSplitter();
  const socket = createConnection({ host: HERE, port, noDelay: true });
  const replies = new Map<number, (err: number) => void>();
  const events: string[] = [];
  let zxid = lastZxidSeen;
  let granted: ConnectAnswer | null = null;
  let isOver = false;
  let lastXid = 0;
  const send = (bytes: Uint8Array): void =>
    void socket.write(framing.encode({ type: 'client-frame', bytes }));
  const take = (bytes: Uint8Array): void => {
    const reader = createJuteReader();
    reader.reset(bytes);
    if (granted === null) {
      granted = readConnectAnswer(reader);
      return;
    }
    const header = readReplyHeader(reader);
    zxid = Math.max(zxid, header.zxid);
    if (header.xid !== Xid.notification) return replies.get(header.xid)?.(header.err);
    const type = reader.int();
    reader.int();
    events.push(`${type} ${reader.string()}`);
  };
  socket.on('data', (chunk) =>
    splitter.push(chunk, (message) => message.type === 'client-frame' && take(message.bytes)),
  );
  socket.on('error', () => {});
  socket.on('close', () => {
    isOver = true;
  });
  send(connectFrame({ ...held, lastZxidSeen }));
  // Either rejects where nobody listens; `close` comes then, too.
  while (granted === null && !isOver)
    await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => sleep(1));
  if (granted === null) return null;
  return {
    granted,
    events,
    get zxid() {
      return zxid;
    },
    request: (op, body) => {
      lastXid += 1;
      const answered = new Promise<number>((resolve) => replies.set(lastXid, resolve));
      send(requestFrame(lastXid, op, body));
      return answered;
    },
    watchAgain: (from, paths) =>
      send(requestFrame(Xid.setWatches, OpCode.setWatches, bodies.setWatches(from, paths, [], []))),
    drop: () => void socket.destroy(),
  };
}

/** The same as soon as somebody grants it. */
export async function holdSession(port: number, before?: HeldSession): Promise<HeldSession> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const session = await open(port, before?.granted ?? NONE, before?.zxid ?? 0);
    if (session !== null) return session;
    if (Date.now() >= end) throw new Error(`nobody serves at port ${port}`);
    await sleep(50);
  }
}
