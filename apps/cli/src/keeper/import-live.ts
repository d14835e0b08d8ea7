/**
 * Reads the tree of a running ensemble as a client: for whoever cannot get at its files. What clients are not told is lost
 * (which nodes are containers or have a TTL), and a tree that changes meanwhile is of no one moment, which is noticed.
 */

import { flawWords, genesisFromNodes, isFlaw, type Migrated } from '@concordat/keeper';
import { askWord, type LiveClient } from '@concordat/keeper/edge';
import { CommandError, messageOf } from '../errors.ts';
import { connectAll, type Endpoint, endpointsFrom } from './endpoints.ts';
import { readTree } from './export.ts';

export interface ImportedLive extends Migrated {
  /** Whom it was read from. */
  readonly endpoint: string;
  /** Last transactions as the server told them before and after; null where it does not tell. */
  readonly before: number | null;
  readonly after: number | null;
  /** Left out. */
  readonly ephemerals: number;
}

/** A connect string: nothing else that can be imported looks like it. */
export const isConnectString = (text: string): boolean => /^[^/\s]+:\d{1,5}(,[^/\s]+:\d{1,5})*$/.test(text);

/** Reads from the first of the servers that grants a session; rejects with a `CommandError`. */
export async function importLive(
  connectString: string,
  credentials: readonly string[],
  onNode: (nodes: number) => void,
): Promise<ImportedLive> {
  const endpoints = await endpointsFrom(connectString.split(','), '');
  const { endpoint, client } = await connectFirst(endpoints, credentials);
  try {
    const before = await lastZxid(endpoint);
    const { nodes, zxid, ephemerals } = await readTree(client, onNode);
    const after = await lastZxid(endpoint);
    const migrated = genesisFromNodes(nodes, Math.max(zxid, after ?? 0));
    if (isFlaw(migrated)) throw new CommandError('bad-import', flawWords(migrated));
    return { ...migrated, endpoint: endpoint.name, before, after, ephemerals };
  } finally {
    await client.close();
  }
}

async function connectFirst(
  endpoints: readonly Endpoint[],
  credentials: readonly string[],
): Promise<{ readonly endpoint: Endpoint; readonly client: LiveClient }> {
  const failures: string[] = [];
  for (const endpoint of endpoints) {
    try {
      const [client] = await connectAll([endpoint], credentials);
      if (client !== undefined) return { endpoint, client };
    } catch (error) {
      failures.push(`${endpoint.name}: ${messageOf(error)}`);
    }
  }
  throw new CommandError('no-session', `no server grants a session: ${failures.join('; ')}`);
}

/** What a server says is its last transaction, by its word "srvr"; null where it does not. */
export async function lastZxid(endpoint: Endpoint): Promise<number | null> {
  const text = await askWord(endpoint, 'srvr').catch(() => '');
  const zxid = Number.parseInt(/^Zxid: 0x([0-9a-f]{1,14})$/m.exec(text)?.[1] ?? '', 16);
  return Number.isSafeInteger(zxid) ? zxid : null;
}
