/**
 * A process that reads a long journal starts step by step: in between the thread answers whoever asks how far it is. Nothing
 * reaches the process meanwhile, because its links and ports are not open yet.
 */

import { type Env, type Process, type Progress, type Recovered, stepsOf } from '@concordat/kernel';

/** What the process's `start` returns. Rejects with what it throws. */
export async function startStepwise<S, M>(
  process: Process<S, M>,
  env: Env<M>,
  recovered: Recovered,
  onStep: (progress: Progress) => void,
): Promise<S> {
  const steps = stepsOf(process, env, recovered);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    onStep(step.value);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
