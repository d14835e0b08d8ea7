/** A client for tests: sends raw frames through a loopback and reads what came back, in order. */

import { modelHash, modelSignatures } from '@concordat/crypto';
import { createPrng, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import type { Writer } from '@concordat/wire';
import { bodies, connectFrame, requestFrame } from '../client/requests.ts';
import {
  type ConnectAnswer,
  readConnectAnswer,
  readReplyHeader,
  readStat,
  readWatchEvent,
  type SeenStat,
} from '../client/responses.ts';
import { GATEWAY_LIMITS } from '../gateway/limits.ts';
import { clientFrame, type GatewayMessage } from '../gateway/message.ts';
import type { GatewayConfig } from '../gateway/state.ts';
import { OpCode, Xid } from '../jute/protocol.ts';
import { createJuteReader, type JuteReader } from '../jute/reader.ts';
import { KEEPER_DEFAULTS, type KeeperConfig } from '../keeper.ts';
import { createKeeperService, type KeeperService } from '../service.ts';
import { sha1 } from '../tree/sha1.ts';
import { createLoopback, type Loopback } from './loopback.ts';

export const TEST_START = 1_000_000;

export function createTestService(config: Partial<KeeperConfig> = {}): KeeperService {
  return createKeeperService({
    hash: modelHash,
    signatures: modelSignatures,
    config: { ...KEEPER_DEFAULTS, names: ['red', 'blue', 'green'], ...config },
  });
}

export interface TestWorld {
  readonly loopback: Loopback;
  readonly service: KeeperService;
  /** What was sent to each connection and not yet read, and `null` where it was closed. */
  readonly inboxes: Map<NodeId, (GatewayMessage | null)[]>;
  addresses: Map<NodeId, string>;
  open(id?: number): RawClient;
}

export interface Reply {
  readonly xid: number;
  readonly zxid: number;
  readonly err: number;
  /** Positioned after the header. */
  readonly body: JuteReader;
}

export interface RawClient {
  readonly id: NodeId;
  answer: ConnectAnswer | null;
  /** Shakes hands; `answer` has the outcome. */
  connect(
    from?: Partial<ConnectAnswer> & { readonly lastZxidSeen?: number; readonly readOnly?: boolean },
  ): RawClient;
  send(op: number, body?: (to: Writer) => void, xid?: number): number;
  /** Everything received since the last call, events as `event TYPE PATH`, replies as `XID ERR`, `closed`. */
  log(): string[];
  /** Sends and returns the reply, which must be the last thing received. */
  call(op: number, body?: (to: Writer) => void, xid?: number): Reply;
  /** The error code of a call. */
  err(op: number, body?: (to: Writer) => void): number;
  create(path: string, data?: string, mode?: number): string;
  stat(path: string): SeenStat;
}

export function createTestWorld(overrides: Partial<GatewayConfig> = {}): TestWorld {
  const service = overrides.service ?? createTestService();
  const inboxes = new Map<NodeId, (GatewayMessage | null)[]>();
  const addresses = new Map<NodeId, string>();
  const random = createPrng(7, 'secrets');
  const push = (id: NodeId, message: GatewayMessage | null): void => {
    const inbox = inboxes.get(id) ?? [];
    inbox.push(message);
    inboxes.set(id, inbox);
  };
  const config: GatewayConfig = {
    service,
    domain: 0,
    gateway: 0,
    hash: modelHash,
    sha1,
    signatures: modelSignatures,
    // Clients of tests all come from one address.
    limits: { ...GATEWAY_LIMITS, maxPerAddress: 0 },
    info: () => ({
      version: '3.8.0-test',
      builtOn: '01/01/2026 00:00 UTC',
      mode: 'standalone',
      clientPort: 2181,
      metrics: {},
    }),
    addressOf: (id) => addresses.get(id) ?? '10.0.0.1',
    superDigest: null,
    ...overrides,
  };
  const output = {
    send: push,
    close: (id: NodeId) => push(id, null),
    secret: (size: number) => Uint8Array.from({ length: size }, () => random.below(256)),
  };
  const loopback = createLoopback(config, output, TEST_START);
  loopback.pass(1);
  let next = 0;
  const open = (id = next++): RawClient => createRawClient(loopback, inboxes, FIRST_CONNECTION + id);
  return { loopback, service, inboxes, addresses, open };
}

function createRawClient(loopback: Loopback, inboxes: TestWorld['inboxes'], id: NodeId): RawClient {
  let nextXid = 1;
  const take = (): (GatewayMessage | null)[] => {
    const inbox = inboxes.get(id) ?? [];
    inboxes.set(id, []);
    return inbox;
  };
  const readerOf = (message: GatewayMessage | null | undefined): JuteReader => {
    const reader = createJuteReader();
    reader.reset(message?.type === 'client-frame' ? message.bytes : new Uint8Array(0));
    return reader;
  };
  const client: RawClient = {
    id,
    answer: null,
    connect: (from = {}) => {
      loopback.connect(id);
      const { session = { high: 0, low: 0 }, password = new Uint8Array(16) } = from;
      const { timeoutMs = 10_000, lastZxidSeen = 0, readOnly = false } = from;
      const frame = connectFrame({ lastZxidSeen, timeoutMs, session, password });
      // The flag is the last byte.
      if (readOnly) frame[frame.length - 1] = 1;
      loopback.deliver(id, clientFrame(frame));
      const [first, ...rest] = take();
      inboxes.set(id, rest);
      client.answer = first == null ? null : readConnectAnswer(readerOf(first));
      return client;
    },
    send: (op, body, xid = nextXid++) => {
      loopback.deliver(id, clientFrame(requestFrame(xid, op, body)));
      return xid;
    },
    log: () => take().map((message) => (message === null ? 'closed' : describe(readerOf(message)))),
    call: (op, body, xid) => {
      take();
      const sent = client.send(op, body, xid);
      const last = take().findLast((message) => message !== null);
      const reader = readerOf(last);
      const header = readReplyHeader(reader);
      if (reader.failed || header.xid !== sent) throw new Error(`no reply to ${sent}`);
      return { ...header, body: reader };
    },
    err: (op, body) => client.call(op, body).err,
    create: (path, data = '', mode = 0) => {
      const reply = client.call(OpCode.create, bodies.create(path, bytesOf(data), { mode }));
      if (reply.err !== 0) throw new Error(`create ${path}: ${reply.err}`);
      return reply.body.string() ?? '';
    },
    stat: (path) => {
      const reply = client.call(OpCode.exists, bodies.watched(path));
      if (reply.err !== 0) throw new Error(`exists ${path}: ${reply.err}`);
      return readStat(reply.body);
    },
  };
  return client;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function describe(reader: JuteReader): string {
  const header = readReplyHeader(reader);
  if (header.xid !== Xid.notification) return `${header.xid} ${header.err}`;
  const event = readWatchEvent(reader);
  return `event ${event?.type} ${event?.path}`;
}
