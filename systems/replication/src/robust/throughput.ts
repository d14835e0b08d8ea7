/**
 * What primaries achieve (Aardvark, NSDI 2009, section 4.3): each is measured against the best of the previous round, and
 * against a bar that rises while it holds, so that every primary is replaced in time, correct ones too. Offered load is
 * taken into account by Little's law: what a primary gets done while few requests wait cannot be held against it.
 * Invariant kept: after a round in which nobody reached the bar, the bar is what was reached.
 */

import type { Millis } from '@concordat/kernel';

/** What one view achieved: requests in a millisecond, and how many waited at a time. */
interface Achievement {
  readonly view: number;
  readonly rate: number;
  readonly load: number;
}

export interface Throughput {
  readonly members: number;
  view: number;
  /** When it served first; null before. What a change of views takes is not the new primary's fault. */
  since: Millis | null;
  /** When anything was last served, and how long what waited for the present view was held up by the change. */
  servedAt: Millis;
  changeMs: Millis;
  /** Requests executed since then, and the time that these waited together. */
  requests: number;
  waitedMs: number;
  judgedAt: Millis;
  /** The last checkpoint that was judged. */
  checkpoint: number;
  /** How far the bar has risen in this view. */
  ramp: number;
  /** Of the previous `members` views. */
  achieved: Achievement[];
}

/** The part of the best rate that is required at first. */
const FLOOR = 0.9;
/** By how much the bar rises with a checkpoint that it passed. */
const RAMP = 1.01;
/** For how long it does not rise: at least this, and so many times what the last change of views cost clients. */
const GRACE_MS = 5000;
const WORTH = 20;
/** No primary buys more time than this by serving its first request late. */
const LONGEST_CHANGE_MS = 1000;
/** Time and requests without which nothing is judged. */
const JUDGED_MS = 1000;
const JUDGED_REQUESTS = 64;

export const createThroughput = (members: number, now: Millis): Throughput => ({
  members,
  view: 0,
  since: null,
  servedAt: now,
  changeMs: 0,
  requests: 0,
  waitedMs: 0,
  judgedAt: now,
  checkpoint: 0,
  ramp: 1,
  achieved: [],
});

/** Notes a request that was executed now and has been here since `arrivedAt`, or null if it was not known here. */
export function noteServed(p: Throughput, arrivedAt: Millis | null, now: Millis): void {
  if (p.since === null) {
    p.since = now;
    if (arrivedAt !== null) p.changeMs = Math.min(now - p.servedAt, now - arrivedAt, LONGEST_CHANGE_MS);
  }
  p.servedAt = now;
  p.requests += 1;
  if (arrivedAt !== null) p.waitedMs += now - Math.max(arrivedAt, p.since);
}

/** Time in which this replica could not tell: it is not the primary's. */
export function forgive(p: Throughput, spanMs: Millis): void {
  if (p.since !== null) p.since += spanMs;
  p.servedAt += spanMs;
  p.judgedAt += spanMs;
}

/** A new primary, a new measurement; earlier ones count for a round. */
export function beginView(p: Throughput, view: number, now: Millis): void {
  const achieved = measured(p, now);
  if (achieved !== null) p.achieved.push(achieved);
  p.achieved = p.achieved.filter((known) => known.view >= view - p.members);
  Object.assign(p, { view, since: null, requests: 0, waitedMs: 0, judgedAt: now, ramp: 1 });
}

/** What the present view achieves; null while there is too little to tell. */
function measured({ view, since, requests, waitedMs }: Throughput, now: Millis): Achievement | null {
  if (since === null || now - since < JUDGED_MS || requests < JUDGED_REQUESTS) return null;
  const spanMs = now - since;
  return { view, rate: requests / spanMs, load: waitedMs / spanMs };
}

/** True if the primary falls short. Asked on every tick; looked at once for each checkpoint, and once a second. */
export function fallsShort(p: Throughput, checkpoint: number, now: Millis): boolean {
  if (checkpoint <= p.checkpoint && now - p.judgedAt < JUDGED_MS) return false;
  const present = measured(p, now);
  if (present === null || p.since === null) return false;
  p.checkpoint = checkpoint;
  p.judgedAt = now;
  if (present.rate < required(p, present)) return true;
  // A correct primary is replaced, too: that may cost a twentieth.
  if (now - p.since < Math.max(GRACE_MS, WORTH * p.changeMs)) return false;
  // With nobody to be compared to it makes room, or a slow primary would set the bar.
  if (p.achieved.length === 0) return true;
  p.ramp *= RAMP;
  return false;
}

/** What the best of the round, at the load of now, would have got done; less what chance may do to few requests. */
function required(p: Throughput, { load }: Achievement): number {
  const best = p.achieved.reduce((most, known) => Math.max(most, rateAt(known, load)), 0);
  return FLOOR * p.ramp * (1 - 2 / Math.sqrt(p.requests)) * best;
}

/** A rate grows with the load, ever less: at half the load at least half of it is to be expected. */
const rateAt = ({ rate, load }: Achievement, at: number): number => (at < load ? (rate * at) / load : rate);
