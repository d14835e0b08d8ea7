/** Waiting with an end. */

import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Polls until `holds`, at most `deadlineMs`; tells which it was. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  deadlineMs: number,
): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > end) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** `promise`, or a rejection that names `what` after `ms`. */
export function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
