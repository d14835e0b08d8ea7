/**
 * The port on which others call. Until a caller has proven who it is, it gets little time and a place among a
 * bounded number of strangers; when those are too many, the one that has waited longest makes room, so a crowd of
 * slow strangers cannot keep a member out, whose handshake takes milliseconds.
 */

import { constants } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { NodeId, Note } from '@concordat/kernel';
import { pinOf, type TlsIdentity } from '../crypto/identity.ts';
import { awaitIntroduction } from './introduction.ts';
import { INTRODUCED_PROTOCOL, identify } from './pins.ts';

export interface AcceptorOptions {
  readonly tls: TlsIdentity;
  readonly protocols: readonly string[];
  readonly pins: ReadonlyMap<string, NodeId>;
  /** For all that happens until it is clear who calls and what for. */
  readonly handshakeMs: number;
  readonly strangersMax: number;
  /** Calls from one address within a second; more are hung up on before they cost a handshake. */
  readonly callsPerSecond: number;
  /** What a stranger must pass before its handshake; `secure` lets it go on. */
  readonly screen?: (stranger: Stranger, secure: () => void) => void;
  /** Who shows this introduction with a certificate of this pin, if that makes it known; with it `INTRODUCED_PROTOCOL` is spoken. */
  readonly introduced?: (introduction: Uint8Array, pin: string) => NodeId | null;
  /** It has proven who it is, and remains a stranger until the listener says that it is known. */
  readonly onCaller: (peer: NodeId, socket: TLSSocket, stranger: Stranger) => void;
  readonly onNote: (note: Note) => void;
}

/** A caller whose business is not settled yet. */
export interface Stranger {
  readonly raw: Socket;
  /** From here on it is the listener's: no deadline, no crowd. */
  known(): void;
  refuse(why: string): void;
}

export interface Acceptor {
  readonly server: Server;
  /** Callers not yet known. */
  readonly strangers: number;
  /** Takes a socket for a call, however it came to be. */
  admit(raw: Socket): void;
  /** Stops listening and drops strangers. */
  close(): void;
}

export function createAcceptor(options: AcceptorOptions): Acceptor {
  /** By the ends of their sockets, the oldest first. */
  const strangers = new Map<string, Stranger>();
  const server = createServer();
  const secure = createTlsServer({
    key: options.tls.key,
    cert: options.tls.cert,
    minVersion: 'TLSv1.3',
    requestCert: true,
    // The pin decides, not an authority.
    rejectUnauthorized: false,
    ALPNProtocols: [...options.protocols, ...(options.introduced === undefined ? [] : [INTRODUCED_PROTOCOL])],
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
  let calls = new Map<string, number>();
  const forgetCalls = setInterval(() => {
    calls = new Map();
  }, 1000);
  server.on('error', () => options.onNote({ kind: 'link-refused', why: 'accept-failed' }));
  server.on('connection', (raw: Socket) => {
    const from = raw.remoteAddress ?? '';
    const already = calls.get(from) ?? 0;
    calls.set(from, already + 1);
    if (already < options.callsPerSecond) admit(raw);
    else {
      options.onNote({ kind: 'link-refused', why: 'too-many-calls' });
      raw.destroy();
    }
  });
  secure.on('tlsClientError', (_error, socket: TLSSocket) => {
    options.onNote({ kind: 'link-refused', why: 'handshake-failed' });
    socket.destroy();
  });
  secure.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => {});
    const stranger = strangers.get(nameOf(socket));
    if (stranger === undefined) socket.destroy();
    else if (socket.alpnProtocol === INTRODUCED_PROTOCOL) hear(socket, stranger);
    else meet(identify(socket, options.pins, options.protocols), socket, stranger);
  });
  return {
    server,
    get strangers() {
      return strangers.size;
    },
    admit,
    close: () => {
      clearInterval(forgetCalls);
      server.close();
      for (const { raw } of strangers.values()) raw.destroy();
    },
  };

  function meet(peer: NodeId | null, socket: TLSSocket, stranger: Stranger): void {
    if (peer === null) stranger.refuse('unknown-pin');
    else options.onCaller(peer, socket, stranger);
  }

  /** Who is known already needs no introduction. */
  function hear(socket: TLSSocket, stranger: Stranger): void {
    awaitIntroduction(socket, (introduction) => {
      const known = identify(socket, options.pins, [INTRODUCED_PROTOCOL]);
      const certificate = socket.getPeerX509Certificate();
      if (known !== null || introduction === null || certificate === undefined) meet(known, socket, stranger);
      else meet(options.introduced?.(introduction, pinOf(certificate.raw)) ?? null, socket, stranger);
    });
  }

  function admit(raw: Socket): void {
    const name = nameOf(raw);
    const stranger: Stranger = { raw, known, refuse };
    strangers.set(name, stranger);
    const deadline = setTimeout(() => refuse('handshake-timeout'), options.handshakeMs);
    raw.on('error', () => {});
    raw.on('close', known);
    if (strangers.size > options.strangersMax) strangers.values().next().value?.refuse('too-many-strangers');
    const proceed = (): void => {
      if (!raw.destroyed) secure.emit('connection', raw);
    };
    if (options.screen === undefined) proceed();
    else options.screen(stranger, proceed);

    function known(): void {
      clearTimeout(deadline);
      if (strangers.get(name) === stranger) strangers.delete(name);
    }

    function refuse(why: string): void {
      options.onNote({ kind: 'link-refused', why });
      known();
      raw.destroy();
    }
  }
}

const nameOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`;
