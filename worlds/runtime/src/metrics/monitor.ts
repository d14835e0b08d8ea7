/**
 * The HTTP endpoint for operators: /metrics (Prometheus), /health (the process is alive), /ready (it does its work), and
 * the pages of whoever runs it. On loopback unless configured otherwise: it authenticates nobody.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Address, listening } from '../links/links.ts';
import { bodyOf, refuseBody } from '../listeners/request-body.ts';
import type { Metrics } from './metrics.ts';

export interface PageRequest {
  /** GET for HEAD, too. */
  readonly method: 'GET' | 'POST';
  /** What follows the pages' path and a slash, undecoded; empty for the path itself. */
  readonly name: string;
  /** The IP address that asks. */
  readonly peer: string;
  readonly host: string;
  /** Browsers name here the page on whose behalf they ask; null from all others. */
  readonly origin: string | null;
  /** Of a POST. */
  readonly body: string;
}

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface Pages {
  /** Begins with a slash. */
  readonly path: string;
  answer(request: PageRequest): Page | Promise<Page>;
}

export interface MonitorOptions {
  /** Loopback, on a port of the system's choice, unless told. */
  readonly listen?: Address;
  readonly metrics: Metrics;
  /** Null while all is well, otherwise why not. */
  readonly unhealthy: () => string | null;
  readonly unready: () => string | null;
  /** At a path of their own, below `/metrics` and its like. */
  readonly pages?: Pages;
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

const MAX_BODY_BYTES = 4096;

function answer(options: MonitorOptions, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const reply = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const verdict = (why: string | null): void => reply(why === null ? 200 : 503, `${why ?? 'ok'}\n`);
  const { pages } = options;
  if (pages !== undefined && (path === pages.path || path.startsWith(`${pages.path}/`)))
    void answerPage(pages, path, request, response, reply);
  else if (request.method !== 'GET' && request.method !== 'HEAD') reply(405, 'GET or HEAD only\n');
  else if (path === '/metrics')
    reply(200, options.metrics.render(), 'text/plain; version=0.0.4; charset=utf-8');
  else if (path === '/health') verdict(options.unhealthy());
  else if (path === '/ready') verdict(options.unhealthy() ?? options.unready());
  else reply(404, `try ${['/metrics', '/health', ...(pages ? [pages.path] : [])].join(', ')} or /ready\n`);
}

async function answerPage(
  pages: Pages,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  reply: (status: number, body: string, type?: string) => void,
): Promise<void> {
  const { method, headers, socket } = request;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
    return reply(405, 'GET, HEAD or POST only\n');
  const body = method === 'POST' ? await bodyOf(request, MAX_BODY_BYTES) : '';
  if (body === 'broken') return;
  if (body === 'too-large')
    return refuseBody(request, response, 413, `a body has at most ${MAX_BODY_BYTES} bytes\n`);
  const asked: PageRequest = {
    method: method === 'POST' ? 'POST' : 'GET',
    name: path.slice(pages.path.length + 1),
    peer: socket.remoteAddress ?? '',
    host: headers.host ?? '',
    origin: headers.origin ?? null,
    body: body.toString('utf8'),
  };
  try {
    const page = await pages.answer(asked);
    reply(page.status, page.body, page.type);
  } catch {
    // What only looks on must not bring down what it looks at.
    reply(500, 'the page failed\n');
  }
}
