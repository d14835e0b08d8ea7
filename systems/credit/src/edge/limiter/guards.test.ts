/** Real servers on loopback, one of each kind, behind the same limiter: the same answers. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { createMemoryLog } from '../store/memory-log.ts';
import {
  addNamed,
  expressLimiter,
  fastifyLimiter,
  fastifyLimiterPlugin,
  httpLimiter,
  noLinks,
  type OpenLimiterOptions,
  openLimiter,
} from './index.ts';

const HOUR_MS = 3_600_000;

async function openChain(more: Partial<OpenLimiterOptions> = {}) {
  const links = noLinks();
  for (const [a, b] of [
    ['ann', 'bob'],
    ['bob', 'cid'],
  ] as const)
    addNamed(links, a, b);
  const policy = { credit: 2, replenish: 1, everyMs: HOUR_MS };
  return openLimiter({ data: createMemoryLog(), policy, links, clock: () => HOUR_MS / 2, ...more });
}

interface Asking {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly url?: string | undefined;
}
const options = {
  viewer: ({ headers }: Asking) => (headers['x-account'] === undefined ? null : String(headers['x-account'])),
  viewed: ({ url = '' }: Asking) => /^\/profiles\/(\w+)/.exec(url)?.[1] ?? null,
  headers: 'both' as const,
};

interface Served {
  readonly port: number;
  close(): Promise<unknown>;
}

const servers: Readonly<Record<string, (more?: Partial<OpenLimiterOptions>) => Promise<Served>>> = {
  'fastify plugin': async (more) => {
    const app = fastify();
    const asked = { ...options, viewer: (request: FastifyRequest) => options.viewer(request) };
    await app.register(fastifyLimiterPlugin<FastifyRequest>(await openChain(more), asked));
    app.get('/profiles/:name', async () => 'profile');
    app.get('/', async () => 'home');
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
  },
  'fastify route': async (more) => {
    const app = fastify();
    const limiter = await openChain(more);
    app.get(
      '/profiles/:name',
      { preHandler: fastifyLimiter<FastifyRequest>(limiter, options) },
      async () => 'profile',
    );
    app.get('/', async () => 'home');
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
  },
  express: async (more) => {
    const app = express();
    app.use(expressLimiter<express.Request>(await openChain(more), options));
    app.get('/profiles/:name', (_, response) => {
      response.send('profile');
    });
    app.get('/', (_, response) => {
      response.send('home');
    });
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const close = () => new Promise((resolve) => server.close(resolve));
    return { port: (server.address() as AddressInfo).port, close };
  },
  'node:http': async (more) => {
    const limiter = await openChain(more);
    const server = createServer(async (request, response) => {
      if (await httpLimiter(limiter, options, request, response))
        response.end(request.url === '/' ? 'home' : 'profile');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () => new Promise((resolve) => server.close(resolve));
    return { port: (server.address() as AddressInfo).port, close };
  },
};

for (const [kind, start] of Object.entries(servers))
  test(`${kind}: headers on every answer, problems for those that are refused`, {
    timeout: 20_000,
  }, async () => {
    const server = await start();
    const ask = (path: string, account: string | null = 'ann') =>
      fetch(`http://127.0.0.1:${server.port}${path}`, {
        headers: { connection: 'close', ...(account === null ? {} : { 'x-account': account }) },
      });
    const first = await ask('/profiles/cid');
    assert.deepEqual([first.status, await first.text()], [200, 'profile']);
    assert.equal(first.headers.get('ratelimit-policy'), '"genie";q=2;w=7200');
    assert.equal(first.headers.get('ratelimit'), '"genie";r=1;t=1800;concordat-cost=1');
    assert.equal(first.headers.get('x-ratelimit-remaining'), '1');
    await ask('/profiles/cid');
    const refused = await ask('/profiles/cid');
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1800']);
    assert.match(refused.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.equal(((await refused.json()) as { reason: string }).reason, 'payer-exhausted');
    assert.equal((await ask('/profiles/bob')).status, 200);
    const home = await ask('/');
    assert.deepEqual([home.status, home.headers.get('ratelimit')], [200, null], 'nobody is looked at');
    assert.equal((await ask('/profiles/cid', null)).status, 200, 'nobody asks');
    await server.close();

    const dry = await start({ isDryRun: true });
    const answers = [];
    for (let i = 0; i < 3; i += 1)
      answers.push(
        await fetch(`http://127.0.0.1:${dry.port}/profiles/cid`, {
          headers: { connection: 'close', 'x-account': 'ann' },
        }),
      );
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(answers[2]?.headers.get('concordat-dry-run'), 'would-refuse;why="payer-exhausted"');
    assert.equal(answers[2]?.headers.get('retry-after'), null);
    await dry.close();
  });
