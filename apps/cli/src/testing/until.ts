/** Waiting in tests for what comes about by itself. */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 60_000;
const LOOK_MS = 20;

/** Resolves once it holds; rejects with `what` if it never does. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + DEADLINE_MS; !(await holds()); ) {
    assert.ok(Date.now() < end, what);
    await sleep(LOOK_MS);
  }
}
