/**
 * What ZooKeeper promises, judged on what clients saw (ZooKeeper: Hunt et al., ATC 2010, section 2.3): writes are
 * linearizable; each session's operations keep their order; its reads may be stale but never go back, also across
 * endpoints, and include its own writes; a read after a sync is fresh. Unanswered writes may have happened.
 *
 * One total order of the writes must explain every answer. The service itself claims such an order with its zxids;
 * the claim is a proposal, checked against values, versions, real time and sessions. A service that answers well but
 * numbers wrongly is at fault too: clients see the numbers.
 *
 * Deviation: a gap that unanswered writes can fill is accepted without working out which of them filled it, so a
 * wrong order among writes that nobody saw can pass.
 */

import type { Verdict } from './history.ts';
import { type Order, walkSession } from './session-walk.ts';
import { createTimeBounds, type Placed, type TimeBounds } from './time-bounds.ts';
import { describeOperation, type ZnodeOperation } from './znode-history.ts';
import { buildTimeline, noUnseen, type Segment, type Unseen } from './znode-timeline.ts';
import { collectWrites, type Problem, problem, type Write, type Writes } from './znode-writes.ts';

export interface OrderedWrites {
  readonly verdict: Verdict;
  /** The first broken rule; also why a history is `unknown`. */
  readonly problem: Problem | null;
  /** The problem with the operations that show it, for people; '' if there is none. */
  readonly explanation: string;
}

/** Passes over the sessions; each can only raise the lowest zxid of an unanswered delete. */
const MAX_PASSES = 50;

/** Where each operation that wrote, or was refused, claims to stand; a problem if two claim one place. */
function placeWrites(history: readonly ZnodeOperation[], { known }: Writes): Placed[] | Problem {
  const placed = new Map<number, Placed>();
  for (const { operation, zxid, invokedAt, answeredAt } of known) {
    placed.set(operation, { operation, zxid: zxid ?? 0, invokedAt, answeredAt });
  }
  for (const [operation, { invokedAt, outcome }] of history.entries()) {
    if (outcome?.output.kind !== 'refused') continue;
    placed.set(operation, { operation, zxid: outcome.output.zxid, invokedAt, answeredAt: outcome.at });
  }
  const list = [...placed.values()].sort((a, b) => a.zxid - b.zxid);
  for (const [at, write] of list.entries()) {
    if (!Number.isSafeInteger(write.zxid) || write.zxid < 1) {
      return problem('claims', `zxid ${write.zxid} is no positive integer`, write.operation);
    }
    const former = list[at - 1];
    if (former?.zxid === write.zxid) {
      return problem('split-brain', `two writes at zxid ${write.zxid}`, former.operation, write.operation);
    }
  }
  return list;
}

function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function unseenOf(writes: readonly Write[] | undefined): Unseen {
  const unseen = noUnseen();
  const ordered = [...(writes ?? [])].sort((a, b) => a.invokedAt - b.invokedAt);
  for (const write of ordered) unseen[write.change.kind].push(write);
  return unseen;
}

function buildTimelines({ known, unseen }: Writes, bounds: TimeBounds): Map<string, Segment[]> | Problem {
  const unseenByPath = groupBy(unseen, ({ change }) => change.path);
  const timelines = new Map<string, Segment[]>();
  for (const [path, writes] of groupBy(known, ({ change }) => change.path)) {
    const timeline = buildTimeline(writes, unseenOf(unseenByPath.get(path)), bounds);
    if (!Array.isArray(timeline)) return timeline;
    timelines.set(path, timeline);
  }
  return timelines;
}

/** Writes stand in the order in which real time separates them. */
function checkRealTime(bounds: TimeBounds, placed: readonly Placed[]): Problem | null {
  for (const { operation, zxid, invokedAt } of placed) {
    const earlier = bounds.answeredBefore(invokedAt);
    if (earlier === null || earlier.zxid < zxid) continue;
    const text = `the write at zxid ${earlier.zxid} was answered before that at zxid ${zxid} was invoked`;
    return problem('real-time', text, earlier.operation, operation);
  }
  return null;
}

/** Finds the order that the answers claim; a problem if they contradict one another already. */
function readOrder(history: readonly ZnodeOperation[]): Order | Problem {
  const writes = collectWrites(history);
  if ('rule' in writes) return writes;
  const placed = placeWrites(history, writes);
  if ('rule' in placed) return placed;
  const bounds = createTimeBounds(placed);
  const reversed = checkRealTime(bounds, placed);
  if (reversed !== null) return reversed;
  const timelines = buildTimelines(writes, bounds);
  if (!(timelines instanceof Map)) return timelines;
  const zxidOf = new Map(placed.map(({ operation, zxid }) => [operation, zxid]));
  const segmentOf = new Map<Write, Segment>();
  for (const segment of [...timelines.values()].flat())
    if (segment.write !== null) segmentOf.set(segment.write, segment);
  const unclearPaths = new Set(writes.unseen.map(({ change }) => change.path));
  return { history, writes, zxidOf, timelines, segmentOf, unclearPaths, bounds };
}

const vanishings = ({ timelines }: Order): number => {
  let sum = 0;
  for (const segments of timelines.values())
    for (const { vanishing } of segments) sum += vanishing?.from ?? 0;
  return sum;
};

/** Walks all sessions until nothing moves any more: the lowest points that explain everything. */
function walkSessions(order: Order): Problem | null {
  const sessions = groupBy(order.history.keys(), (index) => order.history[index]!.session);
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = vanishings(order);
    for (const indices of sessions.values()) {
      const found = walkSession(order, indices);
      if (found !== null) return found;
    }
    for (const segments of order.timelines.values()) {
      const late = segments.find(({ vanishing, until }) => vanishing?.isCertain && vanishing.from >= until);
      // It was seen up to its end: whatever came next, no delete fits in between.
      if (late?.write != null)
        return problem('chain', 'no room for the delete in between', late.write.operation);
    }
    if (vanishings(order) === before) return null;
  }
  return problem('unclear', `no fixed point after ${MAX_PASSES} passes`);
}

/** Judges a history of znodes. Takes time n log n in the number of operations. */
export function checkOrderedWrites(history: readonly ZnodeOperation[]): OrderedWrites {
  const order = readOrder(history);
  const found = 'rule' in order ? order : walkSessions(order);
  if (found === null) return { verdict: 'ok', problem: null, explanation: '' };
  const lines = [...new Set(found.operations)].map(
    (index) => `  #${index} ${describeOperation(history[index]!)}`,
  );
  return {
    verdict: found.rule === 'unclear' ? 'unknown' : 'violated',
    problem: found,
    explanation: [`${found.rule}: ${found.explanation}`, ...lines].join('\n'),
  };
}
