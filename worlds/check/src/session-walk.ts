/**
 * One session's way through the order of writes. Each of its operations stands at a point of that order: a write at
 * its zxid, a read where the node had the state that was seen. The points never go back, whichever endpoint answered
 * (ZooKeeper's single system image), and lie where real time allows.
 *
 * The walk takes the lowest point that is possible: if that fails, all fail.
 */

import { assert, type Millis } from '@concordat/kernel';
import type { TimeBounds } from './time-bounds.ts';
import type { Refusal, SeenNode, ZnodeOperation } from './znode-history.ts';
import { type Segment, segmentAt } from './znode-timeline.ts';
import { type Problem, problem, type Write, type Writes } from './znode-writes.ts';

export interface Order {
  readonly history: readonly ZnodeOperation[];
  readonly writes: Writes;
  /** Of each operation: the zxid of the write it made, if known. */
  readonly zxidOf: ReadonlyMap<number, number>;
  readonly timelines: ReadonlyMap<string, readonly Segment[]>;
  readonly segmentOf: ReadonlyMap<Write, Segment>;
  /** Paths with changes of which nobody knows whether they happened. */
  readonly unclearPaths: ReadonlySet<string>;
  readonly bounds: TimeBounds;
}

interface Walk extends Order {
  /** The point reached, and the operation that reached it. */
  point: number;
  reachedBy: number;
}

const NEVER: readonly Segment[] = [
  { from: 0, until: Number.POSITIVE_INFINITY, stat: null, write: null, vanishing: null },
];

const timelineOf = (walk: Walk, path: string): readonly Segment[] => walk.timelines.get(path) ?? NEVER;

/** Moves to `point`, unless that is behind what the session saw or ahead of what existed. */
function moveTo(walk: Walk, index: number, point: number): Problem | null {
  const { outcome } = walk.history[index]!;
  if (point < walk.point) {
    const text = `the session had seen zxid ${walk.point} and then was shown zxid ${point}`;
    return problem('went-back', text, walk.reachedBy, index);
  }
  const later = outcome === null ? null : walk.bounds.invokedAfter(outcome.at);
  if (later !== null && point >= later.zxid) {
    const text = `answered at zxid ${point}, before the write at zxid ${later.zxid} was even invoked`;
    return problem('future', text, index, later.operation);
  }
  if (point > walk.point) [walk.point, walk.reachedBy] = [point, index];
  return null;
}

function onWrite(walk: Walk, index: number, zxid: number): Problem | null {
  if (zxid <= walk.point) {
    const text = `stands at zxid ${zxid}, although the session had reached zxid ${walk.point} before it`;
    return problem('program-order', text, walk.reachedBy, index);
  }
  return moveTo(walk, index, zxid);
}

function onRefusal(walk: Walk, index: number, zxid: number, code: Refusal, change: number): Problem | null {
  const { input } = walk.history[index]!;
  const refused = input.kind === 'write' ? input.changes[change] : undefined;
  if (refused === undefined || code === 'other') return null;
  const segments = timelineOf(walk, refused.path);
  const { stat, vanishing } = segments[segmentAt(segments, zxid)]!;
  const isMultiple = input.kind === 'write' && input.changes.length > 1;
  // Unseen changes, other changes of the same write, and parents may explain the rest.
  const isOpen = isMultiple || walk.unclearPaths.has(refused.path);
  if (isOpen || vanishing !== null) return null;
  const isWrong =
    (code === 'node-exists' && stat === null) ||
    (code === 'no-node' && stat !== null && refused.kind !== 'create') ||
    (code === 'bad-version' &&
      (stat === null || ('expected' in refused && refused.expected === stat.version)));
  const was = stat === null ? 'absent' : `at version ${stat.version}`;
  return isWrong ? problem('outcome', `refused with ${code}, but ${refused.path} was ${was}`, index) : null;
}

