/**
 * The life of one node by the claimed order of writes: which state it had from which zxid on. Building it checks
 * that every change was possible where it claims to stand, that versions count without gaps, and that nothing
 * happened that nobody asked for. Changes whose fate is unknown may fill gaps, each at most once.
 */

import type { Millis } from '@concordat/kernel';
import type { TimeBounds } from './time-bounds.ts';
import type { Stat } from './znode-history.ts';
import { type Problem, problem, type Write } from './znode-writes.ts';

/** A state of the node from zxid `from` until before `until`. */
export interface Segment {
  readonly from: number;
  until: number;
  /** Null while the node is absent. */
  readonly stat: Stat | null;
  /** The change that began it; null for the absence before the first. */
  readonly write: Write | null;
  /** Null if the node cannot have vanished within the segment by an unanswered delete. */
  readonly vanishing: Vanishing | null;
}

/** An unanswered delete that may have ended a state before the next known change did. */
export interface Vanishing {
  /** The lowest zxid at which it can stand, as far as is known. */
  from: number;
  /** When the earliest delete that it can be was invoked. */
  readonly invokedAt: Millis;
  /** False if what is known can be explained without it. */
  readonly isCertain: boolean;
}

/** Changes of one path of which nobody knows whether they happened, in order of invocation. */
export type Unseen = Record<'create' | 'set' | 'delete', Write[]>;

export const noUnseen = (): Unseen => ({ create: [], set: [], delete: [] });

/** Uses up `count` unseen changes that were invoked before `before`; false if there are not so many. */
function useUnseen(unseen: Unseen, kind: keyof Unseen, count: number, before: number): boolean {
  const usable = unseen[kind].filter(({ invokedAt }) => invokedAt <= before).length;
  if (usable < count) return false;
  unseen[kind].splice(0, count);
  return true;
}

/** The state in which `write` found the node, as far as it tells: null for absent, a version if one is claimed. */
function stateBefore(
  write: Write,
): { readonly czxid: number | null; readonly version: number | null } | null {
  const { change, stat } = write;
  if (change.kind === 'create') return null;
  if (change.kind === 'set')
    return { czxid: stat?.czxid ?? null, version: stat === null ? null : stat.version - 1 };
  return { czxid: null, version: change.expected };
}

/** What must have happened unseen between a state and the next change, or null if nothing can explain it. */
function unseenBetween(
  stat: Stat | null,
  next: Write,
): { deletes: number; creates: number; sets: number } | null {
  const before = stateBefore(next);
  if (before === null) return { deletes: stat === null ? 0 : 1, creates: 0, sets: 0 };
  const isSame = stat !== null && (before.czxid === null || before.czxid === stat.czxid);
  if (isSame && before.version !== null && before.version < stat.version && before.czxid !== null)
    return null;
  if (isSame && (before.version === null || before.version >= stat.version)) {
    return { deletes: 0, creates: 0, sets: (before.version ?? stat.version) - stat.version };
  }
  return { deletes: stat === null ? 0 : 1, creates: 1, sets: before.version ?? 0 };
}

function gapProblem(segment: Segment, next: Write, unseen: Unseen): Problem | null {
  const needed = unseenBetween(segment.stat, next);
  const last = segment.write?.operation ?? next.operation;
  const { path } = next.change;
  const was = segment.stat === null ? 'absent' : `at version ${segment.stat.version}`;
  if (
    needed !== null &&
    useUnseen(unseen, 'delete', needed.deletes, next.answeredAt) &&
    useUnseen(unseen, 'create', needed.creates, next.answeredAt) &&
    useUnseen(unseen, 'set', needed.sets, next.answeredAt)
  ) {
    return null;
  }
  const text = `${path} was ${was} before zxid ${next.zxid}, which the ${next.change.kind} there contradicts`;
  return problem('chain', text, last, next.operation);
}

