/** Ports for those who must know them before they listen: nodes of one machine that name each other in their configuration. */

import { createServer } from 'node:net';

/** Below those that systems give to outgoing connections: one of these would take what is only meant to be listened at. */
const [FIRST, COUNT] = [10_000, 20_000];

/** What was given away and may not be listened at yet. */
const given = new Set<number>();

/** A port of the loopback address that nobody listens at, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port)) continue;
    given.add(port);
    if (await isPortFree(port)) return port;
  }
}

/** True if nobody listens at this port of the loopback address. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
  });
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}
