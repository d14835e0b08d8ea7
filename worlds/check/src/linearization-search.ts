/**
 * The search for one linearisation (Wing and Gong 1993, with Lowe's memoisation): walk through calls in time order,
 * take an operation whenever the model allows it, go back when the answer of one not yet taken is reached, and never
 * enter a pair of (operations taken, state) twice.
 *
 * Answered operations are tried before unanswered ones, which could be taken at any time and would otherwise be
 * spent too early. An unanswered operation need not be taken at all.
 */

import { assert } from '@concordat/kernel';
import type { Operation, Verdict } from './history.ts';
import type { Model } from './model.ts';

/** Where no linearisation gets past: the answer of `stuck` cannot be explained. */
export interface Blocked<S, I, O> {
  readonly stuck: Operation<I, O>;
  /** A longest explanation of everything answered before, in order of effect. */
  readonly linearized: readonly Operation<I, O>[];
  /** The state after it. */
  readonly state: S;
}

export interface SearchResult<S, I, O> {
  readonly verdict: Verdict;
  readonly steps: number;
  readonly blocked: Blocked<S, I, O> | null;
}

/** Links of the call and answer events that are still in the way; the last index is the head. */
interface Links {
  readonly next: Int32Array;
  readonly prev: Int32Array;
}

/** What was taken, to be undone on the way back. */
interface Frame<S> {
  /** An event for an answered operation; `events + index` for an unanswered one. */
  readonly choice: number;
  readonly state: S;
  readonly lastTaken: number;
}

interface Search<S extends NonNullable<unknown>, I, O> {
  readonly model: Model<S, I, O>;
  /** In order of invocation. */
  readonly answered: readonly Operation<I, O>[];
  readonly unanswered: readonly Operation<I, O>[];
  /** Of each event: the index of its operation, as it is for a call and inverted (~) for an answer. */
  readonly events: Int32Array;
  /** The event of each answered operation's answer. */
  readonly answerOf: Int32Array;
  readonly links: Links;
  readonly isTaken: Uint8Array;
  readonly isSpent: Uint8Array;
  /** The highest index in `answered` that is taken. */
  lastTaken: number;
  readonly frames: Frame<S>[];
  readonly seen: Set<string>;
  state: S;
  steps: number;
  /** The latest answer that could not be passed; -1 if none. */
  furthest: number;
}

const byInvocation = <I, O>(a: Operation<I, O>, b: Operation<I, O>): number => a.invokedAt - b.invokedAt;

const answerTime = <I, O>(operation: Operation<I, O>): number =>
  operation.outcome?.at ?? Number.POSITIVE_INFINITY;

/** Calls and answers in time order; at equal times calls come first, since intervals are closed. */
function orderEvents<I, O>(answered: readonly Operation<I, O>[]): Int32Array {
  const calls = answered.map((_, index) => index);
  const answers = [...calls].sort((a, b) => answerTime(answered[a]!) - answerTime(answered[b]!));
  const events = new Int32Array(2 * answered.length);
  let [call, at] = [0, 0];
  for (const answer of answers) {
    while (call < calls.length && answered[call]!.invokedAt <= answerTime(answered[answer]!))
      events[at++] = call++;
    events[at++] = ~answer;
  }
  return events;
}

function createLinks(count: number): Links {
  const next = new Int32Array(count + 1);
  const prev = new Int32Array(count + 1);
  for (let event = 0; event <= count; event++) {
    next[event] = event === count ? 0 : event + 1;
    prev[event] = event === 0 ? count : event - 1;
  }
  return { next, prev };
}

function createSearch<S extends NonNullable<unknown>, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
): Search<S, I, O> {
  const answered = operations.filter(({ outcome }) => outcome !== null).sort(byInvocation);
  const unanswered = operations.filter(({ outcome }) => outcome === null).sort(byInvocation);
  const events = orderEvents(answered);
  const answerOf = new Int32Array(answered.length);
  for (let event = 0; event < events.length; event++)
    if (events[event]! < 0) answerOf[~events[event]!] = event;
  return {
    model,
    answered,
    unanswered,
    events,
    answerOf,
    links: createLinks(events.length),
    isTaken: new Uint8Array(answered.length),
    isSpent: new Uint8Array(unanswered.length),
    lastTaken: -1,
    frames: [],
    seen: new Set(),
    state: model.init(),
    steps: 0,
    furthest: -1,
  };
}

function unlink({ next, prev }: Links, event: number): void {
  next[prev[event]!] = next[event]!;
  prev[next[event]!] = prev[event]!;
}

function relink({ next, prev }: Links, event: number): void {
  next[prev[event]!] = event;
  prev[next[event]!] = event;
}

/** Packs flags from `from` to `to` (inclusive) into a string, 15 to a character. */
function packFlags(flags: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let start = from; start <= to; start += 15) {
    let bits = 0;
    for (let i = start; i < start + 15 && i <= to; i++) bits |= flags[i]! << (i - start);
    text += String.fromCharCode(bits);
  }
  return text;
}

/**
 * Names the pair (operations taken, state). All operations before the first one still linked are taken, so only the
 * few that overlap it need flags: this is what keeps long histories cheap.
 */
