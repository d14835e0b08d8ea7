/**
 * What real time says about the order of writes: a write answered before another was invoked comes first, and no
 * read shows a write that was invoked after the read was answered.
 */

import type { Millis } from '@concordat/kernel';

/** A write with its place in the claimed order. */
export interface Placed {
  readonly operation: number;
  readonly zxid: number;
  readonly invokedAt: Millis;
  /** Infinity if unanswered. */
  readonly answeredAt: Millis;
}

export interface TimeBounds {
  /** Of the writes answered before `time`, the one with the highest zxid. */
  answeredBefore(time: Millis): Placed | null;
  /** Of the writes invoked after `time`, the one with the lowest zxid. */
  invokedAfter(time: Millis): Placed | null;
}

/** The number of leading items for which `holds`; it holds for a prefix of them. */
function countPrefix<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function createTimeBounds(writes: readonly Placed[]): TimeBounds {
  const byAnswer = [...writes].sort((a, b) => a.answeredAt - b.answeredAt);
  const highest: Placed[] = [];
  for (const write of byAnswer) {
    const former = highest.at(-1);
    highest.push(former !== undefined && former.zxid > write.zxid ? former : write);
  }
  const byInvocation = [...writes].sort((a, b) => b.invokedAt - a.invokedAt);
  const lowest: Placed[] = [];
  for (const write of byInvocation) {
    const former = lowest.at(-1);
    lowest.push(former !== undefined && former.zxid < write.zxid ? former : write);
  }
  return {
    answeredBefore: (time) =>
      highest[countPrefix(byAnswer, ({ answeredAt }) => answeredAt < time) - 1] ?? null,
    invokedAfter: (time) =>
      lowest[countPrefix(byInvocation, ({ invokedAt }) => invokedAt > time) - 1] ?? null,
  };
}
