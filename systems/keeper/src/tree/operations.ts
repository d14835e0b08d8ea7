/**
 * The write operations on the tree, check by check in the order of ZooKeeper 3.8's PrepRequestProcessor, because the
 * order decides which error a client sees. Each returns a fresh result; on an error nothing has changed.
 */

import { assert } from '@concordat/kernel';
import { copyOf } from '@concordat/wire';
import { CreateMode, ErrorCode, isTtlMode, OpCode, Perms } from '../jute/protocol.ts';
import type {
  CheckRequest,
  CreateRequest,
  DeleteRequest,
  SetAclRequest,
  SetDataRequest,
} from '../jute/requests.ts';
import type { SessionId } from '../sessions/session-id.ts';
import { type Acl, authorize, OPEN_ACL, type Principal, resolveAcl } from './acl.ts';
import { isValidPath, parentOf, SPECIAL_PATHS } from './paths.ts';
import { countChanged, countCreated, countDeleted, judgeCreation, judgeData } from './quotas.ts';
import { childCount, putNode, removeNode, statAt, type Tree } from './tree.ts';
import {
  CONTAINER_OWNER,
  draftOf,
  isEphemeral,
  NO_OWNER,
  type Owner,
  type Stat,
  ttlOwner,
  type Znode,
} from './znode.ts';

/** What happened to a node, as watches are told. */
export interface Change {
  readonly type: 'created' | 'deleted' | 'data-changed';
  readonly zxid: number;
  readonly path: string;
  /** Who may be told: those who may read the node, and its parent if a child came or went. */
  readonly acl: readonly Acl[];
  readonly parentAcl: readonly Acl[];
}

/** Under what and for whom an operation executes, and what it has changed so far. */
export interface Transaction {
  readonly zxid: number;
  /** Whole milliseconds of ordered time. */
  readonly time: number;
  readonly session: SessionId;
  readonly principal: Principal;
  readonly changes: Change[];
}

/** `err` is an ErrorCode; `path` and `stat` are what the operation's response carries, if it carries them. */
export interface OpResult {
  /** The operation, as results of a multi name it. */
  readonly op: number;
  readonly err: number;
  readonly path: string;
  readonly stat: Stat | null;
}

export const failure = (err: number): OpResult => ({ op: OpCode.error, err, path: '', stat: null });

const success = (op: number, path: string, stat: Stat | null): OpResult => ({
  op,
  err: ErrorCode.ok,
  path,
  stat,
});

const isBadName = (path: string): boolean => !path.includes('/') || path.includes('\0');

/** Wraps like the 32-bit counters of ZooKeeper. */
export const successor = (counter: number): number => (counter + 1) | 0;

/** ZooKeeper's `%010d`. */
function sequenceSuffix(counter: number): string {
  return counter >= 0 ? String(counter).padStart(10, '0') : `-${String(-counter).padStart(9, '0')}`;
}

function ownerFor(request: CreateRequest, session: SessionId): Owner {
  // The operation decides: `create` with a container's flag makes a plain node, in ZooKeeper too.
  if (request.op === OpCode.createContainer) return CONTAINER_OWNER;
  if (isTtlMode(request.mode)) return ttlOwner(request.ttlMs);
  const isSessions = request.mode === CreateMode.ephemeral || request.mode === CreateMode.ephemeralSequential;
  return isSessions ? session : NO_OWNER;
}

/** As a ZooKeeper with extended types: the operation, the mode and the TTL must all be for a TTL node, or none. */
function judgeMode({ op, mode, ttlMs }: CreateRequest): number {
  if (mode < CreateMode.persistent || mode > CreateMode.persistentSequentialTtl)
    return ErrorCode.badArguments;
  if (isTtlMode(mode) !== (op === OpCode.createTTL)) return ErrorCode.badArguments;
  return isTtlMode(mode) && ttlMs === 0 ? ErrorCode.badArguments : ErrorCode.ok;
}

const isSequential = (mode: number): boolean =>
  mode === CreateMode.persistentSequential ||
  mode === CreateMode.ephemeralSequential ||
  mode === CreateMode.persistentSequentialTtl;

/** The path that a create would make under `parent`, or the error it meets. */
function judgeCreate(tree: Tree, request: CreateRequest, parent: Znode): string | number {
  const path = isSequential(request.mode) ? request.path + sequenceSuffix(parent.cversion) : request.path;
  if (!isValidPath(path)) return ErrorCode.badArguments;
  if (tree.nodes.has(path)) return ErrorCode.nodeExists;
  return isEphemeral(parent) ? ErrorCode.noChildrenForEphemerals : path;
}

export function createNode(tree: Tree, tx: Transaction, request: CreateRequest): OpResult {
  const modeError = judgeMode(request);
  if (modeError !== ErrorCode.ok) return failure(modeError);
  if (isBadName(request.path)) return failure(ErrorCode.badArguments);
  const acl = resolveAcl(request.acl, tx.principal);
  if (acl === null) return failure(ErrorCode.invalidACL);
  const parentPath = parentOf(request.path);
  const parent = tree.nodes.get(parentPath);
  if (parent === undefined) return failure(ErrorCode.noNode);
  const denied = authorize(parent.acl, Perms.create, tx.principal, request.path);
  if (denied !== ErrorCode.ok) return failure(denied);
  const path = judgeCreate(tree, request, parent);
  if (typeof path === 'number') return failure(path);
  const refused = judgeCreation(tree, tx.time, path, request.data);
  if (refused !== ErrorCode.ok) return failure(refused);
  const node = bornOf(tx, request, acl);
  putNode(tree, path, node);
  const changedParent = draftOf(parent);
  changedParent.cversion = successor(parent.cversion);
  changedParent.pzxid = tx.zxid;
  putNode(tree, parentPath, changedParent);
  countCreated(tree, tx.time, path, request.data);
  tx.changes.push({ type: 'created', zxid: tx.zxid, path, acl, parentAcl: parent.acl });
  if (request.op === OpCode.create) return success(OpCode.create, path, null);
  return success(OpCode.create2, path, statAt(tree, path, node));
}