function onSync(walk: Walk, index: number, claimed: number | null): Problem | null {
  const earlier = walk.bounds.answeredBefore(walk.history[index]!.invokedAt);
  const lowest = Math.max(walk.point, earlier?.zxid ?? 0);
  if (claimed !== null && earlier !== null && claimed < earlier.zxid) {
    const text = `synced to zxid ${claimed}, but zxid ${earlier.zxid} was answered before`;
    return problem('sync', text, earlier.operation, index);
  }
  return moveTo(walk, index, claimed ?? lowest);
}

function onSeen(
  walk: Walk,
  index: number,
  path: string,
  node: SeenNode,
  claimed: number | null,
): Problem | null {
  const write = walk.writes.find(path, node.value);
  const segment = write === undefined ? undefined : walk.segmentOf.get(write);
  assert(write !== undefined && segment !== undefined, 'a value that was seen has a write with a place');
  if (segment.stat === null) return problem('claims', `${path} was deleted at the zxid of its value`, index);
  const { czxid, mzxid, version } = segment.stat;
  const { stat } = node;
  if (stat.czxid !== czxid || stat.mzxid !== mzxid || stat.version !== version) {
    const text = `${node.value} belongs to version ${version}, czxid ${czxid}, mzxid ${mzxid}`;
    return problem('claims', text, write.operation, index);
  }
  const point = claimed ?? Math.max(walk.point, segment.from);
  if (point < segment.from || point >= segment.until) {
    const ended = timelineOf(walk, path)[segmentAt(timelineOf(walk, path), segment.until)]?.write;
    const by = ended == null || segment.until > Number.MAX_SAFE_INTEGER ? [] : [ended.operation];
    const text = `${node.value} was the state from zxid ${segment.from} until ${segment.until}, not at ${point}`;
    return problem('stale', text, walk.reachedBy, ...by, index);
  }
  const failed = moveTo(walk, index, point);
  if (failed === null && segment.vanishing !== null) {
    segment.vanishing.from = Math.max(segment.vanishing.from, walk.point + 1);
  }
  return failed;
}

/** The lowest zxid from `point` on at which a read answered at `time` can have found no node, or null. */
function absentFrom(segments: readonly Segment[], point: number, time: Millis): number | null {
  for (let at = segmentAt(segments, point); at < segments.length; at++) {
    const { stat, from, until, vanishing } = segments[at]!;
    const isAbsent = stat === null || (vanishing !== null && vanishing.invokedAt <= time);
    const lowest = Math.max(stat === null ? from : (vanishing?.from ?? until), point);
    if (isAbsent && lowest < until) return lowest;
  }
  return null;
}

function onAbsent(walk: Walk, index: number, path: string, claimed: number | null): Problem | null {
  const time = walk.history[index]!.outcome?.at ?? Number.POSITIVE_INFINITY;
  const lowest = absentFrom(timelineOf(walk, path), claimed ?? walk.point, time);
  if (lowest === null || (claimed !== null && lowest !== claimed)) {
    const text = `saw no node, but ${path} existed at zxid ${claimed ?? walk.point}`;
    return problem('stale', text, walk.reachedBy, index);
  }
  return moveTo(walk, index, lowest);
}

function onOperation(walk: Walk, index: number): Problem | null {
  const { input, outcome } = walk.history[index]!;
  const zxid = walk.zxidOf.get(index);
  const output = outcome?.output;
  if (zxid !== undefined) {
    const failed = onWrite(walk, index, zxid);
    if (failed !== null || output?.kind !== 'refused') return failed;
    return onRefusal(walk, index, zxid, output.code, output.change);
  }
  if (output?.kind === 'synced') return onSync(walk, index, output.zxid);
  if (output?.kind !== 'seen' || input.kind !== 'read') return null;
  if (output.node === null) return onAbsent(walk, index, input.path, output.zxid);
  return onSeen(walk, index, input.path, output.node, output.zxid);
}

/** Walks the operations of one session, given by their indices in order; the first problem, or null. */
export function walkSession(order: Order, indices: readonly number[]): Problem | null {
  const walk: Walk = { ...order, point: 0, reachedBy: indices[0] ?? 0 };
  for (const index of indices) {
    const found = onOperation(walk, index);
    if (found !== null) return found;
  }
  return null;
}
