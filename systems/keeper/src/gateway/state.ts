/**
 * A gateway's state: its epoch, its connections with their queues, the orders under way and the watches. Nothing of
 * it survives a restart: a restarted gateway claims a higher epoch and its clients come back with their passwords.
 */

import type { Hash, Signatures } from '@concordat/crypto';
import type { Millis, NodeId } from '@concordat/kernel';
import type { ConnectRequest } from '../jute/handshake.ts';
import { OpCode } from '../jute/protocol.ts';
import type { PathRequest } from '../jute/read-requests.ts';
import type { Order } from '../orders.ts';
import type { KeeperService } from '../service.ts';
import type { SessionId } from '../sessions/session-id.ts';
import type { GatewayLife } from '../sessions/sessions.ts';
import type { Identity } from '../tree/acl.ts';
import type { EndingNodes } from './audit.ts';
import { createDoor, type Door } from './door.ts';
import type { GatewayLimits } from './limits.ts';
import { createLoad, type Flow, type Load, nothingTrailing, type Trailing } from './load.ts';
import type { Proposals } from './reconfig.ts';
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
  /** Whom the composition let in already, or refused; a gateway that is told of everybody decides itself. */
  readonly door?: Door;
  /** The streams that connections are; where the composition has none, requests come however many there are. */
  readonly flow?: Flow;
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
  /** Whether clients that ask for it are served while the log stands still: ZooKeeper's `readonlymode.enabled`. No unless told. */
  readonly readOnlyMode?: boolean;
  /** Where a client's `reconfig` leaves a proposal; it is answered ReconfigDisabled unless told. */
  readonly reconfig?: Proposals;
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
  /** The peer's, as the door knows it. */
  readonly address: string;
  phase: Phase;
  handshake: ConnectRequest | null;
  /** Until when a handshake may take. */
  deadline: Millis;
  session: SessionId;
  /** Served from what may be old, see `read-only.ts`. */
  isReadOnly: boolean;
  timeoutMs: number;
  /** What the client must show to come back; the hash of it is the seed of the session's next key. */
  password: Uint8Array;
  identities: readonly Identity[];
  /** Of the SASL exchange that is under way; null before one, empty after it. */
  saslNonce: string | null;
  /** Requests not yet answered or ordered, from `head` on. */
  queue: QueuedRequest[];
  head: number;
  /** Orders of this connection whose results are not exposed yet, and the last of them; null if there are none. */
  ordered: number;
  lastOrdered: Origin | null;
  /** Reads that trail them. */
  readonly trailing: Trailing;
  /** Requests queued and ordered, and their bytes. */
  outstanding: number;
  outstandingBytes: number;
  /** What it may still spend of its share of this round, see `queue.ts`; below 0 if it was lent some. */
  deficit: number;
  /** We do not read what it sends. */
  isHeld: boolean;
  /** Bytes sent to it that it has not taken, as far as is known, and when it last took some. */
  unread: number;
  takenAt: Millis;
  /** It is sent nothing more and closed, because it takes too little, or all do. */
  isCut: boolean;
  /** Of these, bytes sent in the turn at `sentAt`, which cannot have left yet. */
  sentNow: number;
  sentAt: Millis;
  /** Heard since it was last touched. */
  heard: boolean;
  touchedAt: Millis;
  received: number;
  receivedAt: Millis;
  sent: number;
  /** What it will be sent when it is let go, see `leaving.ts`, and its bytes. */
  withheld: Uint8Array[];
  withheldBytes: number;
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

/** A read that waits for the write before it, see `trailing.ts`. */
export interface TrailingRead {
  readonly request: QueuedRequest;
  readonly read: PathRequest;
  readonly estimatedBytes: number;
  /** The whole reply, from when the write is executed on; null if it cannot be given. */
  answer: Uint8Array | null;
  zxid: number;
}

/** Where the result of an order goes. */
export interface Origin {
  readonly order: Order;
  /** Null for orders of the gateway itself. */
  readonly connection: Connection | null;
  readonly xid: number;
  readonly identities: readonly Identity[];
  readonly since: Millis;
  /** Of the request's frame; 0 for other orders. */
  readonly sizeBytes: number;
  /** Reads that are answered between it and the next, see `trailing.ts`. */
  readonly reads: TrailingRead[];
  isExecuted: boolean;
}

