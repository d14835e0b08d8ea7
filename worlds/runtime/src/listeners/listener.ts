/**
 * A client port: anyone may connect, so everything is bounded - connections in all and per address, frame size, time
 * until the first message, bytes waiting in either direction. Connections get ids from `FIRST_CONNECTION` up, which
 * are never used twice in a host's life. With an identity the port speaks TLS: it proves to clients who answers them. It
 * may ask who they are, and lets in also those who do not say: what that is worth is the framing's business.
 */

import { constants } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { NodeId, Note } from '@concordat/kernel';
import { pinOf, type TlsIdentity } from '../crypto/identity.ts';
import { systemCode } from '../errors.ts';
import type { Framing } from '../framing.ts';
import type { Source } from '../host/inbox.ts';
import { type Address, listening } from '../links/links.ts';
import { type Connection, createConnection, type Stream } from './connection.ts';

export interface ListenerLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddress: number;
  /** TLS handshakes under way at once: each holds far more than a connection that says nothing. */
  readonly handshakesMax: number;
  /** A connection without a whole message after this long is closed. */
  readonly firstMessageMs: number;
  /** Received bytes that may wait for a turn before the socket is paused. */
  readonly inboxBytes: number;
  /** Bytes that may wait for the client to read them, besides one message of any size; beyond, it is closed. */
  readonly outboxBytes: number;
}

const LIMITS: ListenerLimits = {
  connectionsMax: 20_000,
  connectionsPerAddress: 20_000,
  handshakesMax: 1000,
  firstMessageMs: 10_000,
  inboxBytes: 4 * 1024 * 1024,
  outboxBytes: 16 * 1024 * 1024,
};

export interface Listener<M> extends Address {
  /** For logs, metrics and `Host.addresses`. */
  readonly name: string;
  readonly framing: Framing<M>;
  readonly limits?: Partial<ListenerLimits>;
  /** Plain TCP if absent. Clients pin the certificate's key, and must name the same protocol. */
  readonly tls?: {
    readonly identity: TlsIdentity;
    readonly protocol: string;
    /** Tells the framing the pin of the certificate of a client that shows one. */
    readonly asksWho?: boolean;
  };
  /** Instead of `tls`: certificates that authorities vouch for, of the port and of its clients. */
  readonly certified?: {
    /**
     * Not listening yet, and to ask for certificates without rejecting any: that is done here, and says why. Its maker may
     * give it other certificates and authorities while it runs.
     */
    readonly server: TlsServer;
    /** Whether clients may show none. None may show one that does not hold. */
    readonly certificates: 'none' | 'wanted' | 'needed';
  };
  /** Asked before anything is spent on a connection from this IP address: why it is refused, or null. */
  readonly admits?: (address: string) => string | null;
  /** An admitted connection is gone, even if it was never told of as opened. */
  readonly onLeft?: (address: string) => void;
  /**
   * Told of every accepted connection, its IP address and the DER of the certificate that its client has shown, before
   * its first message.
   */
  readonly onOpened?: (
    id: NodeId,
    address: string,
    stream: Stream,
    certificate: Uint8Array | undefined,
  ) => void;
  readonly onClosed?: (id: NodeId) => void;
}

export interface ListenerEvents<M> {
  ready(source: Source<M>): void;
  note(note: Note): void;
  opened(id: NodeId, connection: Connection): void;
  /** The connection's socket is gone; `linked` follows in a turn, after which the id is forgotten. */
  closed(id: NodeId): void;
  /** A fresh connection id. */
  nextId(): NodeId;
}

export interface Port {
  readonly name: string;
  readonly address: AddressInfo;
  readonly connections: number;
  /** Accepts connections from now on. */
  open(): void;
  /** Stops accepting. */
  stop(): void;
  /** Lets what was sent leave, then closes all connections. */
  close(): Promise<void>;
  destroy(): void;
}

const SWEEP_MS = 1000;
const CLOSE_MS = 1000;

