/**
 * Telling filter nodes what they may forget (UpRight, SOSP 2009: BatchCompleted and CPUpdate in one). Bodies are kept by filter
 * nodes until whoever lacks a batch can fetch a state in its place, so an executor says COMPLETED of a request not when it has
 * executed it, but when the certified state has it: that certificate is on the disk of an order replica that neither lies nor
 * fails, and of those who signed it one executor holds the state, and stays.
 *
 * That it has executed a request is not enough. Of u + max(u, r) + 1 executors u may fail after they have said so, and the
 * next checkpoint needs those who have not come so far.
 */

import {
  type Env,
  type ExposedBatch,
  type ExposedSnapshot,
  isBatch,
  type Millis,
  type NodeId,
} from '@concordat/kernel';
import type { RequestMark } from '../admission/admission.ts';
import type { AwaitCompleted } from '../admission/messages.ts';
import { allFilters, filterId, filterOf } from '../admission/request-quorum/filters.ts';
import { MAX_BATCH_REQUESTS } from '../batch.ts';
import { isForgotten, isSpent } from '../execution/core-state.ts';
import type { Message } from '../replica/messages.ts';
import { clientKey } from '../request.ts';
import type { LearnerState } from './state.ts';

/** Of one client in one slot. */
interface Span {
  readonly first: number;
  last: RequestMark;
}

export interface Completion {
  /** What was executed up to here is not in `slots`: it came with a state, or from the journal. */
  base: number;
  /** What is exposed and not covered, by slot, then by client. */
  readonly slots: Map<number, ReadonlyMap<string, Span>>;
  /** Filter nodes were told up to this slot. */
  told: number;
  /** When each filter node was answered last. */
  readonly answeredAt: Map<NodeId, Millis>;
}

export const createCompletion = (): Completion => ({
  base: 0,
  slots: new Map(),
  told: 0,
  answeredAt: new Map(),
});

/** Notes what became exposed. */
export function noteExposed(c: Completion, items: readonly (ExposedBatch | ExposedSnapshot)[]): void {
  for (const item of items)
    if (isBatch(item)) c.slots.set(item.slot, spansOf(item));
    else {
      c.base = item.slot;
      c.slots.clear();
    }
}

function spansOf({ outcomes }: ExposedBatch): Map<string, Span> {
  const spans = new Map<string, Span>();
  for (const { domain, client, seq } of outcomes) {
    const last = { domain, client, seq };
    const known = spans.get(clientKey(last));
    if (known === undefined) spans.set(clientKey(last), { first: seq, last });
    else known.last = last;
  }
  return spans;
}

/** Tells all filter nodes what is covered since the last time. Called once per turn. */
export function tellCompleted(c: Completion, l: LearnerState, env: Env<Message>): void {
  const covered = l.certified.slot;
  if (covered <= c.told || !l.config.isByReference) return;
  c.told = covered;
  const done = new Map<string, RequestMark>();
  for (const [slot, spans] of c.slots) {
    if (slot > covered) continue;
    for (const [key, { last }] of spans) done.set(key, last);
    c.slots.delete(slot);
  }
  for (const filter of allFilters(l.config.quorums)) tell(env, filterId(filter), [...done.values()]);
}

function tell(env: Env<Message>, to: NodeId, done: readonly RequestMark[]): void {
  for (let at = 0; at < done.length; at += MAX_BATCH_REQUESTS)
    env.send(to, { type: 'completed', view: 0, done: done.slice(at, at + MAX_BATCH_REQUESTS) });
}

/** Filter nodes ask every second; looking is dearer than asking. */
const ANSWER_MS = 500;

/** A filter node asks about what it still holds. */
export function onAwaitCompleted(
  c: Completion,
  l: LearnerState,
  env: Env<Message>,
  from: NodeId,
  { marks }: AwaitCompleted,
): void {
  if (filterOf(l.config.quorums, from) === null || l.certified.slot < c.base) return;
  if (env.now - (c.answeredAt.get(from) ?? Number.NEGATIVE_INFINITY) < ANSWER_MS) return;
  c.answeredAt.set(from, env.now);
  const open = firstOpen(c, l);
  const { core } = l.execution;
  const isCovered = (mark: RequestMark): boolean =>
    mark.seq < (open.get(clientKey(mark)) ?? Number.POSITIVE_INFINITY) &&
    isSpent(core, mark) &&
    // Forgotten ahead, its client may be remembered again.
    (l.speculated.length === 0 || !isForgotten(core, mark));
  tell(env, from, marks.filter(isCovered));
}

/** Of each client the first request that is executed and not covered. */
function firstOpen({ slots }: Completion, l: LearnerState): Map<string, number> {
  const open = new Map<string, number>();
  const note = (key: string, seq: number): void => {
    open.set(key, Math.min(seq, open.get(key) ?? seq));
  };
  for (const [slot, spans] of slots)
    if (slot > l.certified.slot) for (const [key, { first }] of spans) note(key, first);
  for (const { exposed } of l.speculated)
    for (const outcome of exposed.outcomes) note(clientKey(outcome), outcome.seq);
  return open;
}
