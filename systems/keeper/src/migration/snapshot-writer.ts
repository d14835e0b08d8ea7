/**
 * A tree as a snapshot that ZooKeeper 3.5 and later loads: without sessions and ephemeral nodes, with the checksum that
 * every version writes and nothing of what only newer ones add.
 */

import { createWriter, type Writer } from '@concordat/wire';
import { writeAcl, writeBuffer, writeLong, writeString } from '../jute/writer.ts';
import type { Acl } from '../tree/acl.ts';
import { CONTAINER_OWNER, NO_OWNER, ttlOf, type Znode } from '../tree/znode.ts';
import { adler32 } from './adler32.ts';
import { FORMAT_VERSION, SNAPSHOT_MAGIC } from './snapshot.ts';

/** Nodes by path, parents first, none of a session. */
export function writeSnapshot(nodes: readonly (readonly [path: string, node: Znode])[]): Uint8Array {
  const writer = createWriter(64 * 1024);
  writer.i32(SNAPSHOT_MAGIC);
  writer.i32(FORMAT_VERSION);
  writer.i64(-1n);
  writer.i32(0);
  const lists = listsOf(nodes);
  writer.i32(lists.size);
  for (const [id, acl] of lists.values()) {
    writer.u53(id);
    writeAcl(writer, acl);
  }
  for (const [path, node] of nodes) writeNode(writer, path, node, lists.get(keyOf(node.acl))?.[0] ?? 0);
  writeString(writer, '/');
  const body = writer.finish();
  writer.fixed(body);
  writer.u53(adler32(body));
  writeString(writer, '/');
  return writer.finish();
}

const keyOf = (acl: readonly Acl[]): string =>
  JSON.stringify(acl.map(({ perms, scheme, id }) => [perms, scheme, id]));

function listsOf(nodes: readonly (readonly [string, Znode])[]): Map<string, [number, readonly Acl[]]> {
  const lists = new Map<string, [number, readonly Acl[]]>();
  for (const [, { acl }] of nodes) {
    const key = keyOf(acl);
    if (!lists.has(key)) lists.set(key, [lists.size + 1, acl]);
  }
  return lists;
}

function writeNode(writer: Writer, path: string, node: Znode, list: number): void {
  writeString(writer, path === '/' ? '' : path);
  writeBuffer(writer, node.data);
  writer.u53(list);
  writer.u53(node.czxid);
  writer.u53(node.mzxid);
  writer.u53(node.ctime);
  writer.u53(node.mtime);
  writer.i32(node.version);
  writer.i32(node.cversion);
  writer.i32(node.aversion);
  writeOwner(writer, node);
  writer.u53(node.pzxid);
}

const CONTAINER_HIGH = -0x8000_0000;
const EXTENDED_HIGH = 0xff00_0000 | 0;

function writeOwner(writer: Writer, node: Znode): void {
  if (node.owner === NO_OWNER) return writeLong(writer, { high: 0, low: 0 });
  if (node.owner === CONTAINER_OWNER) return writeLong(writer, { high: CONTAINER_HIGH, low: 0 });
  const ttl = ttlOf(node);
  writeLong(writer, { high: EXTENDED_HIGH | Math.floor(ttl / 2 ** 32), low: ttl >>> 0 });
}
