/**
 * Quotas: nodes and bytes at and below a path, as ZooKeeper counts and enforces them. The limits are what a client wrote
 * to `/zookeeper/quota/PATH/zookeeper_limits`, the use is in `zookeeper_stats` beside it: counted when that node is
 * created, kept with each write below the path after that. Only the innermost quota above a node counts, and only while
 * both its nodes are there. The use changes without a version, a zxid or an event, as in ZooKeeper.
 *
 * Without any quota a write asks whether there is one and no more.
 */

import { ErrorCode } from '../jute/protocol.ts';
import { isBelowQuota, limitsPath, parentOf, quotaNode, statsPath } from './paths.ts';
import {
  breaksHardLimit,
  counted,
  isOverSoftLimit,
  isTrack,
  readTrack,
  type Track,
  trackOf,
  type Use,
} from './track.ts';
import { pathsBelow, putNode, type Tree } from './tree.ts';
import { draftOf } from './znode.ts';

/**
 * Counting what is there takes as long as there is much, and anybody may ask for it again and again. So it is paid in
 * ordered time, at ten times its cost, and whoever asks while much of it is owed is throttled.
 */
const COUNTED_PER_MS = 50;
const MAX_OWED_MS = 1_000;

const MAX_MEASURED = 1_000;

type Data = Uint8Array | null;

const sizeOf = (data: Data): number => (data === null ? 0 : data.length);

/** The innermost path at or above `path` that has limits. */
function quotaAbove(tree: Tree, path: string): string | null {
  for (let above = path; above !== '/'; above = parentOf(above)) if (tree.quotas.has(above)) return above;
  return null;
}

function trackAt(tree: Tree, path: string): Track | null {
  const node = tree.nodes.get(path);
  return node === undefined ? null : readTrack(node.data);
}

function judgeUse(tree: Tree, path: string, nodes: number, bytes: number): number {
  const quota = quotaAbove(tree, path);
  const limits = quota === null ? null : trackAt(tree, limitsPath(quota));
  const used = quota === null ? null : trackAt(tree, statsPath(quota));
  if (limits === null || used === null) return ErrorCode.ok;
  return breaksHardLimit(limits, used, { nodes, bytes }) ? ErrorCode.quotaExceeded : ErrorCode.ok;
}

/** A quota's own nodes belong to a path, and hold what is understood. */
function isSound(path: string, data: Data): boolean {
  const node = quotaNode(path);
  return node === null || (node.of !== '' && isTrack(data));
}

/** Whether a node with this data may come to be. */
export function judgeCreation(tree: Tree, time: number, path: string, data: Data): number {
  if (isBelowQuota(path)) {
    if (!isSound(path, data)) return ErrorCode.badArguments;
    const isOwed = tree.recountsPaid.get() > time + MAX_OWED_MS;
    if (isOwed && quotaNode(path)?.kind === 'stats') return ErrorCode.throttledOp;
  }
  return tree.quotas.size === 0 ? ErrorCode.ok : judgeUse(tree, path, 1, sizeOf(data));
}

/** Whether a node may hold this data instead of what it holds. */
export function judgeData(tree: Tree, path: string, before: Data, data: Data): number {
  if (isBelowQuota(path) && !isSound(path, data)) return ErrorCode.badArguments;
  return tree.quotas.size === 0 ? ErrorCode.ok : judgeUse(tree, path, 0, sizeOf(data) - sizeOf(before));
}

/** Counts what has just changed at `path`. */
function count(tree: Tree, path: string, nodes: number, bytes: number): void {
  const quota = quotaAbove(tree, path);
  if (quota === null) return;
  const node = tree.nodes.get(statsPath(quota));
  const used = node === undefined ? null : readTrack(node.data);
  if (node === undefined || used === null) return;
  const changed = draftOf(node);
  changed.data = counted(used, { nodes, bytes });
  putNode(tree, statsPath(quota), changed);
}

export function countCreated(tree: Tree, time: number, path: string, data: Data): void {
  if (isBelowQuota(path) && quotaNode(path)?.kind === 'stats') recount(tree, time, path);
  if (tree.quotas.size > 0) count(tree, path, 1, sizeOf(data));
}

export function countChanged(tree: Tree, path: string, before: Data, data: Data): void {
  if (tree.quotas.size > 0) count(tree, path, 0, sizeOf(data) - sizeOf(before));
}

export function countDeleted(tree: Tree, path: string, data: Data): void {
  if (tree.quotas.size > 0) count(tree, path, -1, -sizeOf(data));
}

/** Writes to a new node for the use of a path what is there, whatever its creator thought. */
function recount(tree: Tree, time: number, path: string): void {
  const node = tree.nodes.get(path);
  const of = quotaNode(path)?.of;
  if (node === undefined || of === undefined) return;
  const use = useOf(tree, of);
  const paid = Math.max(tree.recountsPaid.get(), time);
  tree.recountsPaid.set(paid + Math.ceil(use.nodes / COUNTED_PER_MS));
  const changed = draftOf(node);
  changed.data = trackOf(use);
  putNode(tree, path, changed);
}

function useOf(tree: Tree, path: string): Use {
  const own = tree.nodes.get(path);
  if (own === undefined) return { nodes: 0, bytes: 0 };
  let [nodes, bytes] = [1, sizeOf(own.data)];
  for (const below of pathsBelow(tree, path)) {
    nodes++;
    bytes += sizeOf(tree.nodes.get(below)?.data ?? null);
  }
  return { nodes, bytes };
}

/** How many quotas have more in use than their soft limits say, of the first thousand: a metric must not cost much. */
export function countOverSoftLimit(tree: Tree): number {
  let [looked, over] = [0, 0];
  for (const quota of tree.quotas) {
    if (looked++ >= MAX_MEASURED) break;
    const limits = trackAt(tree, limitsPath(quota));
    const used = trackAt(tree, statsPath(quota));
    if (limits !== null && used !== null && isOverSoftLimit(limits, used)) over++;
  }
  return over;
}