function configurationKey<S extends NonNullable<unknown>, I, O>(search: Search<S, I, O>, state: S): string {
  const { events, links, isTaken, isSpent, lastTaken, answered } = search;
  const first = links.next[events.length]!;
  const from = first === events.length ? answered.length : events[first]!;
  const spent = packFlags(isSpent, 0, isSpent.length - 1);
  return `${from}:${packFlags(isTaken, from, lastTaken)}:${spent}:${search.model.key(state)}`;
}

/** Takes the choice if the model allows it and it leads somewhere new. */
function tryChoice<S extends NonNullable<unknown>, I, O>(search: Search<S, I, O>, choice: number): boolean {
  const { model, events, answered, unanswered, frames, state } = search;
  const isAnswered = choice < events.length;
  const operation = isAnswered ? answered[events[choice]!]! : unanswered[choice - events.length]!;
  search.steps++;
  const after = model.step(state, operation.input, operation.outcome?.output ?? null);
  if (after === null) return false;
  // An unanswered operation that changes nothing explains nothing.
  if (!isAnswered && model.key(after) === model.key(state)) return false;
  frames.push({ choice, state, lastTaken: search.lastTaken });
  take(search, choice);
  const key = configurationKey(search, after);
  if (search.seen.has(key)) {
    undo(search);
    return false;
  }
  search.seen.add(key);
  search.state = after;
  return true;
}

function take<S extends NonNullable<unknown>, I, O>(search: Search<S, I, O>, choice: number): void {
  const { events, links, answerOf } = search;
  if (choice >= events.length) {
    search.isSpent[choice - events.length] = 1;
    return;
  }
  const index = events[choice]!;
  search.isTaken[index] = 1;
  search.lastTaken = Math.max(search.lastTaken, index);
  unlink(links, choice);
  unlink(links, answerOf[index]!);
}

/** Takes back the latest choice and returns it. */
function undo<S extends NonNullable<unknown>, I, O>(search: Search<S, I, O>): number {
  const { events, links, answerOf, frames } = search;
  const frame = frames.pop();
  assert(frame !== undefined, 'only what was chosen is taken back');
  const { choice } = frame;
  search.state = frame.state;
  search.lastTaken = frame.lastTaken;
  if (choice >= events.length) {
    search.isSpent[choice - events.length] = 0;
    return choice;
  }
  const index = events[choice]!;
  search.isTaken[index] = 0;
  relink(links, answerOf[index]!);
  relink(links, choice);
  return choice;
}

/** The first answer still linked: nothing invoked after it may be taken before its operation. */
function barrier<S extends NonNullable<unknown>, I, O>({ events, links }: Search<S, I, O>): number {
  let event = links.next[events.length]!;
  while (events[event]! >= 0) event = links.next[event]!;
  return event;
}

/** Tries choices from `from` on, answered ones first; true as soon as one is taken. */
function advance<S extends NonNullable<unknown>, I, O>(search: Search<S, I, O>, from: number): boolean {
  const { events, links, unanswered, answered, isSpent } = search;
  const count = events.length;
  if (from < count) {
    for (let event = from; events[event]! >= 0; event = links.next[event]!) {
      if (tryChoice(search, event)) return true;
    }
  }
  const end = barrier(search);
  const until = answerTime(answered[~events[end]!]!);
  for (let index = Math.max(0, from - count); index < unanswered.length; index++) {
    if (unanswered[index]!.invokedAt > until) break;
    if (isSpent[index] === 0 && tryChoice(search, count + index)) return true;
  }
  search.furthest = Math.max(search.furthest, end);
  return false;
}

/** Searches until everything answered is taken, or nothing is left to try, or the answer `stopAt` blocks. */
function run<S extends NonNullable<unknown>, I, O>(
  search: Search<S, I, O>,
  stepBudget: number,
  stopAt: number,
): Verdict {
  const { links, events, frames } = search;
  const count = events.length;
  let from = links.next[count]!;
  while (links.next[count] !== count) {
    if (search.steps > stepBudget) return 'unknown';
    if (advance(search, from)) {
      from = links.next[count]!;
      continue;
    }
    if (search.furthest === stopAt || frames.length === 0) return 'violated';
    const choice = undo(search);
    from = choice < count ? links.next[choice]! : choice + 1;
  }
  return 'ok';
}

function blockedAt<S extends NonNullable<unknown>, I, O>(search: Search<S, I, O>): Blocked<S, I, O> {
  const { events, answered, unanswered, frames, furthest, state } = search;
  const stuck = answered[~events[furthest]!];
  assert(stuck !== undefined, 'a blocked search stands before an answer');
  const linearized = frames.map(({ choice }) =>
    choice < events.length ? answered[events[choice]!]! : unanswered[choice - events.length]!,
  );
  return { stuck, linearized, state };
}

/** Judges one part of a history. `stepBudget` bounds the steps of the model, and so time and memory. */
export function searchLinearization<S extends NonNullable<unknown>, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  stepBudget: number,
): SearchResult<S, I, O> {
  const search = createSearch(model, operations);
  const verdict = run(search, stepBudget, -1);
  const { steps, furthest } = search;
  if (verdict !== 'violated') return { verdict, steps, blocked: null };
  // The same search again, stopped where it got furthest: cheaper than keeping every path on the way.
  const again = createSearch(model, operations);
  run(again, stepBudget, furthest);
  return { verdict, steps, blocked: blockedAt(again) };
}
