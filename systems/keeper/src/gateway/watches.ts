/**
 * Watches of one gateway's connections, with the semantics of ZooKeeper 3.8's WatchManager: one-shot data and child
 * watches, persistent and persistent-recursive ones, and at most one event per connection and change.
 */

import type { NodeId } from '@concordat/kernel';
import { AddWatchMode, EventType, WatcherType } from '../jute/protocol.ts';
import { type Acl, OPEN_ACL } from '../tree/acl.ts';
import type { Change } from '../tree/operations.ts';
import { parentOf } from '../tree/paths.ts';
import type { Tree } from '../tree/tree.ts';

const WATCH_TYPES = {
  created: EventType.created,
  deleted: EventType.deleted,
  'data-changed': EventType.dataChanged,
} as const;

type Table = Map<string, Set<NodeId>>;

export interface Watches {
  readonly data: Table;
  readonly child: Table;
  readonly persistent: Table;
  readonly recursive: Table;
  /** Paths with a data watch set while there was no node: what a jump of the state is compared with. */
  readonly absent: Set<string>;
  /** Paths by connection, to find its watches again when it goes. */
  readonly byConnection: Map<NodeId, Watched>;
}

type TableName = 'data' | 'child' | 'persistent' | 'recursive';

type Watched = Record<TableName, Set<string>>;

/** Tells one connection of one event, if its client may read what has this list. */
export type Deliver = (connection: NodeId, type: number, path: string, acl: readonly Acl[]) => void;

export const createWatches = (): Watches => ({
  data: new Map(),
  child: new Map(),
  persistent: new Map(),
  recursive: new Map(),
  absent: new Set(),
  byConnection: new Map(),
});

const TABLES: readonly TableName[] = ['data', 'child', 'persistent', 'recursive'];

function watchedBy(watches: Watches, connection: NodeId): Watched {
  let watched = watches.byConnection.get(connection);
  if (watched === undefined) {
    watched = { data: new Set(), child: new Set(), persistent: new Set(), recursive: new Set() };
    watches.byConnection.set(connection, watched);
  }
  return watched;
}

function add(watches: Watches, table: TableName, path: string, connection: NodeId): void {
  watchedBy(watches, connection)[table].add(path);
  const watchers = watches[table].get(path);
  if (watchers === undefined) watches[table].set(path, new Set([connection]));
  else watchers.add(connection);
}

function remove(watches: Watches, table: TableName, path: string, connection: NodeId): boolean {
  const watchers = watches[table].get(path);
  if (watchers?.delete(connection) !== true) return false;
  if (watchers.size === 0) dropPath(watches, table, path);
  watches.byConnection.get(connection)?.[table].delete(path);
  return true;
}

function dropPath(watches: Watches, table: TableName, path: string): void {
  watches[table].delete(path);
  if (table === 'data') watches.absent.delete(path);
}

export function watchData(watches: Watches, path: string, connection: NodeId, exists: boolean): void {
  add(watches, 'data', path, connection);
  if (!exists) watches.absent.add(path);
}

export const watchChildren = (watches: Watches, path: string, connection: NodeId): void =>
  add(watches, 'child', path, connection);

/** Sets a watch that stays; false for an unknown mode. */
export function watchAlways(watches: Watches, path: string, connection: NodeId, mode: number): boolean {
  if (mode !== AddWatchMode.persistent && mode !== AddWatchMode.persistentRecursive) return false;
  add(watches, mode === AddWatchMode.persistent ? 'persistent' : 'recursive', path, connection);
  return true;
}

/** The tables that a WatcherType speaks of, as of ZooKeeper 3.9: `data` and `children` are the one-shot watches. */
function tablesOf(type: number): readonly TableName[] {
  switch (type) {
    case WatcherType.data:
      return ['data'];
    case WatcherType.children:
      return ['child'];
    case WatcherType.persistent:
      return ['persistent'];
    case WatcherType.persistentRecursive:
      return ['recursive'];
    default:
      return type === WatcherType.any ? TABLES : [];
  }
}

const WATCHER_TYPES: readonly number[] = Object.values(WatcherType);

export const isWatcherType = (type: number): boolean => WATCHER_TYPES.includes(type);

/** True if nobody watches anything. */
export const isUnused = (watches: Watches): boolean => watches.byConnection.size === 0;

export const hasWatch = (watches: Watches, path: string, connection: NodeId, type: number): boolean =>
  tablesOf(type).some((table) => watches[table].get(path)?.has(connection) === true);

