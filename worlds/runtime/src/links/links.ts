/**
 * The links between members: one TLS connection for each pair. The member with the smaller id calls, the other one
 * listens, so there is never a tie to break; either end may drop the link, and the caller calls again. A node that does not
 * listen calls all others, who know it without an address.
 */

import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { assert, MAX_FRAME_BYTES, type MessageCodec, type NodeId } from '@concordat/kernel';
import type { TlsIdentity } from '../crypto/identity.ts';
import { asError, RuntimeError } from '../errors.ts';
import { createAcceptor, type Stranger } from './accept.ts';
import { createDialer, type Dialer } from './dial.ts';
import { greet } from './greeting.ts';
import { createPeer, type Peer, type PeerEvents, type PeerLimits } from './peer.ts';
import { LINK_PROTOCOL, linkContext, pinTable } from './pins.ts';

export interface Address {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** `port` 0: it cannot be called, and calls. */
export interface PeerAddress extends Address {
  /** Hexadecimal SHA-256 of the public key of the peer's link certificate (`pinOf`). */
  readonly pin: string;
}

export interface MembersOptions {
  readonly self: NodeId;
  /** Null for a node that nobody calls: it calls all others, whatever their ids. */
  readonly listen: Address | null;
  readonly tls: TlsIdentity;
  /** All other members. */
  readonly peers: ReadonlyMap<NodeId, PeerAddress>;
  readonly limits?: Partial<LinkLimits>;
}

export interface LinkLimits extends PeerLimits {
  readonly handshakeMs: number;
  /** Callers whose identity is not proven yet. */
  readonly strangersMax: number;
  /** Calls from one address within a second. */
  readonly callsPerSecond: number;
  /** How often links are looked at; a quiet one is kept alive at this pace. */
  readonly beatMs: number;
}

const LIMITS: LinkLimits = {
  inboxBytes: 8 * 1024 * 1024,
  outboxBytes: 64 * 1024 * 1024,
  silentMs: 10_000,
  frameBytes: MAX_FRAME_BYTES,
  handshakeMs: 5000,
  strangersMax: 64,
  callsPerSecond: 100,
  beatMs: 1000,
};

export interface Links {
  readonly peers: ReadonlyMap<NodeId, Peer>;
  /** Null where it does not listen. */
  readonly address: AddressInfo | null;
  /** Another member, from now on; one that is known stays as it is. Throws `bad-configuration` if its pin is malformed or taken. */
  add(id: NodeId, address: PeerAddress): void;
  /** Ends the link to a member for good; it may be added again, also with another pin. */
  remove(id: NodeId): void;
  /** Starts to call. Before that, nobody is linked. */
  open(): void;
  /** Lets what was sent leave, then closes; what a peer does not take in time is dropped. */
  close(): Promise<void>;
  /** Drops everything at once. */
  destroy(): void;
}

export interface LinkEvents<M> extends Omit<PeerEvents<M>, 'down' | 'onDemand'> {
  /** Somebody may be linked from now on. */
  readonly met?: (peer: Peer) => void;
  /** Nobody of this id is linked any more. */
  readonly left?: (id: NodeId) => void;
}

const CLOSE_MS = 1000;

/** Binds the port. Rejects with `port-failed` or `bad-configuration`. */
export async function createLinks<M>(
  options: MembersOptions,
  codec: MessageCodec<M>,
  events: LinkEvents<M>,
): Promise<Links> {
  const { self, tls } = options;
  const limits: LinkLimits = { ...LIMITS, ...options.limits };
  const others = new Map([...options.peers].filter(([id]) => id !== self));
  const pins = new Map(pinTable(others));
  const context = linkContext(tls);
  const dialers = new Map<NodeId, Dialer>();
  const peers = new Map<NodeId, Peer>();
  const meet = (id: NodeId): void => {
    const peer = createPeer(id, codec, limits, { ...events, down: () => dialers.get(id)?.redial() });
    peers.set(id, peer);
    events.met?.(peer);
  };
  for (const id of others.keys()) meet(id);
  let isOpen = false;
  const onLink = (id: NodeId, socket: Socket, rest: Buffer): void => {
    // One that was removed while it was greeted is nobody any more.
    const peer = peers.get(id);
    if (isOpen && peer !== undefined) peer.attach(socket, rest);
    else socket.destroy();
  };
  const { handshakeMs } = limits;
  const common = { self, pins, handshakeMs, onLink, onNote: events.note };
  const mayCall = (id: NodeId): boolean => id < self || others.get(id)?.port === 0;
  const { listen } = options;
  const onCaller = (id: NodeId, caller: TLSSocket, stranger: Stranger): void => {
    // One of two calls: a member that calls the wrong way round could make links flap.
    if (!mayCall(id)) return stranger.refuse('wrong-direction');
    greet(caller, self, id, (rest) => {
      stranger.known();
      onLink(id, caller, rest);
    });
  };
  const calls = { ...limits, ...common, tls, protocols: [LINK_PROTOCOL], onCaller };
  const acceptor = listen === null ? null : createAcceptor(calls);
  const address =
    listen === null || acceptor === null
      ? null
      : await listening(acceptor.server, listen, 'members').catch((error: unknown) => {
          acceptor.close();
          throw error;
        });
  const beat = setInterval(() => {
    for (const peer of peers.values()) peer.beat(limits.beatMs);
  }, limits.beatMs);

  const call = (id: NodeId, { host, port }: Address): void => {
    const isCaller = acceptor === null || (self < id && port !== 0);
    if (isCaller) dialers.set(id, createDialer({ ...common, peer: id, host, port, context }));
  };
  const stop = (): void => {
    isOpen = false;
    clearInterval(beat);
    acceptor?.close();
    for (const dialer of dialers.values()) dialer.close();
  };
  return {
    peers,
    address,
    add: (id, peer) => {
      if (id === self || others.has(id)) return;
      for (const [pin, known] of pinTable(new Map([...others, [id, peer]]))) pins.set(pin, known);
      others.set(id, peer);
      meet(id);
      if (isOpen) call(id, peer);
    },
    remove: (id) => {
      const pin = others.get(id)?.pin;
      if (pin === undefined) return;
      pins.delete(pin);
      others.delete(id);
      dialers.get(id)?.close();
      dialers.delete(id);
      peers.get(id)?.detach('removed');
      peers.delete(id);
      events.left?.(id);
    },
    open: () => {
      isOpen = true;
      for (const [id, peer] of others) call(id, peer);
    },
    close: async () => {
      stop();
      const ends = [...peers.values()].map((peer) => peer.end());
      await Promise.race([
        Promise.all(ends),
        new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
      ]);
      for (const peer of peers.values()) peer.detach('closed');
    },
    destroy: () => {
      stop();
      for (const peer of peers.values()) peer.detach('halted');
    },
  };
}

interface Listening {
  listen(port: number, host: string): unknown;
  once(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  address(): AddressInfo | string | null;
}

/** Binds a server; `purpose` names it in the error. */
export function listening(server: Listening, address: Address, purpose: string): Promise<AddressInfo> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => {
      const reason = asError(error).message;
      reject(
        new RuntimeError('port-failed', `cannot listen for ${purpose} on ${host}:${port}: ${reason}`, error),
      );
    };
    server.once('error', onError);
    server.once('listening', () => {
      server.off('error', onError);
      const bound = server.address();
      assert(bound !== null && typeof bound === 'object', 'a TCP server has an address');
      resolve(bound);
    });
    server.listen(port, host);
  });
}
