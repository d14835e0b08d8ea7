/** Concordat on this machine: four domains, started and hurt through the command line that people use. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Cluster, ClusterError, type ClusterOptions } from './cluster.ts';

const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));

/** How to get what `startConcordat` needs, or null when it is there. */
export function concordatMissing(): string | null {
  return existsSync(MAIN) ? null : 'concordat is not built: npm run build';
}

/** Starts four domains; rejects with a `ClusterError`. */
export async function startConcordat(_options: ClusterOptions = {}): Promise<Cluster> {
  throw new ClusterError('CLUSTER_MISSING', concordatMissing() ?? 'concordat cannot be started from here');
}
