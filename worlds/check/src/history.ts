/**
 * What clients saw: operations with the times at which they were invoked and answered. Checkers judge histories and
 * nothing else, so that simulated and real runs are judged alike.
 *
 * Times are closed intervals: an operation invoked at the very moment another was answered is concurrent with it.
 */

import type { Millis } from '@concordat/kernel';

export interface Operation<I, O> {
  /** Who invoked it: a client, process or session. */
  readonly session: number;
  readonly invokedAt: Millis;
  readonly input: I;
  /** Null when no answer came: the operation may take effect at any later time, or never. */
  readonly outcome: { readonly at: Millis; readonly output: O } | null;
}

export type History<I, O> = readonly Operation<I, O>[];

/**
 * `ok`: an explanation exists. `violated`: none does. `unknown`: the step budget ran out, or the history says too
 * little; it is no verdict.
 */
export type Verdict = 'ok' | 'violated' | 'unknown';
