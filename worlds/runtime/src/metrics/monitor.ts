/**
 * The HTTP endpoint for operators: /metrics (Prometheus), /health (the process is alive) and /ready (it does its
 * work). On loopback unless configured otherwise: it authenticates nobody.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Address, listening } from '../links/links.ts';
import type { Metrics } from './metrics.ts';

export interface MonitorOptions {
  /** Loopback, on a port of the system's choice, unless told. */
  readonly listen?: Address;
  readonly metrics: Metrics;
  /** Null while all is well, otherwise why not. */
  readonly unhealthy: () => string | null;
  readonly unready: () => string | null;
}

export interface Monitor {
  readonly address: AddressInfo;
  close(): Promise<void>;
}

/** Rejects with `port-failed`. */
export async function startMonitor(options: MonitorOptions): Promise<Monitor> {
  const server = createServer((request, response) => answer(options, request, response));
  server.requestTimeout = 10_000;
  server.maxConnections = 64;
  const address = await listening(server, options.listen ?? { host: '127.0.0.1', port: 0 }, 'the monitor');
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(options: MonitorOptions, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?')[0];
  const reply = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const verdict = (why: string | null): void => reply(why === null ? 200 : 503, `${why ?? 'ok'}\n`);
  if (request.method !== 'GET' && request.method !== 'HEAD') reply(405, 'GET or HEAD only\n');
  else if (path === '/metrics')
    reply(200, options.metrics.render(), 'text/plain; version=0.0.4; charset=utf-8');
  else if (path === '/health') verdict(options.unhealthy());
  else if (path === '/ready') verdict(options.unhealthy() ?? options.unready());
  else reply(404, 'try /metrics, /health or /ready\n');
}