/** The data of a request is a view of the request; a node's lives until the state writes it down at the next digest. */
const keep = (data: Uint8Array | null): Uint8Array | null => (data === null ? null : copyOf(data));

const bornOf = (tx: Transaction, request: CreateRequest, acl: readonly Acl[]): Znode => ({
  // Not copied: the state writes a new key's value into bytes of its own at once.
  data: request.data,
  acl,
  czxid: tx.zxid,
  mzxid: tx.zxid,
  pzxid: tx.zxid,
  ctime: tx.time,
  mtime: tx.time,
  version: 0,
  cversion: 0,
  aversion: 0,
  owner: ownerFor(request, tx.session),
});

const matchesVersion = (expected: number, actual: number): boolean => expected === -1 || expected === actual;

export function deleteNode(tree: Tree, tx: Transaction, request: DeleteRequest): OpResult {
  const { path } = request;
  if (isBadName(path) || SPECIAL_PATHS.includes(path)) return failure(ErrorCode.badArguments);
  const parentPath = parentOf(path);
  const parent = tree.nodes.get(parentPath);
  if (parent === undefined) return failure(ErrorCode.noNode);
  const denied = authorize(parent.acl, Perms.delete, tx.principal, path);
  if (denied !== ErrorCode.ok) return failure(denied);
  const node = tree.nodes.get(path);
  if (node === undefined) return failure(ErrorCode.noNode);
  if (!matchesVersion(request.version, node.version)) return failure(ErrorCode.badVersion);
  if (childCount(tree, path) > 0) return failure(ErrorCode.notEmpty);
  dropNode(tree, tx, path);
  return success(OpCode.delete, path, null);
}

/** Removes an existing, childless node whoever asks: also the end of ephemerals, containers and TTL nodes. */
export function dropNode(tree: Tree, tx: Pick<Transaction, 'zxid' | 'changes'>, path: string): void {
  const parentPath = parentOf(path);
  const node = tree.nodes.get(path);
  const parent = tree.nodes.get(parentPath);
  assert(node !== undefined && parent !== undefined, 'a node to be dropped is there, and so is its parent');
  removeNode(tree, path);
  const changedParent = draftOf(parent);
  changedParent.pzxid = tx.zxid;
  putNode(tree, parentPath, changedParent);
  countDeleted(tree, path, node.data);
  tx.changes.push({ type: 'deleted', zxid: tx.zxid, path, acl: node.acl, parentAcl: parent.acl });
}

export function setNodeData(tree: Tree, tx: Transaction, request: SetDataRequest): OpResult {
  const { path } = request;
  if (!isValidPath(path)) return failure(ErrorCode.badArguments);
  const node = tree.nodes.get(path);
  if (node === undefined) return failure(ErrorCode.noNode);
  const denied = authorize(node.acl, Perms.write, tx.principal, path);
  if (denied !== ErrorCode.ok) return failure(denied);
  const refused = judgeData(tree, path, node.data, request.data);
  if (refused !== ErrorCode.ok) return failure(refused);
  if (!matchesVersion(request.version, node.version)) return failure(ErrorCode.badVersion);
  const changed = draftOf(node);
  changed.data = keep(request.data);
  changed.version = successor(node.version);
  changed.mzxid = tx.zxid;
  changed.mtime = tx.time;
  putNode(tree, path, changed);
  countChanged(tree, path, node.data, changed.data);
  tx.changes.push({ type: 'data-changed', zxid: tx.zxid, path, acl: node.acl, parentAcl: OPEN_ACL });
  return success(OpCode.setData, path, statAt(tree, path, changed));
}

/** No watch is told of a changed list. */
export function setNodeAcl(tree: Tree, tx: Transaction, request: SetAclRequest): OpResult {
  const { path } = request;
  if (!isValidPath(path)) return failure(ErrorCode.badArguments);
  const acl = resolveAcl(request.acl, tx.principal);
  if (acl === null) return failure(ErrorCode.invalidACL);
  const node = tree.nodes.get(path);
  if (node === undefined) return failure(ErrorCode.noNode);
  const denied = authorize(node.acl, Perms.admin, tx.principal, path);
  if (denied !== ErrorCode.ok) return failure(denied);
  if (!matchesVersion(request.version, node.aversion)) return failure(ErrorCode.badVersion);
  const changed = draftOf(node);
  changed.acl = acl;
  changed.aversion = successor(node.aversion);
  putNode(tree, path, changed);
  return success(OpCode.setACL, path, statAt(tree, path, changed));
}

export function checkNode(tree: Tree, tx: Transaction, request: CheckRequest): OpResult {
  const { path } = request;
  if (!isValidPath(path)) return failure(ErrorCode.badArguments);
  const node = tree.nodes.get(path);
  if (node === undefined) return failure(ErrorCode.noNode);
  const denied = authorize(node.acl, Perms.read, tx.principal, path);
  if (denied !== ErrorCode.ok) return failure(denied);
  return matchesVersion(request.version, node.version)
    ? success(OpCode.check, path, null)
    : failure(ErrorCode.badVersion);
}
