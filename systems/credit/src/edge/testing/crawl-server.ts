/**
 * A Fastify server with profiles behind the limiter, as a process of its own that can be killed:
 *
 *   node crawl-server.js DIRECTORY LINKS_FILE CREDIT REPLENISH
 *
 * It tells its parent the port. Its time stands still until somebody posts to /day, so that a figure does not depend on speed.
 */

import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { fastifyLimiterPlugin, openLimiter } from '../limiter/index.ts';

interface Asked {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly url: string;
}

// Nobody is left behind by a test that was stopped.
process.on('disconnect', () => process.exit());

const DAY_MS = 86_400_000;
const [directory, links, credit, replenish] = process.argv.slice(2) as [string, string, string, string];
let day = 20_000;

const limiter = await openLimiter({
  data: directory,
  links,
  policy: { credit: Number(credit), replenish: Number(replenish), everyMs: DAY_MS },
  clock: () => day * DAY_MS,
  snapshotEvery: 400,
});
const app = fastify();
await app.register(
  fastifyLimiterPlugin(limiter, {
    viewer: ({ headers }: Asked) =>
      headers['x-account'] === undefined ? null : String(headers['x-account']),
    viewed: ({ url }: Asked) => /^\/profiles\/(\w+)$/.exec(url)?.[1] ?? null,
  }),
);
app.get('/profiles/:name', async () => 'a profile');
app.post('/day', async () => {
  day += 1;
  return day;
});
await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.((app.server.address() as AddressInfo).port);
