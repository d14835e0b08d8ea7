/**
 * Linearizability (Herlihy and Wing, 1990): every operation seems to take effect at one moment between its
 * invocation and its answer. Parts that a model declares independent are judged apart.
 */

import type { History, Operation, Verdict } from './history.ts';
import { type Blocked, searchLinearization } from './linearization-search.ts';
import { type Model, partitionHistory } from './model.ts';

export interface Counterexample<S, I, O> extends Blocked<S, I, O> {
  /** The part that has no linearisation. */
  readonly part: string;
  /** Operations under way while `stuck` was, in order of invocation: the window to look at. */
  readonly window: readonly Operation<I, O>[];
}

export interface Linearizability<S, I, O> {
  readonly verdict: Verdict;
  /** Steps of the model taken. */
  readonly steps: number;
  readonly counterexample: Counterexample<S, I, O> | null;
}

export interface LinearizableOptions {
  /** Steps of the model before the verdict is `unknown`. About a million take a second. */
  readonly stepBudget?: number;
}

const DEFAULT_STEP_BUDGET = 10_000_000;

function windowOf<I, O>(stuck: Operation<I, O>, operations: readonly Operation<I, O>[]): Operation<I, O>[] {
  const end = stuck.outcome?.at ?? stuck.invokedAt;
  return operations
    .filter(
      ({ invokedAt, outcome }) => invokedAt <= end && (outcome === null || outcome.at >= stuck.invokedAt),
    )
    .sort((a, b) => a.invokedAt - b.invokedAt);
}

export function checkLinearizable<S extends NonNullable<unknown>, I, O>(
  model: Model<S, I, O>,
  history: History<I, O>,
  options: LinearizableOptions = {},
): Linearizability<S, I, O> {
  const budget = options.stepBudget ?? DEFAULT_STEP_BUDGET;
  let steps = 0;
  let isCut = false;
  for (const [part, operations] of partitionHistory(model, history)) {
    const result = searchLinearization(model, operations, budget - steps);
    steps += result.steps;
    if (result.blocked !== null) {
      const window = windowOf(result.blocked.stuck, operations);
      return { verdict: 'violated', steps, counterexample: { part, window, ...result.blocked } };
    }
    // A later part may still hold a definite violation.
    if (result.verdict === 'unknown') isCut = true;
  }
  return { verdict: isCut ? 'unknown' : 'ok', steps, counterexample: null };
}

/** The counterexample in words: what was explained, what cannot be, and what was under way. */
export function explainCounterexample<S extends NonNullable<unknown>, I, O>(
  model: Model<S, I, O>,
  counterexample: Counterexample<S, I, O>,
): string {
  const show = ({ session, invokedAt, input, outcome }: Operation<I, O>): string => {
    const what = model.describe?.(input, outcome?.output ?? null) ?? JSON.stringify({ input, outcome });
    return `session ${session}, ${invokedAt} to ${outcome?.at ?? '?'}: ${what}`;
  };
  const { part, stuck, state, linearized, window } = counterexample;
  return [
    `no order of effects explains this answer${part === '' ? '' : ` (part ${part})`}:`,
    `  ${show(stuck)}`,
    `a longest explanation takes ${linearized.length} operations and ends with state ${model.key(state)}, its last:`,
    ...linearized.slice(-5).map((operation) => `  ${show(operation)}`),
    'under way at that time:',
    ...window.map((operation) => `  ${show(operation)}`),
  ].join('\n');
}
