/** Opening ports, with errors that say what to do; and which names a request may call a local server by. */

import type { Socket as UdpSocket } from 'node:dgram';
import type { Server } from 'node:net';
import { asError, systemCode } from '@concordat/runtime';
import { StreamError } from './errors.ts';

export interface Endpoint {
  /** Loopback unless told: nobody is authenticated. */
  readonly host?: string;
  /** Of the system's choice unless told. */
  readonly port?: number;
}

export interface BoundEndpoint {
  readonly host: string;
  readonly port: number;
}

export const LOOPBACK = '127.0.0.1';

/** Rejects with `port-in-use`, `port-denied` or `port-failed`. */
export function listenTcp(server: Server, endpoint: Endpoint, purpose: string): Promise<BoundEndpoint> {
  const { host = LOOPBACK, port = 0 } = endpoint;
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => reject(portError(error, host, port, purpose));
    server.once('error', onError);
    server.listen(port, host, () => {
      // A connection that cannot be accepted, for want of files, is no reason to stop.
      server.off('error', onError).on('error', () => {});
      resolve(boundAt(server.address(), host));
    });
  });
}

/** Rejects like `listenTcp`. */
export function bindUdp(socket: UdpSocket, endpoint: Endpoint, purpose: string): Promise<BoundEndpoint> {
  const { host = LOOPBACK, port = 0 } = endpoint;
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => reject(portError(error, host, port, purpose));
    socket.once('error', onError);
    socket.bind(port, host, () => {
      socket.off('error', onError);
      resolve(boundAt(socket.address(), host));
    });
  });
}

function boundAt(address: ReturnType<Server['address']>, host: string): BoundEndpoint {
  return typeof address === 'object' && address !== null
    ? { host: address.address, port: address.port }
    : { host, port: 0 };
}

function portError(error: unknown, host: string, port: number, purpose: string): StreamError {
  const where = `${host}:${port}`;
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new StreamError('port-in-use', `${where} is taken: choose another port for ${purpose}`, error);
    case 'EACCES':
      return new StreamError(
        'port-denied',
        `${where} is not allowed for ${purpose}: choose a port above 1023`,
        error,
      );
    default:
      return new StreamError(
        'port-failed',
        `cannot open ${where} for ${purpose}: ${asError(error).message}`,
        error,
      );
  }
}

/**
 * Whether a request that names `host` (the Host header) means this server. A page of a foreign site can make its own
 * name point here (DNS rebinding) and would then be asked nothing further by the browser; numeric addresses and `localhost`
 * cannot be pointed elsewhere.
 */
export function isOwnHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined) return false;
  const name = host.replace(/:\d{1,5}$/, '').toLowerCase();
  if (name === 'localhost' || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name))
    return true;
  return allowed.some((other) => other.toLowerCase() === name);
}