/** The state after a known change; a problem if its own claims disagree. `isUnclear`: unseen changes may stand before. */
function stateAfter(write: Write, before: Stat | null, isUnclear: boolean): Stat | null | Problem {
  const { change, stat, operation } = write;
  const zxid = write.zxid ?? 0;
  if (change.kind === 'delete') return null;
  if (stat !== null && stat.mzxid !== zxid) {
    return problem('claims', `written at zxid ${zxid}, but its Stat says mzxid ${stat.mzxid}`, operation);
  }
  if (change.kind === 'create') {
    if (stat !== null && (stat.version !== 0 || stat.czxid !== zxid)) {
      return problem('claims', 'a new node has version 0 and its czxid is its zxid', operation);
    }
    return { czxid: zxid, mzxid: zxid, version: 0 };
  }
  // A set that is known only through another change of its write has no Stat of its own.
  if (stat === null && (before === null || isUnclear))
    return problem('unclear', 'a set has no Stat', operation);
  const version = stat?.version ?? (before?.version ?? 0) + 1;
  if (change.expected !== null && change.expected !== version - 1) {
    return problem(
      'chain',
      `set at version ${change.expected} succeeded and left version ${version}`,
      operation,
    );
  }
  return { czxid: stat?.czxid ?? before?.czxid ?? 0, mzxid: zxid, version };
}

const createSegment = (from: number, stat: Stat | null, write: Write | null): Segment => ({
  from,
  until: Number.POSITIVE_INFINITY,
  stat,
  write,
  vanishing: null,
});

/**
 * Whether the node of `stat` vanished before `write`, its next known change, if there is one: `certain` if that one
 * found, or made, another node; `possible` if it does not tell which node it found and one of `creates` may have made
 * a new one.
 */
function replacement(
  stat: Stat,
  write: Write | null,
  creates: readonly Write[],
): 'none' | 'possible' | 'certain' {
  if (write === null) return 'certain';
  const before = stateBefore(write);
  if (before === null) return 'certain';
  if (before.czxid !== null) return before.czxid === stat.czxid ? 'none' : 'certain';
  if (before.version !== null && before.version < stat.version) return 'certain';
  return creates.some(({ invokedAt }) => invokedAt <= write.answeredAt) ? 'possible' : 'none';
}

/** Builds the timeline of a path from its known changes in zxid order; `unseen` is used up. */
export function buildTimeline(
  known: readonly Write[],
  unseen: Unseen,
  bounds: TimeBounds,
): Segment[] | Problem {
  const [earliest] = unseen.delete;
  const creates = [...unseen.create];
  const isUnclear = unseen.create.length + unseen.set.length + unseen.delete.length > 0;
  let last = createSegment(0, null, null);
  const segments = [last];
  for (const write of known) {
    const gap = gapProblem(last, write, unseen);
    if (gap !== null) return gap;
    const stat = stateAfter(write, last.stat, isUnclear);
    if (stat !== null && 'rule' in stat) return stat;
    last.until = write.zxid ?? 0;
    last = createSegment(write.zxid ?? 0, stat, write);
    segments.push(last);
  }
  if (earliest === undefined) return segments;
  const { invokedAt } = earliest;
  const lowest = (bounds.answeredBefore(invokedAt)?.zxid ?? 0) + 1;
  return segments.map((segment, at) => {
    if (segment.stat === null) return segment;
    const replaced = replacement(segment.stat, segments[at + 1]?.write ?? null, creates);
    if (replaced === 'none') return segment;
    const from = Math.max(segment.from + 1, lowest);
    return { ...segment, vanishing: { from, invokedAt, isCertain: replaced === 'certain' } };
  });
}

/** Index of the segment that holds at `zxid`. */
export function segmentAt(segments: readonly Segment[], zxid: number): number {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((segments[middle]?.from ?? 0) <= zxid) low = middle;
    else high = middle - 1;
  }
  return low;
}
