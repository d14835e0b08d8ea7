/**
 * A gateway's state: its epoch, its connections with their queues, the orders under way and the watches. Nothing of
 * it survives a restart: a restarted gateway claims a higher epoch and its clients come back with their passwords.
 */

import type { Hash, Signatures } from '@concordat/crypto';
import type { Millis, NodeId } from '@concordat/kernel';
import type { ConnectRequest } from '../jute/handshake.ts';
import { OpCode } from '../jute/protocol.ts';
import type { Order } from '../orders.ts';
import type { KeeperService } from '../service.ts';
import type { SessionId } from '../sessions/session-id.ts';
import type { GatewayLife } from '../sessions/sessions.ts';
import type { Identity } from '../tree/acl.ts';
import type { EndingNodes } from './audit.ts';
import type { SaslUsers } from './sasl.ts';
import {
  createLatency,
  createTally,
  freshStatistics,
  type Latency,
  type Statistics,
  type Tally,
} from './statistics.ts';
import { createWatches, type Watches } from './watches.ts';

export interface GatewayLimits {
  /** Requests of one connection that wait or are under way, and their bytes; beyond, the connection is closed. */
  readonly maxOutstanding: number;
  readonly maxOutstandingBytes: number;
  readonly maxWatches: number;
  readonly maxConnections: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  maxOutstanding: 20_000,
  maxOutstandingBytes: 32 * 1024 * 1024,
  maxWatches: 200_000,
  maxConnections: 20_000,
};

/** What the composition knows of the server, for four-letter words. */
export interface ServerInfo {
  /** Letters, digits, dots and dashes: clients parse it. */
  readonly version: string;
  /** `MM/DD/YYYY HH:MM TZ`. */
  readonly builtOn: string;
  /** leader, follower, observer or standalone. */
  readonly mode: string;
  readonly clientPort: number;
  /** More lines for `mntr`, by metric name. */
  readonly metrics: Readonly<Record<string, number | string>>;
  /** What only the composition can measure, under ZooKeeper's names, such as `quorum_size`; nothing unless told. */
  readonly figures?: () => Readonly<Record<string, number | string>>;
  /** Bytes that the server keeps on disk; none unless told. */
  readonly diskBytes?: () => number;
}

export interface GatewayConfig {
  /**
   * The state from which reads are answered. When `settle` is called it must hold exactly what `exposed` was told of,
   * never what may yet be rolled back.
   */
  readonly service: KeeperService;
  /** The organisation whose clients connect here. */
  readonly domain: number;
  /** Tells several gateways of one domain apart. */
  readonly gateway: number;
  readonly hash: Hash;
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  readonly signatures: Signatures;
  readonly limits: GatewayLimits;
  readonly info: () => ServerInfo;
  /** The peer address of a connection, without a port. */
  readonly addressOf: (connection: NodeId) => string;
  /** Four-letter words that are answered, ZooKeeper's `4lw.commands.whitelist`; all unless told. */
  readonly words?: ReadonlySet<string>;
  /** `user:base64(sha1(user:password))` of whoever may do anything below the domain's own subtree. */
  readonly superDigest: string | null;
  /** Whether a connection came by TLS; none does unless told. */
  readonly isSecure?: (connection: NodeId) => boolean;
  /** The subject of the certificate whose key a connection's client holds; there are no certificates unless told. */
  readonly subjectOf?: (connection: NodeId) => string | null;
  /** The subject that is the super user, too: ZooKeeper's `X509.superUser`. */
  readonly superSubject?: string;
  /** Who can log in with SASL; nobody, and nobody fails, unless told. */
  readonly sasl?: SaslUsers;
  /** Clients must prove to be somebody in one of these schemes first: ZooKeeper's `enforce.auth.schemes`. */
  readonly requiredSchemes?: ReadonlySet<string>;
  /** Lines of the audit log go out as notes of kind `audit`; `user` is whom the server runs as. None unless told. */
  readonly audit?: { readonly user: string };
}

/** A request in a connection's queue. `bytes` is the whole frame. */
export interface QueuedRequest {
  readonly xid: number;
  readonly op: number;
  readonly bytes: Uint8Array;
  readonly since: Millis;
}