/** True if there was one. */
export function unwatch(watches: Watches, path: string, connection: NodeId, type: number): boolean {
  let found = false;
  for (const table of tablesOf(type)) found = remove(watches, table, path, connection) || found;
  return found;
}

export function forgetConnection(watches: Watches, connection: NodeId): void {
  const watched = watches.byConnection.get(connection);
  if (watched === undefined) return;
  for (const table of TABLES) {
    for (const path of watched[table]) {
      const watchers = watches[table].get(path);
      watchers?.delete(connection);
      if (watchers?.size === 0) dropPath(watches, table, path);
    }
  }
  watches.byConnection.delete(connection);
}

export function countWatches(watches: Watches, connection: NodeId): number {
  const watched = watches.byConnection.get(connection);
  if (watched === undefined) return 0;
  return TABLES.reduce((count, table) => count + watched[table].size, 0);
}

/** Whether a connection relies on seeing every change. */
export function watchesAlways(watches: Watches, connection: NodeId): boolean {
  const watched = watches.byConnection.get(connection);
  return watched !== undefined && watched.persistent.size + watched.recursive.size > 0;
}

const NOBODY: ReadonlySet<NodeId> = new Set();

/** Takes the one-shot watchers of a path. */
function take(watches: Watches, table: 'data' | 'child', path: string): ReadonlySet<NodeId> {
  const watchers = watches[table].get(path);
  if (watchers === undefined) return NOBODY;
  dropPath(watches, table, path);
  for (const connection of watchers) watches.byConnection.get(connection)?.[table].delete(path);
  return watchers;
}

function addRecursive(watches: Watches, path: string, told: Set<NodeId>): void {
  if (watches.recursive.size === 0) return;
  for (let at = path; ; at = parentOf(at)) {
    for (const connection of watches.recursive.get(at) ?? NOBODY) told.add(connection);
    if (at === '/') return;
  }
}

/**
 * A node was created, deleted or changed: tells those who watch it, and its parent if its name came or went. A one-shot
 * watch is used up even if its client may not read the node and is told nothing.
 */
export function nodeChanged(watches: Watches, event: Change, deliver: Deliver): void {
  const { path, acl } = event;
  const type = WATCH_TYPES[event.type];
  const told = new Set(take(watches, 'data', path));
  if (type === EventType.deleted) for (const connection of take(watches, 'child', path)) told.add(connection);
  for (const connection of watches.persistent.get(path) ?? NOBODY) told.add(connection);
  addRecursive(watches, path, told);
  for (const connection of told) deliver(connection, type, path, acl);
  if (type !== EventType.dataChanged && path !== '/') childrenChanged(watches, event, deliver);
}

function childrenChanged(watches: Watches, event: Change, deliver: Deliver): void {
  const path = parentOf(event.path);
  const told = take(watches, 'child', path);
  const always = watches.persistent.get(path);
  if (told.size === 0 && always === undefined) return;
  for (const connection of new Set([...told, ...(always ?? NOBODY)]))
    deliver(connection, EventType.childrenChanged, path, event.parentAcl);
}

/** The event that tells a data watcher what became of a path since `zxid`; 0 for nothing. */
export function dataEventSince(tree: Tree, path: string, existed: boolean, zxid: number): number {
  const node = tree.nodes.get(path);
  if (node === undefined) return existed ? EventType.deleted : 0;
  if (!existed) return EventType.created;
  return node.mzxid > zxid ? EventType.dataChanged : 0;
}

/** The same for a child watcher. */
export function childEventSince(tree: Tree, path: string, zxid: number): number {
  const node = tree.nodes.get(path);
  if (node === undefined) return EventType.deleted;
  return node.pzxid > zxid ? EventType.childrenChanged : 0;
}

/**
 * The state jumped from `zxid` to what it is now, and nobody saw the changes in between: fires one-shot watches as a
 * reconnecting client's would. Persistent watches cannot be served this way; their connections must be closed.
 */
export function stateJumped(watches: Watches, tree: Tree, zxid: number, deliver: Deliver): void {
  for (const path of [...watches.data.keys()]) {
    const type = dataEventSince(tree, path, !watches.absent.has(path), zxid);
    if (type !== 0) for (const id of take(watches, 'data', path)) deliver(id, type, path, OPEN_ACL);
  }
  for (const path of [...watches.child.keys()]) {
    const type = childEventSince(tree, path, zxid);
    if (type !== 0) for (const id of take(watches, 'child', path)) deliver(id, type, path, OPEN_ACL);
  }
}
