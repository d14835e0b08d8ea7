/**
 * One node of the tree: an immutable record, replaced on every change, so that marks and observers see values. The
 * number of children is derived from the tree, never stored. `cversion` counts creations of children as ZooKeeper's
 * server does; a Stat shows `2 * cversion - numChildren`, the count of all changes.
 */

import { createWriter, type Reader, type Writer } from '@concordat/wire';
import type { Long } from '../jute/reader.ts';
import { longOfSession, MIN_SESSION_ID } from '../sessions/session-id.ts';
import { type Acl, readStoredAcl, writeStoredAcl } from './acl.ts';

/**
 * Who a node lives and dies with: nobody, its emptiness (a container), the time since it was last written to (a TTL), or
 * a session. As in ZooKeeper one number tells which; session ids are larger than all others, see `session-id.ts`.
 */
export type Owner = number;
export const NO_OWNER = 0;
export const CONTAINER_OWNER = 1;
const TTL_OWNERS = 2 ** 40;
/** ZooKeeper keeps a TTL in five bytes: some 34 years. */
export const MAX_TTL_MS = 2 ** 40 - 1;

/** The owner of nodes that live for `ttlMs`, from 1 to `MAX_TTL_MS`, after they were last written to. */
export const ttlOwner = (ttlMs: number): Owner => TTL_OWNERS + ttlMs;

export interface Znode {
  /** Null where a client created the node with no data at all. */
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[];
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  /** Ordered time, whole milliseconds. */
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly owner: Owner;
}

/**
 * A copy to change before it replaces `node`. PERF: a literal; spreading the node into one of another shape each time took
 * a tenth of a replica's time.
 */
export function draftOf(node: Znode): { -readonly [Field in keyof Znode]: Znode[Field] } {
  return {
    data: node.data,
    acl: node.acl,
    czxid: node.czxid,
    mzxid: node.mzxid,
    pzxid: node.pzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: node.cversion,
    aversion: node.aversion,
    owner: node.owner,
  };
}

/** A node's metadata as clients see it. */
export interface Stat {
  readonly czxid: number;
  readonly mzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: Long;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: number;
}

const LONG_ZERO: Long = { high: 0, low: 0 };

export const isEphemeral = (node: Pick<Znode, 'owner'>): boolean => node.owner >= MIN_SESSION_ID;
export const isTtl = (node: Pick<Znode, 'owner'>): boolean =>
  node.owner > TTL_OWNERS && node.owner < MIN_SESSION_ID;
export const ttlOf = (node: Znode): number => node.owner - TTL_OWNERS;

/** Clients see sessions only, as in ZooKeeper: a container or a TTL node looks like any persistent node. */
const ownerLong = (node: Znode): Long => (isEphemeral(node) ? longOfSession(node.owner) : LONG_ZERO);

export function statOf(node: Znode, numChildren: number): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: node.cversion * 2 - numChildren,
    aversion: node.aversion,
    ephemeralOwner: ownerLong(node),
    dataLength: node.data === null ? 0 : node.data.length,
    numChildren,
    pzxid: node.pzxid,
  };
}

const writer = createWriter();

/**
 * The state format of a node:
 * `u8 hasData | bytes data | acl | u53 czxid mzxid pzxid ctime mtime | i32 version cversion aversion | u53 owner`.
 */
export function encodeZnode(node: Znode): Uint8Array {
  writer.bool(node.data !== null);
  if (node.data !== null) writer.bytes(node.data);
  writeStoredAcl(writer, node.acl);
  writeCounters(writer, node);
  return writer.view();
}

/** All of a node but its data and permissions. */
export type Counters = Omit<Znode, 'data' | 'acl'>;

export function countersOf(node: Znode): Counters {
  const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, owner } = node;
  return { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, owner };
}

export function writeCounters(to: Writer, node: Counters): void {
  to.u53(node.czxid);
  to.u53(node.mzxid);
  to.u53(node.pzxid);
  to.u53(node.ctime);
  to.u53(node.mtime);
  to.i32(node.version);
  to.i32(node.cversion);
  to.i32(node.aversion);
  to.u53(node.owner);
}

export const readCounters = (reader: Reader): Counters => ({
  czxid: reader.u53(),
  mzxid: reader.u53(),
  pzxid: reader.u53(),
  ctime: reader.u53(),
  mtime: reader.u53(),
  version: reader.i32(),
  cversion: reader.i32(),
  aversion: reader.i32(),
  owner: reader.u53(),
});

/** Reads what `encodeZnode` wrote. Fields are read in the order in which they are listed. */
export function readZnode(reader: Reader, maxDataBytes: number): Znode {
  return {
    data: reader.bool() ? reader.view(maxDataBytes) : null,
    acl: readStoredAcl(reader),
    czxid: reader.u53(),
    mzxid: reader.u53(),
    pzxid: reader.u53(),
    ctime: reader.u53(),
    mtime: reader.u53(),
    version: reader.i32(),
    cversion: reader.i32(),
    aversion: reader.i32(),
    owner: reader.u53(),
  };
}
