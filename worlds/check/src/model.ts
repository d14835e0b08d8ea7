/**
 * A sequential specification as a record of pure functions, in the manner of porcupine (Athalye), after "Testing for
 * Linearizability" (Lowe, 2017) and P-compositionality (Horn and Kroening, 2015).
 */

import type { History, Operation } from './history.ts';

/** `S` is a value that no step changes in place; null is no state. */
export interface Model<S extends NonNullable<unknown>, I, O> {
  init(): S;
  /**
   * The state after `input` answered `output`, or null if it cannot answer so in `state`. A null `output` is an
   * unknown one: any answer will do.
   */
  step(state: S, input: I, output: O | null): S | null;
  /** Equal for equal states and different for different ones. */
  key(state: S): string;
  /** Operations of different parts never affect one another, and are judged apart. */
  partition?(input: I): string;
  /** One operation in words, for explanations. */
  describe?(input: I, output: O | null): string;
}

/** The parts of a history that a model judges apart, by name. */
export function partitionHistory<S extends NonNullable<unknown>, I, O>(
  model: Model<S, I, O>,
  history: History<I, O>,
): Map<string, Operation<I, O>[]> {
  const parts = new Map<string, Operation<I, O>[]>();
  for (const operation of history) {
    const name = model.partition?.(operation.input) ?? '';
    const part = parts.get(name);
    if (part === undefined) parts.set(name, [operation]);
    else part.push(operation);
  }
  return parts;
}
