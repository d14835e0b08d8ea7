/** Ports for those who must know them before they listen: nodes of one machine that name each other in their configuration. */

import { createServer, type ListenOptions } from 'node:net';

/** Below those that systems give to outgoing connections: one of these would take what is only meant to be listened at. */
const [FIRST, COUNT] = [10_000, 20_000];
const ATTEMPTS = 1_000;

/** What this process has claimed, and does not give away again though nobody listens at it yet. */
const given = new Set<number>();

/** A port of the loopback address that nobody listens at, and that no other process of this machine was given by us. */
export const freePort = (): Promise<number> => freePortRange(1);

/**
 * The first of `count` consecutive ports, each as `freePort` gives them.
 *
 * @throws {Error} when there are none.
 */
export async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = FIRST + Math.floor(Math.random() * (COUNT - count));
    const range = Array.from({ length: count }, (_, i) => first + i);
    if (range.some((port) => given.has(port))) continue;
    for (const port of range) given.add(port);
    const free = await Promise.all(
      range.map(async (port) => (await isPortFree(port)) && (await claim(port))),
    );
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} consecutive free ports in ${FIRST} to ${FIRST + COUNT}`);
}

/** True if nobody listens at this port of the loopback address. */
export const isPortFree = (port: number): Promise<boolean> => canListen({ port, host: '127.0.0.1' });

/**
 * Tells other processes that this one has the port, for as long as it lives: they may look at it before anybody listens
 * there. The claim is a socket without a file, which only Linux has; elsewhere two processes may be given one port.
 */
async function claim(port: number): Promise<boolean> {
  return process.platform !== 'linux' || (await canListen({ path: `\0concordat-port-${port}` }, 'goes on'));
}

async function canListen(at: ListenOptions, then: 'closes' | 'goes on' = 'closes'): Promise<boolean> {
  const server = createServer().unref();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(at, () => resolve(true));
  });
  if (isListening && then === 'closes') await new Promise((resolve) => server.close(resolve));
  return isListening;
}
