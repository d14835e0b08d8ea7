/**
 * The data tree: one map from path to znode, which is the state, and indexes derived from it by observing every
 * change, so that rollback and restore keep them right. Changes of a transaction that may fail half-way (`multi`) are
 * remembered and undone.
 */

import { assert } from '@concordat/kernel';
import type { StateCell, StateMap } from '@concordat/state';
import type { SessionId } from '../sessions/session-id.ts';
import { OPEN_ACL, READ_ACL } from './acl.ts';
import { createLifetimes, endOf, type Lifetimes, review, setEnd } from './lifetimes.ts';
import { CONFIG_PATH, isBelowQuota, nameOf, parentOf, quotaNode, SPECIAL_PATHS } from './paths.ts';
import { isEphemeral, NO_OWNER, type Stat, statOf, type Znode } from './znode.ts';

/** A node's children; their names are sorted when first asked for after a change. */
interface Directory {
  /** Whole paths: the strings that `nodes` has as keys anyway. */
  readonly paths: Set<string>;
  sorted: readonly string[] | null;
}

interface Former {
  readonly path: string;
  readonly node: Znode | undefined;
}

export interface Tree {
  readonly nodes: StateMap<string, Znode>;
  readonly directories: Map<string, Directory>;
  readonly ephemerals: Map<SessionId, Set<string>>;
  readonly lifetimes: Lifetimes;
  /** Paths that have limits, see `quotas.ts`. */
  readonly quotas: Set<string>;
  /** Ordered time up to which the counting for quotas has been paid for. */
  readonly recountsPaid: StateCell<number>;
  /** What paths held before the open transaction, oldest first; null while none is open. */
  formers: Former[] | null;
  /** Approximate size as ZooKeeper counts it: paths and data. */
  dataBytes: number;
}

export function createTree(nodes: StateMap<string, Znode>, recountsPaid: StateCell<number>): Tree {
  const tree: Tree = {
    nodes,
    directories: new Map(),
    ephemerals: new Map(),
    lifetimes: createLifetimes(),
    quotas: new Set(),
    recountsPaid,
    formers: null,
    dataBytes: 0,
  };
  nodes.observe((path, before, after) => {
    if (before !== undefined) unindex(tree, path, before, after);
    if (after !== undefined) index(tree, path, before, after);
  });
  return tree;
}

/** The nodes every tree begins with, as ZooKeeper's: all counters zero, the configuration readable by all. */
export function plantTree(tree: Tree, configuration: Uint8Array): void {
  const blank: Znode = {
    data: new Uint8Array(0),
    acl: OPEN_ACL,
    czxid: 0,
    mzxid: 0,
    pzxid: 0,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    owner: NO_OWNER,
  };
  for (const path of SPECIAL_PATHS) putNode(tree, path, blank);
  putNode(tree, CONFIG_PATH, { ...blank, data: configuration, acl: READ_ACL, aversion: -1 });
}

function unindex(tree: Tree, path: string, before: Znode, after: Znode | undefined): void {
  tree.dataBytes -= before.data?.length ?? 0;
  if (after === undefined) unlist(tree, path);
  // A restore may put another's node where one was.
  if (before.owner !== NO_OWNER && before.owner !== after?.owner) disown(tree, path, before);
}

function unlist(tree: Tree, path: string): void {
  tree.dataBytes -= path.length;
  if (path === '/') return;
  const directory = tree.directories.get(parentOf(path));
  assert(directory?.paths.delete(path) === true, 'a node is listed by its parent');
  directory.sorted = null;
  if (isBelowQuota(path)) noteQuota(tree, path, false);
  if (directory.paths.size > 0) return;
  tree.directories.delete(parentOf(path));
  if (tree.lifetimes.ends.size > 0) review(tree.lifetimes, parentOf(path), false);
}

