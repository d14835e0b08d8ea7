/**
 * The port on which other members call. Until a caller has proven who it is, it gets little time and a place among a
 * bounded number of strangers; when those are too many, the one that has waited longest makes room, so a crowd of
 * slow strangers cannot keep a member out, whose handshake takes milliseconds.
 */

import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { NodeId, Note } from '@concordat/kernel';
import type { TlsIdentity } from '../crypto/identity.ts';
import { greet } from './greeting.ts';
import { identify, LINK_PROTOCOL } from './pins.ts';

export interface AcceptorOptions {
  readonly self: NodeId;
  readonly tls: TlsIdentity;
  readonly pins: ReadonlyMap<string, NodeId>;
  /** Whether this peer is the one of the two that calls. */
  readonly mayCall: (peer: NodeId) => boolean;
  /** For the TLS handshake and the greeting together. */
  readonly handshakeMs: number;
  readonly strangersMax: number;
  /** Calls from one address within a second; more are hung up on before they cost a handshake. */
  readonly callsPerSecond: number;
  readonly onLink: (peer: NodeId, socket: Socket, rest: Buffer) => void;
  readonly onNote: (note: Note) => void;
}

export interface Acceptor {
  readonly server: Server;
  /** Callers not yet known. */
  readonly strangers: number;
  /** Stops listening and drops strangers. */
  close(): void;
}

export function createAcceptor(options: AcceptorOptions): Acceptor {
  /** Raw sockets of callers not yet known, by their address and port; the oldest first. */
  const strangers = new Map<string, Socket>();
  const server = createServer({
    key: options.tls.key,
    cert: options.tls.cert,
    minVersion: 'TLSv1.3',
    requestCert: true,
    // The pin decides, not an authority.
    rejectUnauthorized: false,
    ALPNProtocols: [LINK_PROTOCOL],
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
  let calls = new Map<string, number>();
  const forgetCalls = setInterval(() => {
    calls = new Map();
  }, 1000);
  server.on('error', () => options.onNote({ kind: 'link-refused', why: 'accept-failed' }));
  server.on('connection', (raw: Socket) => {
    const name = nameOf(raw);
    const from = raw.remoteAddress ?? '';
    const already = calls.get(from) ?? 0;
    calls.set(from, already + 1);
    if (already >= options.callsPerSecond) {
      options.onNote({ kind: 'link-refused', why: 'too-many-calls' });
      raw.destroy();
      return;
    }
    strangers.set(name, raw);
    const deadline = setTimeout(() => {
      if (strangers.get(name) === raw) refuse(name, 'handshake-timeout');
    }, options.handshakeMs);
    raw.on('error', () => {});
    raw.on('close', () => {
      clearTimeout(deadline);
      if (strangers.get(name) === raw) strangers.delete(name);
    });
    if (strangers.size > options.strangersMax)
      refuse(strangers.keys().next().value ?? name, 'too-many-strangers');
  });
  server.on('tlsClientError', (_error, socket: TLSSocket) => {
    options.onNote({ kind: 'link-refused', why: 'handshake-failed' });
    socket.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => {});
    const peer = identify(socket, options.pins);
    // One of two calls: a member that calls the wrong way round could make links flap.
    if (peer === null || !options.mayCall(peer)) {
      options.onNote({ kind: 'link-refused', why: peer === null ? 'unknown-pin' : 'wrong-direction' });
      socket.destroy();
      return;
    }
    greet(socket, options.self, peer, (rest) => {
      strangers.delete(nameOf(socket));
      options.onLink(peer, socket, rest);
    });
  });
  return {
    server,
    get strangers() {
      return strangers.size;
    },
    close: () => {
      clearInterval(forgetCalls);
      server.close();
      for (const raw of strangers.values()) raw.destroy();
    },
  };

  function refuse(name: string, why: string): void {
    options.onNote({ kind: 'link-refused', why });
    strangers.get(name)?.destroy();
    strangers.delete(name);
  }
}

const nameOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
