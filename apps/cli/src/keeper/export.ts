/**
 * Reads a tree through a client, for a snapshot of ZooKeeper. Clients are not told which nodes are containers or have a
 * TTL, by ZooKeeper neither: these become nodes that stay. Ephemeral nodes end with their sessions, so they stay behind.
 */

import {
  CONFIG_PATH,
  ErrorCode,
  isMasked,
  isSeenEphemeral,
  OpCode,
  type Znode,
  znodeSeen,
} from '@concordat/keeper';
import { type LiveClient, type LiveNode, readNode } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { CommandError } from '../errors.ts';
import { walkTree } from './walk.ts';

export interface Exported {
  /** Parents first. */
  readonly nodes: readonly (readonly [path: string, node: Znode])[];
  /** The newest that any node tells. */
  readonly zxid: number;
  readonly bytes: number;
  readonly ephemerals: number;
  /** Nodes with a list that names domains, which ZooKeeper does not know. */
  readonly ofDomains: number;
}

/** Rejects with a `CommandError` for a node that is not shown as it is, and with an `Error` if the server fails. */
export async function readTree(client: LiveClient, onNode: (nodes: number) => void): Promise<Exported> {
  const nodes: (readonly [string, Znode])[] = [];
  let [zxid, bytes, ephemerals, ofDomains] = [0, 0, 0, 0];
  const take = (path: string, found: LiveNode): readonly string[] => {
    // It went while its parent was read.
    if (found.err === ErrorCode.noNode && path !== '/') return [];
    if (found.stat !== null && isSeenEphemeral(found.stat)) {
      ephemerals++;
      return [];
    }
    const node = shownWhole(path, found);
    nodes.push([path, node]);
    zxid = Math.max(zxid, node.czxid, node.mzxid, node.pzxid);
    bytes += node.data?.length ?? 0;
    if (node.acl.some(({ scheme }) => scheme === 'domain')) ofDomains++;
    onNode(nodes.length);
    return found.children ?? [];
  };
  await client.request(OpCode.sync, bodies.path('/'));
  await walkTree('/', (path) => readNode(client, path), take);
  return { nodes, zxid, bytes, ephemerals, ofDomains };
}

const NOTHING = new Uint8Array(0);

function shownWhole(path: string, { data, stat, acl, children }: LiveNode): Znode {
  const advice = 'Give --auth with a credential that may read and administer every node.';
  if (data === null || stat === null || acl === null || children === null)
    throw new CommandError('not-shown', `${path} may not be read`, advice);
  if (isMasked(acl))
    throw new CommandError('not-shown', `the permissions of ${path} are shown without their hashes`, advice);
  // What is there tells the members of whoever serves it.
  return znodeSeen(path === CONFIG_PATH ? NOTHING : data, acl, stat);
}