function disown(tree: Tree, path: string, before: Znode): void {
  if (!isEphemeral(before)) return setEnd(tree.lifetimes, path, undefined, false);
  const owned = tree.ephemerals.get(before.owner);
  owned?.delete(path);
  if (owned?.size === 0) tree.ephemerals.delete(before.owner);
}

function index(tree: Tree, path: string, before: Znode | undefined, after: Znode): void {
  tree.dataBytes += after.data?.length ?? 0;
  if (before === undefined) list(tree, path);
  if (after.owner !== NO_OWNER) own(tree, path, before, after);
}

function list(tree: Tree, path: string): void {
  tree.dataBytes += path.length;
  if (path === '/') return;
  const directory = directoryOf(tree, parentOf(path));
  directory.paths.add(path);
  directory.sorted = null;
  if (directory.paths.size === 1 && tree.lifetimes.ends.size > 0)
    review(tree.lifetimes, parentOf(path), true);
  if (isBelowQuota(path)) noteQuota(tree, path, true);
}

function noteQuota(tree: Tree, path: string, isThere: boolean): void {
  const node = quotaNode(path);
  if (node?.kind !== 'limits') return;
  if (isThere) tree.quotas.add(node.of);
  else tree.quotas.delete(node.of);
}

function own(tree: Tree, path: string, before: Znode | undefined, after: Znode): void {
  if (!isEphemeral(after)) return setEnd(tree.lifetimes, path, endOf(after), tree.directories.has(path));
  if (after.owner === before?.owner) return;
  const owned = tree.ephemerals.get(after.owner);
  if (owned === undefined) tree.ephemerals.set(after.owner, new Set([path]));
  else owned.add(path);
}

function directoryOf(tree: Tree, path: string): Directory {
  let directory = tree.directories.get(path);
  if (directory === undefined) {
    directory = { paths: new Set(), sorted: null };
    tree.directories.set(path, directory);
  }
  return directory;
}

export function putNode(tree: Tree, path: string, node: Znode): void {
  tree.formers?.push({ path, node: tree.nodes.get(path) });
  tree.nodes.set(path, node);
}

export function removeNode(tree: Tree, path: string): void {
  tree.formers?.push({ path, node: tree.nodes.get(path) });
  tree.nodes.delete(path);
}

/** From here on changes can be undone, until `endAttempt`. Attempts do not nest. */
export function beginAttempt(tree: Tree): void {
  assert(tree.formers === null, 'attempts do not nest');
  tree.formers = [];
}

/** Closes the attempt; unless it succeeded, everything is as it was at its beginning. */
export function endAttempt(tree: Tree, succeeded: boolean): void {
  const formers = tree.formers;
  assert(formers !== null, 'an attempt is open');
  tree.formers = null;
  if (succeeded) return;
  for (let i = formers.length - 1; i >= 0; i--) {
    const { path, node } = formers[i]!;
    if (node === undefined) tree.nodes.delete(path);
    else tree.nodes.set(path, node);
  }
}

export const childCount = (tree: Tree, path: string): number => tree.directories.get(path)?.paths.size ?? 0;

/** All nodes below `path`, in no particular order. */
export function* pathsBelow(tree: Tree, path: string): Iterable<string> {
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const child of tree.directories.get(next)?.paths ?? []) {
      yield child;
      waiting.push(child);
    }
  }
}

const NO_NAMES: readonly string[] = [];

/** The names of a node's children in ascending order, the same at every replica. */
export function childrenOf(tree: Tree, path: string): readonly string[] {
  const directory = tree.directories.get(path);
  if (directory === undefined) return NO_NAMES;
  directory.sorted ??= Array.from(directory.paths, nameOf).sort();
  return directory.sorted;
}

/** Paths of a session's ephemeral nodes in ascending order. */
export const ephemeralsOf = (tree: Tree, session: SessionId): string[] =>
  [...(tree.ephemerals.get(session) ?? [])].sort();

export const statAt = (tree: Tree, path: string, node: Znode): Stat => statOf(node, childCount(tree, path));
