/** Ports of this machine, asked before anything is started: a name for what is wrong beats a daemon that dies. */

import { createServer } from 'node:net';
import { CommandError } from '../errors.ts';

const LOOPBACK = '127.0.0.1';

/** Why nobody can listen on `port` now, as the system's error code, or null. */
function obstacle(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: LOOPBACK, port }, () => server.close(() => resolve(null)));
  });
}

/** Rejects with `port-taken` if one of `ports` is in use on the loopback, or may not be used by this user. */
export async function requireFreePorts(ports: readonly number[], advice: string): Promise<void> {
  for (const port of ports) {
    const why = await obstacle(port);
    if (why === null) continue;
    const text = why === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${why})`;
    throw new CommandError('port-taken', `port ${port} of ${LOOPBACK} ${text}`, advice);
  }
}
