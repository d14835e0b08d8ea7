/**
 * From a tree that ZooKeeper left to one that a keeper begins with: every node that outlives its session, in one order,
 * with the use below each quota counted anew as ZooKeeper does when it starts. What is left out is counted.
 */

import { type Acl, OPEN_ACL } from '../tree/acl.ts';
import { CONFIG_PATH, quotaNode, statsPath } from '../tree/paths.ts';
import { trackOf } from '../tree/track.ts';
import { CONTAINER_OWNER, NO_OWNER, type Znode } from '../tree/znode.ts';
import type { Flaw } from './flaw.ts';
import { cut, type Image, type ImageNode } from './image.ts';
import { fitsState, type KeeperGenesis, staysWhereItMust } from './state-file.ts';

export interface Census {
  readonly nodes: number;
  readonly bytes: number;
  readonly containers: number;
  readonly ttlNodes: number;
  readonly quotas: number;
  /** Left out. */
  readonly ephemerals: number;
  /** Left out. */
  readonly sessions: number;
  /** Nodes by schemes of their lists that mean nothing here: nobody is permitted anything by them. */
  readonly foreignSchemes: ReadonlyMap<string, number>;
}

export interface Migrated {
  readonly genesis: KeeperGenesis;
  readonly census: Census;
}

const SCHEMES = new Set(['world', 'digest', 'ip', 'sasl', 'x509', 'domain']);

/** A flaw's offset is of no use here: it is about a node and not about a place in a file. */
export function genesisFrom(image: Image, zxid: number): Migrated | Flaw {
  const paths = pathsThatStay(image);
  const uses = usesBelow(paths, (path) => image.nodes.get(path)?.data?.length ?? 0);
  const hasNode = (path: string): boolean => image.nodes.has(path);
  const nodes: (readonly [string, Znode])[] = [];
  for (const path of paths) {
    const found = image.nodes.get(path);
    if (found === undefined) continue;
    if (found.acl === null) return { flaw: `the permissions of ${path} are missing`, offset: 0 };
    const node = nodeOf(found, found.acl, countedData(path, found.data, hasNode, uses));
    if (found.session !== '' || !staysWhereItMust(path, node))
      return { flaw: `${path} does not last, as it must`, offset: 0 };
    if (!fitsState(path, node)) return { flaw: `${path} is larger than a node may be`, offset: 0 };
    if (Math.max(node.czxid, node.mzxid, node.pzxid) > zxid)
      return { flaw: `${path} is newer than the last transaction`, offset: 0 };
    nodes.push([path, node]);
  }
  let ephemerals = 0;
  for (const owned of image.ephemerals.values()) ephemerals += owned.size;
  return {
    genesis: { zxid, nodes },
    census: { ...censusOf(nodes), ephemerals, sessions: image.sessions.size },
  };
}

/** The same from nodes of a keeper, by path, ascending, without those of sessions. */
export function migratedFrom(
  nodes: KeeperGenesis['nodes'],
  zxid: number,
  left: Pick<Census, 'ephemerals' | 'sessions'>,
): Migrated {
  const sizes = new Map(nodes.map(([path, { data }]) => [path, data?.length ?? 0]));
  const uses = usesBelow([...sizes.keys()], (path) => sizes.get(path) ?? 0);
  const counted = nodes.map(([path, node]): readonly [string, Znode] => {
    const data = countedData(path, node.data, (other) => sizes.has(other), uses);
    return [path, data === node.data ? node : { ...node, data }];
  });
  return { genesis: { zxid, nodes: counted }, census: { ...censusOf(counted), ...left } };
}

/** Everything from the root on but ephemeral nodes, and the configuration. */
function pathsThatStay({ nodes }: Image): string[] {
  const paths = ['/'];
  for (const path of paths) {
    for (const name of nodes.get(path)?.children ?? []) {
      const child = path === '/' ? `/${name}` : `${path}/${name}`;
      if (nodes.get(child)?.session === '' && child !== CONFIG_PATH) paths.push(child);
    }
  }
  return paths.sort();
}

interface Use {
  nodes: number;
  bytes: number;
}

/** Nodes and bytes at and below every path, children before their parents. */
function usesBelow(paths: readonly string[], sizeOf: (path: string) => number): Map<string, Use> {
  const uses = new Map<string, Use>();
  for (let i = paths.length - 1; i >= 0; i--) {
    const path = paths[i]!;
    const own = useAt(uses, path);
    own.nodes += 1;
    own.bytes += sizeOf(path);
    if (path === '/') continue;
    const above = useAt(uses, cut(path).parent);
    above.nodes += own.nodes;
    above.bytes += own.bytes;
  }
  return uses;
}

function useAt(uses: Map<string, Use>, path: string): Use {
  let use = uses.get(path);
  if (use === undefined) {
    use = { nodes: 0, bytes: 0 };
    uses.set(path, use);
  }
  return use;
}

function countedData(
  path: string,
  data: Uint8Array | null,
  hasNode: (path: string) => boolean,
  uses: ReadonlyMap<string, Use>,
): Uint8Array | null {
  const quota = quotaNode(path);
  if (quota?.kind !== 'stats' || quota.of === '' || path !== statsPath(quota.of)) return data;
  const hasLimits = hasNode(path.replace(/zookeeper_stats$/, 'zookeeper_limits'));
  return hasLimits ? trackOf(uses.get(quota.of) ?? { nodes: 0, bytes: 0 }) : data;
}

const OPEN_ENTRY = OPEN_ACL[0];

const isOpen = ([entry, ...more]: readonly Acl[]): boolean =>
  more.length === 0 &&
  entry?.perms === OPEN_ENTRY?.perms &&
  entry?.scheme === OPEN_ENTRY?.scheme &&
  entry?.id === OPEN_ENTRY?.id;

const nodeOf = (found: ImageNode, acl: readonly Acl[], data: Uint8Array | null): Znode => ({
  data,
  acl: isOpen(acl) ? OPEN_ACL : acl,
  czxid: found.czxid,
  mzxid: found.mzxid,
  pzxid: found.pzxid,
  ctime: found.ctime,
  mtime: found.mtime,
  version: found.version,
  cversion: found.cversion,
  aversion: found.aversion,
  owner: found.owner,
});

function censusOf(nodes: KeeperGenesis['nodes']): Omit<Census, 'ephemerals' | 'sessions'> {
  let [bytes, containers, ttlNodes, quotas] = [0, 0, 0, 0];
  const foreignSchemes = new Map<string, number>();
  for (const [path, { data, owner, acl }] of nodes) {
    bytes += data?.length ?? 0;
    if (owner === CONTAINER_OWNER) containers++;
    else if (owner !== NO_OWNER) ttlNodes++;
    if (quotaNode(path)?.kind === 'limits') quotas++;
    for (const { scheme } of acl) {
      if (!SCHEMES.has(scheme)) foreignSchemes.set(scheme, (foreignSchemes.get(scheme) ?? 0) + 1);
    }
  }
  return { nodes: nodes.length, bytes, containers, ttlNodes, quotas, foreignSchemes };
}
