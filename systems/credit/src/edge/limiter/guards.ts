/**
 * The limiter in front of routes: Fastify hooks and a plugin, Express middleware, and a guard for plain servers. They ask the
 * application who looks at whom, put headers on every answer, and answer refusals with problem details. No framework is imported: what
 * is used of each is written down here as an interface.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccountId, Check, Limiter } from './limiter.ts';
import { type HeaderStyle, headersOf, PROBLEM_TYPE, problemOf, statusOf, type Verdict } from './verdict.ts';

export interface GuardOptions<Request> {
  /** Who asks; null: nobody in particular, and the request is not limited here. */
  readonly viewer: (request: Request) => AccountId | null;
  /** Whose data is asked for; null: nobody's. */
  readonly viewed: (request: Request) => AccountId | null;
  readonly weight?: (request: Request) => number;
  readonly headers?: HeaderStyle;
  /** The policy's name in headers: letters, digits, hyphens. */
  readonly name?: string;
  /** Told of every verdict, for logs. */
  readonly onVerdict?: (verdict: Verdict, request: Request) => void;
}

interface Answer {
  readonly verdict: Verdict;
  readonly headers: Readonly<Record<string, string>>;
  /** Null if the request is to be served. */
  readonly refusal: { readonly status: number; readonly body: string } | null;
}

/** The question a request asks, answered; null if it asks none. */
async function answerTo<Request>(
  limiter: Limiter,
  options: GuardOptions<Request>,
  request: Request,
): Promise<Answer | null> {
  const { name = 'genie', headers: style = 'standard' } = options;
  const [viewer, viewed] = [options.viewer(request), options.viewed(request)];
  if (viewer === null || viewed === null) return null;
  const question: Check = { viewer, viewed };
  const weight = options.weight?.(request);
  const verdict = await limiter.check(weight === undefined ? question : { ...question, weight });
  options.onVerdict?.(verdict, request);
  const { policy } = limiter.store.ledger.network;
  const { recovery } = policy;
  const windowMs =
    recovery === null || recovery.kind !== 'linear'
      ? null
      : Math.ceil(policy.credit / recovery.units) * recovery.everyMs;
  const headers = headersOf(verdict, { name, windowMs, style });
  if (verdict.isDryRun && verdict.why !== null)
    headers['concordat-dry-run'] = `would-refuse;why="${verdict.why}"`;
  const refusal = verdict.isAllowed ? null : { status: statusOf(verdict), body: problemOf(verdict, name) };
  return { verdict, headers, refusal };
}

/** What is used of Express's response, and of Node's. */
interface ExpressResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
}

/** Middleware of Express 4 and 5, Connect and Polka; place it behind whatever says who asks. */
export const expressLimiter =
  <Request>(limiter: Limiter, options: GuardOptions<Request>) =>
  (request: Request, response: ExpressResponse, next: (error?: unknown) => void): void => {
    answerTo(limiter, options, request).then((answer) => {
      if (answer === null || send(answer, response)) next();
    }, next);
  };

/** For plain servers: true if the request is to be served; else it has been answered. Rejects when a callback throws. */
export async function httpLimiter(
  limiter: Limiter,
  options: GuardOptions<IncomingMessage>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const answer = await answerTo(limiter, options, request);
  return answer === null || send(answer, response);
}

/** Sets headers; answers a refusal and returns false. */
function send({ headers, refusal }: Answer, response: ExpressResponse): boolean {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (refusal === null) return true;
  response.statusCode = refusal.status;
  response.setHeader('content-type', PROBLEM_TYPE);
  response.end(refusal.body);
  return false;
}

/** What is used of Fastify's reply. */
interface FastifyReply {
  code(status: number): FastifyReply;
  header(name: string, value: string): FastifyReply;
  type(type: string): FastifyReply;
  send(body: string): FastifyReply;
}

/** What is used of a Fastify instance. */
interface FastifyInstance<Request> {
  addHook(name: 'preHandler', hook: (request: Request, reply: FastifyReply) => Promise<unknown>): unknown;
}

/** A `preHandler` for one route: `{ preHandler: fastifyLimiter(limiter, options) }`. */
export const fastifyLimiter =
  <Request>(limiter: Limiter, options: GuardOptions<Request>) =>
  async (request: Request, reply: FastifyReply): Promise<unknown> => {
    const answer = await answerTo(limiter, options, request);
    if (answer === null) return undefined;
    for (const [name, value] of Object.entries(answer.headers)) reply.header(name, value);
    if (answer.refusal === null) return undefined;
    // A hook that returns the reply has answered: the route is not called.
    return reply.code(answer.refusal.status).type(PROBLEM_TYPE).send(answer.refusal.body);
  };

/** A plugin for all routes of the instance that registers it: `app.register(fastifyLimiterPlugin(limiter, options))`. */
export function fastifyLimiterPlugin<Request>(
  limiter: Limiter,
  options: GuardOptions<Request>,
): (instance: FastifyInstance<Request>) => Promise<void> {
  const plugin = async (instance: FastifyInstance<Request>): Promise<void> => {
    instance.addHook('preHandler', fastifyLimiter(limiter, options));
  };
  // Fastify's way of saying that hooks are for the registering instance, and not for a new one below it.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}