/** Binds the port. Rejects with `port-failed`. */
export async function createPort<M>(listener: Listener<M>, events: ListenerEvents<M>): Promise<Port> {
  const limits: ListenerLimits = { ...LIMITS, ...listener.limits };
  const connections = new Map<NodeId, Connection>();
  const perAddress = new Map<string, number>();
  /** Connections that have said nothing yet, the oldest first. */
  const silent = new Map<NodeId, number>();
  const isTls = listener.tls !== undefined || listener.certified !== undefined;
  let isOpen = false;

  const refuse = (socket: Socket, why: string): void => {
    events.note({ kind: 'connection-refused', listener: listener.name, why });
    socket.destroy();
  };
  /** Every socket, from its first moment to its end. */
  const sockets = new Set<Socket>();
  /** Who tries to be a client, and is none, tells an operator more than a stray connection at a members' port. */
  const failed = (why: string): void =>
    events.note(
      listener.certified === undefined
        ? { kind: 'connection-dropped', listener: listener.name, why: 'handshake-failed' }
        : { kind: 'handshake-failed', listener: listener.name, why },
    );
  const server = createPortServer(listener, limits.firstMessageMs, failed);
  server.on('connection', (socket: Socket) => {
    const from = socket.remoteAddress ?? '';
    const already = perAddress.get(from) ?? 0;
    if (!isOpen) return socket.destroy();
    if (sockets.size >= limits.connectionsMax) return refuse(socket, 'too-many');
    if (already >= limits.connectionsPerAddress) return refuse(socket, 'too-many-from-address');
    if (isTls && sockets.size - connections.size >= limits.handshakesMax)
      return refuse(socket, 'too-many-handshakes');
    const why = listener.admits?.(from) ?? null;
    if (why !== null) return refuse(socket, why);
    perAddress.set(from, already + 1);
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      forget(from);
      listener.onLeft?.(from);
    });
    if (!isTls) accept(socket, from);
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const certificate = socket.getPeerX509Certificate()?.raw;
    if (!isOpen) {
      socket.destroy();
      return;
    }
    const why = listener.certified && distrust(socket, listener.certified.certificates);
    if (why !== undefined) {
      failed(why);
      socket.destroy();
      return;
    }
    accept(socket, socket.remoteAddress ?? '', certificate);
  });
  const address = await listening(server, listener, listener.name);
  // Out of file descriptors, for instance: the client sees a reset, everyone else goes on.
  server.on('error', () =>
    events.note({ kind: 'connection-refused', listener: listener.name, why: 'accept-failed' }),
  );
  const sweep = setInterval(() => {
    const before = performance.now() - limits.firstMessageMs;
    for (const [id, since] of silent) {
      if (since > before) break;
      events.note({ kind: 'connection-dropped', listener: listener.name, why: 'silent' });
      connections.get(id)?.destroy();
    }
  }, SWEEP_MS);

  const destroyAll = (): void => {
    for (const connection of connections.values()) connection.destroy();
    // Those in a handshake are no connections yet.
    for (const socket of sockets) socket.destroy();
  };
  const stop = (): void => {
    isOpen = false;
    clearInterval(sweep);
    server.close();
  };
  return {
    name: listener.name,
    address,
    get connections() {
      return connections.size;
    },
    open: () => {
      isOpen = true;
    },
    stop,
    close: async () => {
      stop();
      const ends = [...connections.values()].map((connection) => connection.finish());
      await Promise.race([
        Promise.all(ends),
        new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
      ]);
      destroyAll();
    },
    destroy: () => {
      stop();
      destroyAll();
    },
  };

  function accept(socket: Socket, from: string, certificate?: Uint8Array): void {
    const id = events.nextId();
    const connection = createConnection<M>({
      id,
      socket,
      framing: listener.framing,
      peer: certificate && pinOf(certificate),
      limits,
      ready: events.ready,
      spoke: () => silent.delete(id),
      dropped: (why) => events.note({ kind: 'connection-dropped', listener: listener.name, why }),
      closed: () => {
        connections.delete(id);
        silent.delete(id);
        listener.onClosed?.(id);
        events.closed(id);
      },
    });
    connections.set(id, connection);
    silent.set(id, performance.now());
    listener.onOpened?.(id, from, connection.stream, certificate);
    events.opened(id, connection);
  }

  function forget(from: string): void {
    const left = (perAddress.get(from) ?? 1) - 1;
    if (left > 0) perAddress.set(from, left);
    else perAddress.delete(from);
  }
}

/** Why a client is not let in. Who shows nothing may be nobody; who shows what does not hold is not let in as nobody. */
function distrust(socket: TLSSocket, certificates: 'none' | 'wanted' | 'needed'): string | undefined {
  if (certificates === 'none' || socket.authorized) return undefined;
  if (socket.getPeerX509Certificate() !== undefined) return `${socket.authorizationError}`;
  return certificates === 'needed' ? 'no-certificate' : undefined;
}

/** The server without its rules. A TLS handshake must be done in the time that a first message may take. */
function createPortServer<M>(
  { tls, certified }: Listener<M>,
  handshakeTimeout: number,
  onFailed: (why: string) => void,
): Server {
  const server = certified?.server ?? (tls && createPinnedServer(tls, handshakeTimeout));
  if (server === undefined) return createServer();
  server.on('tlsClientError', (error, socket) => {
    onFailed(systemCode(error) || 'unknown');
    socket.destroy();
  });
  return server;
}

const createPinnedServer = (
  { identity, protocol, asksWho }: NonNullable<Listener<never>['tls']>,
  handshakeTimeout: number,
): TlsServer =>
  createTlsServer({
    ...identity,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [protocol],
    handshakeTimeout,
    // The pin decides, not an authority.
    requestCert: asksWho === true,
    rejectUnauthorized: false,
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
