/**
 * A tree as ZooKeeper's DataTree has it while it loads its files: changed in place, with the ephemeral nodes of sessions.
 * A snapshot is written while the tree changes, so what the log repeats may be there already: every function here takes
 * that as ZooKeeper 3.8 does (DataTree.processTxn), and says nothing of what it finds done.
 */

import type { Long } from '../jute/reader.ts';
import type { Acl } from '../tree/acl.ts';
import { CONTAINER_OWNER, MAX_TTL_MS, NO_OWNER, type Owner, ttlOwner } from '../tree/znode.ts';

export interface ImageNode {
  data: Uint8Array | null;
  /** Null while a list is not known that was made when the snapshot was being written already. */
  acl: readonly Acl[] | null;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  owner: Owner;
  /** The session of an ephemeral node, in hexadecimal; empty for others. */
  session: string;
  /** Names; null for none. */
  children: Set<string> | null;
}

export interface Image {
  readonly nodes: Map<string, ImageNode>;
  /** Sessions that are open, by id. */
  readonly sessions: Set<string>;
  readonly ephemerals: Map<string, Set<string>>;
}

export const createImage = (): Image => ({ nodes: new Map(), sessions: new Set(), ephemerals: new Map() });

export const longHex = ({ high, low }: Long): string =>
  (high >>> 0).toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');

const CONTAINER_HIGH = -0x8000_0000;
/** The top byte of owners that are none: an extended type in the next two bytes, of which a TTL is 0, and its value. */
const EXTENDED = 0xff;

/** What the owner of a node says (ZooKeeper's EphemeralType); null for a TTL of nothing. */
export function ownerOfLong(long: Long): Pick<ImageNode, 'owner' | 'session'> | null {
  const { high, low } = long;
  if (high === 0 && low === 0) return { owner: NO_OWNER, session: '' };
  if (high === CONTAINER_HIGH && low === 0) return { owner: CONTAINER_OWNER, session: '' };
  if (high >>> 24 === EXTENDED && ((high >>> 8) & 0xffff) === 0) {
    const ttlMs = (high & 0xff) * 2 ** 32 + low;
    return ttlMs > 0 ? { owner: ttlOwner(ttlMs), session: '' } : null;
  }
  return { owner: NO_OWNER, session: longHex(long) };
}

/** The owner of a node that lives for `ttlMs`, or null if none can. */
export const ttlOwnerOf = (ttlMs: number): Owner | null =>
  ttlMs > 0 && ttlMs <= MAX_TTL_MS ? ttlOwner(ttlMs) : null;

/** Cuts a path into its parent's and its name; the root is `/` as everywhere else, though not in ZooKeeper's files. */
export function cut(path: string): { readonly parent: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { parent: slash <= 0 ? '/' : path.slice(0, slash), name: path.slice(slash + 1) };
}

/** Lists a node with its parent and its session. */
export function attach(image: Image, path: string, parent: ImageNode, node: ImageNode): void {
  image.nodes.set(path, node);
  const { name } = cut(path);
  if (parent.children === null) parent.children = new Set([name]);
  else parent.children.add(name);
  own(image, path, node);
}

function own({ ephemerals }: Image, path: string, { session }: ImageNode): void {
  if (session === '') return;
  const owned = ephemerals.get(session);
  if (owned === undefined) ephemerals.set(session, new Set([path]));
  else owned.add(path);
}

export interface Creation {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[];
  /** -1 in logs of old servers: one more than there was. */
  readonly parentCversion: number;
  readonly owner: Owner;
  readonly session: string;
}

/** `isPlain` for the one type of transaction after which ZooKeeper repairs the parent of a node that is there already. */
export function createIn(
  image: Image,
  creation: Creation,
  zxid: number,
  time: number,
  isPlain: boolean,
): void {
  const { path, acl, owner, session } = creation;
  const { parent: parentPath, name } = cut(path);
  const parent = image.nodes.get(parentPath);
  if (parent === undefined) return;
  const cversion = creation.parentCversion === -1 ? (parent.cversion + 1) | 0 : creation.parentCversion;
  const isThere = parent.children?.has(name) === true;
  if ((!isThere || isPlain) && cversion > parent.cversion) {
    parent.cversion = cversion;
    parent.pzxid = zxid;
  }
  if (isThere) {
    // Whatever list it got later, the log goes on to say.
    const node = image.nodes.get(path);
    if (node !== undefined) node.acl ??= acl;
    return;
  }
  attach(image, path, parent, {
    data: creation.data,
    acl,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: time,
    mtime: time,
    version: 0,
    cversion: 0,
    aversion: 0,
    owner,
    session,
    children: null,
  });
}

export function deleteIn(image: Image, path: string, zxid: number): void {
  const { parent: parentPath, name } = cut(path);
  const parent = image.nodes.get(parentPath);
  if (parent === undefined) return;
  if (parent.children?.delete(name) === true && parent.children.size === 0) parent.children = null;
  if (zxid > parent.pzxid) parent.pzxid = zxid;
  const node = image.nodes.get(path);
  if (node === undefined) return;
  image.nodes.delete(path);
  if (node.session !== '') image.ephemerals.get(node.session)?.delete(path);
}

export function setDataIn(
  image: Image,
  path: string,
  data: Uint8Array | null,
  version: number,
  zxid: number,
  time: number,
): void {
  const node = image.nodes.get(path);
  if (node === undefined) return;
  node.data = data;
  node.version = version;
  node.mzxid = zxid;
  node.mtime = time;
}

export function setAclIn(image: Image, path: string, acl: readonly Acl[], aversion: number): void {
  const node = image.nodes.get(path);
  if (node === undefined) return;
  node.acl = acl;
  node.aversion = aversion;
}

/** Ends a session with its nodes: those that the transaction names, and those that are known to be its. */
export function closeIn(image: Image, session: string, named: readonly string[], zxid: number): void {
  const paths = new Set([...named, ...(image.ephemerals.get(session) ?? [])]);
  image.ephemerals.delete(session);
  image.sessions.delete(session);
  for (const path of paths) deleteIn(image, path, zxid);
}
