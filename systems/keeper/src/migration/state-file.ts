/**
 * A whole tree as one file: what a federation begins with instead of nothing. The same tree is the same bytes, whoever
 * writes it, and anything else is not read: members compare it by its hash.
 *
 *   "concordat keeper state 1\n" | u53 zxid | u32 nodes | (text path | bytes node)*
 *
 * Paths ascend by their UTF-16 units, so parents come first; a node is as in the ordered state (`tree/znode.ts`). There
 * are no ephemeral nodes, and nothing at `/zookeeper/config`, which tells the members.
 */

import { MAX_ENTRY_BYTES } from '@concordat/state';
import { createReader, createWriter, equalBytes, type Reader, utf8 } from '@concordat/wire';
import { CONFIG_PATH, isValidPath, parentOf, SPECIAL_PATHS } from '../tree/paths.ts';
import { CONTAINER_OWNER, encodeZnode, isTtl, NO_OWNER, readZnode, type Znode } from '../tree/znode.ts';

/** A keeper's first state. */
export interface KeeperGenesis {
  /** The next transaction has the one above it. */
  readonly zxid: number;
  /** By path, ascending. */
  readonly nodes: readonly (readonly [path: string, node: Znode])[];
}

const MAGIC = utf8('concordat keeper state 1\n');
/** A path, and a node with the empty list and no data. */
const LEAST_BYTES = 75;
/** What an entry of the state takes beside its key and value, with room to spare. */
const ENTRY_MARGIN_BYTES = 1024;
/** Of a path and what a node holds together. */
export const MAX_NODE_BYTES = MAX_ENTRY_BYTES - ENTRY_MARGIN_BYTES;
const MAX_NODES = 2 ** 31;

/** PERF: the bytes of a path are counted only where they matter. */
const hasRoom = (path: string, nodeBytes: number): boolean =>
  3 * path.length + nodeBytes <= MAX_NODE_BYTES || utf8(path).length + nodeBytes <= MAX_NODE_BYTES;

/** True if a node has room in the ordered state, where its list of permissions has a bound of its own. */
export function fitsState(path: string, node: Znode): boolean {
  const written = encodeZnode(node);
  return hasRoom(path, written.length) && readNode(createReader(written)) !== null;
}

/** The nodes that every tree has never go. */
export const staysWhereItMust = (path: string, { owner }: Pick<Znode, 'owner'>): boolean =>
  owner === NO_OWNER || !SPECIAL_PATHS.includes(path);

export function encodeGenesis({ zxid, nodes }: KeeperGenesis): Uint8Array {
  const writer = createWriter(64 * 1024);
  writer.fixed(MAGIC);
  writer.u53(zxid);
  writer.list(nodes, ([path, node]) => {
    writer.text(path);
    writer.bytes(encodeZnode(node));
  });
  return writer.finish();
}

/** Null for anything but what `encodeGenesis` writes of a tree. Data are copies. */
export function decodeGenesis(bytes: Uint8Array): KeeperGenesis | null {
  const reader = createReader(bytes);
  if (!equalBytes(reader.fixed(MAGIC.length), MAGIC)) return null;
  const zxid = reader.u53();
  const seen = new Set<string>();
  let last = '';
  const nodes = reader.list(MAX_NODES, LEAST_BYTES, () => {
    const path = reader.text(MAX_NODE_BYTES);
    const written = reader.bytes(MAX_NODE_BYTES);
    const node = readNode(createReader(written));
    const hasPlace = path === '/' ? last === '' : seen.has(parentOf(path));
    const isSound = isValidPath(path) && path > last && hasPlace && path !== CONFIG_PATH;
    if (node === null || !isSound || !hasRoom(path, written.length)) reader.fail();
    last = path;
    seen.add(path);
    return [path, node] as const;
  });
  const isWhole = seen.has('/') && nodes.every((entry) => isLiving(entry, zxid));
  return isWhole ? reader.finish({ zxid, nodes: nodes.filter(hasNode) }) : null;
}

export function readNode(reader: Reader): Znode | null {
  return reader.finish(readZnode(reader, MAX_NODE_BYTES));
}

type Entry = readonly [path: string, node: Znode | null];

const hasNode = (entry: Entry): entry is readonly [string, Znode] => entry[1] !== null;

/** Nobody's session is carried over, and nothing is newer than the last transaction. */
function isLiving([path, node]: Entry, zxid: number): boolean {
  if (node === null || !staysWhereItMust(path, node)) return false;
  const { owner, czxid, mzxid, pzxid } = node;
  const isKnown = owner === NO_OWNER || owner === CONTAINER_OWNER || isTtl(node);
  return isKnown && Math.max(czxid, mzxid, pzxid) <= zxid;
}
