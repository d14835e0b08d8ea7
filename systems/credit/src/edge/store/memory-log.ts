/** Changes that last as long as the process: for tests, trials, and services that may forget. */

import type { ChangeLog } from './change-log.ts';

async function* nothing(): AsyncGenerator<Uint8Array> {}

export function createMemoryLog(): ChangeLog {
  let end = 0;
  return {
    snapshot: null,
    changes: nothing(),
    listen: () => {},
    get end() {
      return end;
    },
    // At once: there is nothing to wait for.
    get durable() {
      return end;
    },
    append: () => {
      end += 1;
    },
    commit: () => {},
    storeSnapshot: async () => {},
    close: async () => {},
  };
}