/**
 * handshake: nothing valid received yet. waiting: the handshake names a zxid that is not exposed here yet, or the
 * epoch is not claimed. attaching: an open or move is ordered. live: answered. closed: the link is being dropped.
 */
export type Phase = 'handshake' | 'waiting' | 'attaching' | 'live' | 'closed';

export interface Connection {
  readonly id: NodeId;
  readonly since: Millis;
  phase: Phase;
  handshake: ConnectRequest | null;
  /** Until when a handshake may take. */
  deadline: Millis;
  session: SessionId;
  timeoutMs: number;
  /** What the client must show to come back; the hash of it is the seed of the session's next key. */
  password: Uint8Array;
  identities: readonly Identity[];
  /** Of the SASL exchange that is under way; null before one, empty after it. */
  saslNonce: string | null;
  /** Requests not yet answered or ordered, from `head` on. */
  queue: QueuedRequest[];
  head: number;
  /** Orders of this connection whose results are not exposed yet. */
  ordered: number;
  /** Bytes of queued and ordered requests. */
  outstandingBytes: number;
  /** Heard since it was last touched. */
  heard: boolean;
  touchedAt: Millis;
  received: number;
  sent: number;
  latency: Latency;
  /** What was answered last. */
  readonly last: Answered;
}

/** An answered request; `notification` as the operation, which nobody asks for, when there was none. */
export interface Answered {
  op: number;
  xid: number;
  zxid: number;
  at: Millis;
}

export const noneAnswered = (): Answered => ({ op: OpCode.notification, xid: -1, zxid: -1, at: 0 });

/** Where the result of an order goes. */
export interface Origin {
  readonly order: Order;
  /** Null for orders of the gateway itself. */
  readonly connection: Connection | null;
  readonly xid: number;
  readonly identities: readonly Identity[];
  readonly since: Millis;
}

export interface GatewayState {
  readonly config: GatewayConfig;
  life: GatewayLife;
  /** Whether our epoch is in force: no, under way, or yes. */
  claim: 'none' | 'ordered' | 'held';
  readonly connections: Map<NodeId, Connection>;
  readonly bySession: Map<SessionId, Connection>;
  /** Handshakes that wait. */
  readonly waiting: Set<Connection>;
  /** Connections whose queues may move. */
  readonly ready: Set<Connection>;
  /** Orders not yet submitted. */
  outbox: Origin[];
  /** Submitted bodies by sequence number. */
  readonly inFlight: Map<number, readonly Origin[]>;
  readonly watches: Watches;
  /** Ordered time of the last exposed batch. */
  exposedTime: Millis;
  /** The zxid up to which watches have been told. */
  exposedZxid: number;
  readonly startedAt: Millis;
  readonly statistics: Statistics;
  readonly tally: Tally;
  readonly ending: EndingNodes;
}

export function createGatewayState(config: GatewayConfig, epoch: number, now: Millis): GatewayState {
  return {
    config,
    life: { domain: config.domain, gateway: config.gateway, epoch },
    claim: 'none',
    connections: new Map(),
    bySession: new Map(),
    waiting: new Set(),
    ready: new Set(),
    outbox: [],
    inFlight: new Map(),
    watches: createWatches(),
    exposedTime: Number.NEGATIVE_INFINITY,
    exposedZxid: config.service.keeper.meta.get().zxid,
    startedAt: now,
    statistics: freshStatistics(),
    tally: createTally(),
    ending: { zxid: 0, paths: [] },
  };
}

export function createConnection(
  id: NodeId,
  now: Millis,
  deadline: Millis,
  identities: readonly Identity[],
): Connection {
  return {
    id,
    since: now,
    phase: 'handshake',
    handshake: null,
    deadline,
    session: 0,
    timeoutMs: 0,
    password: new Uint8Array(0),
    identities,
    saslNonce: null,
    queue: [],
    head: 0,
    ordered: 0,
    outstandingBytes: 0,
    heard: false,
    touchedAt: now,
    received: 0,
    sent: 0,
    latency: createLatency(),
    last: noneAnswered(),
  };
}
