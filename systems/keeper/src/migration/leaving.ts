/** A keeper's whole tree for another server: what clients are not told of nodes is kept, what sessions own is left out. */

import type { Keeper } from '../keeper.ts';
import { CONFIG_PATH } from '../tree/paths.ts';
import { isEphemeral, isTtl, type Znode } from '../tree/znode.ts';

export interface Leaving {
  /** Of the last transaction in it. */
  readonly zxid: number;
  /** By path, ascending, so parents come first. */
  readonly nodes: readonly (readonly [path: string, node: Znode])[];
  readonly bytes: number;
  /** Left out. */
  readonly ephemerals: number;
  /** ZooKeeper takes these for ephemerals unless it is told that there are such nodes. */
  readonly ttlNodes: number;
  /** Nodes with a list that names domains, which ZooKeeper does not know. */
  readonly ofDomains: number;
}

const NOTHING = new Uint8Array(0);

export function leavingFrom({ tree, meta }: Keeper): Leaving {
  const nodes: (readonly [string, Znode])[] = [];
  let [bytes, ephemerals, ttlNodes, ofDomains] = [0, 0, 0, 0];
  for (const [path, node] of tree.nodes.entries()) {
    if (isEphemeral(node)) {
      ephemerals++;
      continue;
    }
    // What is there tells the members of this federation.
    const kept = path === CONFIG_PATH ? { ...node, data: NOTHING } : node;
    nodes.push([path, kept]);
    bytes += kept.data?.length ?? 0;
    if (isTtl(node)) ttlNodes++;
    if (node.acl.some(({ scheme }) => scheme === 'domain')) ofDomains++;
  }
  nodes.sort(([a], [b]) => (a < b ? -1 : 1));
  return { zxid: meta.get().zxid, nodes, bytes, ephemerals, ttlNodes, ofDomains };
}
