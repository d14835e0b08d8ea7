/**
 * The limiter as an HTTP service beside a server that is not written for Node: it asks before it answers, and says who knows whom.
 *
 *   POST /check    {"viewer", "viewed", "weight"?}   200: serve it; 429: do not; 503: charges cannot be kept
 *   POST /link     {"a", "b"}                        they know each other from now on
 *   POST /unlink   {"a", "b"}
 *   GET  /accounts/NAME                              how an account stands
 *   GET  /metrics, /health, /ready
 *
 * It answers once what it says is durable. It authenticates nobody, so it listens on the loopback unless told, and turns away
 * browsers: what a page that somebody visits sends to this machine's ports is nobody's question.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreditError } from '@concordat/credit/edge';
import { headersOf, type Limiter, problemOf, statusOf, type Verdict } from '@concordat/credit/limiter';
import { type Address, bodyOf, type Metrics, refuseBody } from '@concordat/runtime';
import { CommandError, messageOf } from '../errors.ts';

export interface ServiceOptions {
  readonly limiter: Limiter;
  readonly metrics: Metrics;
  readonly listen: Address;
}

export interface Service {
  readonly address: AddressInfo;
  /** Answers what was asked and takes nothing more. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 4096;
const MAX_CONNECTIONS = 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** For requests under way when it is told to stop. */
const CLOSING_MS = 3000;
const POLICY_NAME = 'genie';

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = (status: number, value: unknown): Reply => ({
  status,
  body: `${JSON.stringify(value)}\n`,
  type: 'application/json',
});

const bad = (why: string): Reply => json(400, { error: why });

/** Rejects with `port-failed`. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const server = createServer((request, response) => void answer(options, request, response));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  const address = await listen(server, options.listen);
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        const deadline = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
        server.close(() => {
          clearTimeout(deadline);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function listen(server: Server, { host, port }: Address): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void =>
      reject(
        new CommandError(
          'port-failed',
          `nobody can listen at ${host}:${port}: ${messageOf(error)}`,
          'Is it running already? --listen takes another port.',
        ),
      );
    server.once('error', failed);
    server.listen({ host, port }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return failed('it has no port');
      server.off('error', failed);
      resolve(address);
    });
  });
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** Why a request is not a server's, or null. A name that leads here by somebody's trick is not this machine's. */
function foreign({ listen: { host } }: ServiceOptions, { headers }: IncomingMessage): string | null {
  if (headers.origin !== undefined) return 'this is for servers, not for pages in browsers';
  const isLocal = LOOPBACK.test(host.includes(':') ? `[${host}]` : host);
  return isLocal && !LOOPBACK.test(headers.host ?? '') ? 'the host asked for is not this machine' : null;
}

async function answer(
  options: ServiceOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const why = foreign(options, request);
  if (why !== null) return refuseBody(request, response, 403, `${why}\n`);
  let reply: Reply | null;
  try {
    reply = await replyTo(options, request, response);
  } catch (error) {
    // What one request meets must not end the others.
    reply = error instanceof CreditError && error.code === 'bad-configuration' ? bad(error.message) : FAILED;
  }
  if (reply === null || response.headersSent) return;
  const { status, body, type = 'text/plain; charset=utf-8', headers = {} } = reply;
  const length = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...length, 'cache-control': 'no-store', ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

const FAILED: Reply = json(500, { error: 'it failed; nothing is known of what was charged' });
const NOT_FOUND = 'try POST /check, /link, /unlink, or GET /accounts/NAME, /metrics, /health, /ready\n';

/** Null: it is answered already, or nobody waits for an answer. */
async function replyTo(
  options: ServiceOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Reply | null> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (isReading) return read(options, path);
  const ask = POSTS[path];
  if (ask === undefined) return { status: path.startsWith('/accounts/') ? 405 : 404, body: NOT_FOUND };
  if (request.method !== 'POST') return { status: 405, body: 'POST only\n', headers: { allow: 'POST' } };
  const body = await bodyOf(request, MAX_BODY_BYTES);
  if (body === 'broken') return null;
  if (body === 'too-large') {
    refuseBody(request, response, 413, `a body has at most ${MAX_BODY_BYTES} bytes\n`);
    return null;
  }
  const fields = fieldsOf(body.toString('utf8'));
  return fields === null ? bad('the body is no JSON object') : ask(options.limiter, fields);
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

const isAccount = (value: unknown): value is string | number =>
  (typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isSafeInteger(value));

const POSTS: Readonly<Record<string, (limiter: Limiter, fields: Fields) => Promise<Reply>>> = {
  '/check': check,
  '/link': (limiter, fields) => change(limiter, fields, 'link'),
  '/unlink': (limiter, fields) => change(limiter, fields, 'unlink'),
};

async function check(limiter: Limiter, { viewer, viewed, weight = 1 }: Fields): Promise<Reply> {
  if (!isAccount(viewer) || !isAccount(viewed))
    return bad('"viewer" and "viewed" are names of accounts: text, or whole numbers');
  if (typeof weight !== 'number') return bad('"weight" is a number');
  const verdict = await limiter.check({ viewer, viewed, weight });
  return verdictReply(limiter, verdict);
}

/** The header fields are those that the server may pass on to its own client. */
function verdictReply({ store }: Limiter, verdict: Verdict): Reply {
  const { credit, recovery } = store.ledger.network.policy;
  const windowMs = recovery?.kind === 'linear' ? Math.ceil(credit / recovery.units) * recovery.everyMs : null;
  const headers = headersOf(verdict, { name: POLICY_NAME, windowMs, style: 'standard' });
  const { isAllowed, isDryRun, ...rest } = verdict;
  const said = { allowed: isAllowed, dryRun: isDryRun, ...rest };
  if (isAllowed) return { ...json(200, said), headers };
  const problem: unknown = JSON.parse(problemOf(verdict, POLICY_NAME));
  const about = typeof problem === 'object' ? problem : {};
  return {
    ...json(statusOf(verdict), { ...about, ...said }),
    type: 'application/problem+json',
    headers,
  };
}

async function change(limiter: Limiter, { a, b }: Fields, kind: 'link' | 'unlink'): Promise<Reply> {
  if (!isAccount(a) || !isAccount(b)) return bad('"a" and "b" are names of accounts: text, or whole numbers');
  const isChanged = limiter[kind](a, b);
  await limiter.durable();
  return json(200, { changed: isChanged });
}

function read({ limiter, metrics }: ServiceOptions, path: string): Reply {
  const failure = limiter.store.failure;
  const verdict = (why: string | null): Reply => ({
    status: why === null ? 200 : 503,
    body: `${why ?? 'ok'}\n`,
  });
  if (path === '/metrics')
    return { status: 200, body: metrics.render(), type: 'text/plain; version=0.0.4; charset=utf-8' };
  if (path === '/health') return verdict(null);
  if (path === '/ready')
    return verdict(failure === null ? null : `charges are not kept: ${messageOf(failure)}`);
  if (!path.startsWith('/accounts/')) return { status: 404, body: NOT_FOUND };
  const name = decoded(path.slice('/accounts/'.length));
  const standing = name === null || name === '' ? null : limiter.standing(name);
  return standing === null ? json(404, { error: 'no such account' }) : json(200, standing);
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
