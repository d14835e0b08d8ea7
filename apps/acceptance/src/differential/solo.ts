/** The keeper without replication (`systems/keeper/dist/edge/solo.js`) as a server to compare with. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Endpoint, startServer, untilServing } from '@concordat/bench';
import { freePort } from '@concordat/runtime';

export interface Solo {
  readonly endpoints: readonly Endpoint[];
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./solo.js', import.meta.resolve('@concordat/keeper/edge')));

/** Starts it on a free port; rejects with a `ClusterError`. */
export async function startSolo(): Promise<Solo> {
  const folder = mkdtempSync(join(tmpdir(), 'concordat-solo-'));
  const port = await freePort();
  const endpoint: Endpoint = { host: '127.0.0.1', port };
  const server = startServer([process.execPath, MAIN, String(port)], join(folder, 'server.log'));
  const stop = async (): Promise<void> => {
    server.child.kill('SIGKILL');
    await server.gone;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilServing(endpoint, server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoints: [endpoint], stop };
}
