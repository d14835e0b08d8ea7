/** Calls that go on while a test does something else. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../client/outcome.ts';

/** What adds to the counter. */
interface Caller {
  call(name: 'add', input: { readonly amount: number }): Promise<Outcome<number>>;
}

/** Calls from several sides until told to stop; returns how many succeeded, and what did not. */
export function load(callers: readonly Caller[]) {
  let isOver = false;
  const failures: unknown[] = [];
  let done = 0;
  const loops = callers.map(async (caller) => {
    while (!isOver) {
      const outcome = await caller.call('add', { amount: 1 });
      if (outcome.status === 'ok') done += 1;
      else failures.push(outcome);
      await sleep(2);
    }
  });
  return async () => {
    isOver = true;
    await Promise.all(loops);
    return { done, failures };
  };
}