/** An order of the gateway itself, or one that attaches a session. */
export const originOf = (order: Order, connection: Connection | null, since: Millis): Origin => ({
  order,
  connection,
  xid: 0,
  identities: [],
  since,
  sizeBytes: 0,
  reads: [],
  isExecuted: false,
});

export interface GatewayState {
  readonly config: GatewayConfig;
  life: GatewayLife;
  /** Whether our epoch is in force: no, under way, or yes. */
  claim: 'none' | 'ordered' | 'held';
  readonly connections: Map<NodeId, Connection>;
  readonly bySession: Map<SessionId, Connection>;
  readonly door: Door;
  /** Connections that have not said who they are, the oldest first. */
  readonly silent: Set<Connection>;
  /** Handshakes that wait. */
  readonly waiting: Set<Connection>;
  /** Opens and moves under way. */
  attaching: number;
  /** Sessions of read-only mode so far, which nobody else knows of. */
  localSessions: number;
  /** Connections whose queues may move, in rotation. */
  readonly ready: Set<Connection>;
  /** Those that wait until less is being ordered, and until they have taken what was sent to them or the log has caught up. */
  readonly stalled: Set<Connection>;
  readonly clogged: Set<Connection>;
  /** Those that are not read. */
  readonly held: Set<Connection>;
  /** Those with something unread, the one that took nothing for longest first, and the sum. */
  readonly unread: Set<Connection>;
  unreadBytes: number;
  /** Those that are to be closed at the end of the turn, because they were sent too much in it. */
  readonly cut: Set<Connection>;
  /** Connections with requests that wait or are under way. */
  busy: number;
  /** Requests in queues, and those that are being ordered. */
  readonly queued: Load;
  readonly ordered: Load;
  /** Orders not yet submitted, and whether some of them are void because their connection is gone. */
  outbox: Origin[];
  hasVoid: boolean;
  /** Submitted bodies by sequence number. */
  readonly inFlight: Map<number, readonly Origin[]>;
  readonly watches: Watches;
  /** Since when clients are handed over to other servers; null while they are not. */
  leavingSince: Millis | null;
  /** Ordered time of the last exposed batch. */
  exposedTime: Millis;
  /** When it was awake last, and until when it waits for its log after a pause. */
  awakeAt: Millis;
  catchingUpUntil: Millis;
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
    door: config.door ?? createDoor(config.limits),
    silent: new Set(),
    waiting: new Set(),
    attaching: 0,
    localSessions: 0,
    ready: new Set(),
    stalled: new Set(),
    clogged: new Set(),
    held: new Set(),
    unread: new Set(),
    unreadBytes: 0,
    cut: new Set(),
    busy: 0,
    queued: createLoad(),
    ordered: createLoad(),
    outbox: [],
    hasVoid: false,
    inFlight: new Map(),
    watches: createWatches(),
    leavingSince: null,
    exposedTime: Number.NEGATIVE_INFINITY,
    awakeAt: now,
    catchingUpUntil: Number.NEGATIVE_INFINITY,
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
  address: string,
  identities: readonly Identity[],
): Connection {
  return {
    id,
    since: now,
    address,
    phase: 'handshake',
    handshake: null,
    deadline,
    session: 0,
    isReadOnly: false,
    timeoutMs: 0,
    password: new Uint8Array(0),
    identities,
    saslNonce: null,
    queue: [],
    head: 0,
    ordered: 0,
    lastOrdered: null,
    trailing: nothingTrailing(),
    outstanding: 0,
    outstandingBytes: 0,
    deficit: 0,
    isHeld: false,
    unread: 0,
    takenAt: now,
    isCut: false,
    sentNow: 0,
    sentAt: now,
    heard: false,
    touchedAt: now,
    received: 0,
    receivedAt: now,
    sent: 0,
    withheld: [],
    withheldBytes: 0,
    latency: createLatency(),
    last: noneAnswered(),
  };
}
