/**
 * Tells when a position of a journal is durable. Hosts hold a turn's sends until then; what a replica tells its own
 * process (an outcome, an event) must wait likewise, and for that the journal is watched on its way to the host.
 */

import type { Position } from '@concordat/kernel';
import type { Journal } from '@concordat/runtime';

export interface WatchedJournal {
  /** The same journal, for the host. */
  readonly journal: Journal;
  /** Runs `action` once everything appended so far is durable; in the order of the calls. */
  onceDurable(action: () => void): void;
}

export function watchDurability(inner: Journal): WatchedJournal {
  let waiting: { readonly needs: Position; readonly action: () => void }[] = [];

  const run = (): void => {
    if (waiting.length === 0) return;
    const due = waiting.findIndex(({ needs }) => needs > inner.durable);
    const ready = due < 0 ? waiting : waiting.slice(0, due);
    waiting = due < 0 ? [] : waiting.slice(due);
    for (const { action } of ready) action();
  };
  const journal: Journal = {
    get recovered() {
      return inner.recovered;
    },
    forgetRecovered: () => inner.forgetRecovered(),
    reason: inner.reason,
    get end() {
      return inner.end;
    },
    get durable() {
      return inner.durable;
    },
    listen: (listener) =>
      inner.listen({
        ...listener,
        durable: () => {
          listener.durable();
          run();
        },
      }),
    append: (record) => inner.append(record),
    commit: () => inner.commit(),
    release: (position) => inner.release(position),
    abandon: () => inner.abandon(),
    close: () => inner.close(),
  };
  return {
    journal,
    onceDurable: (action) => {
      waiting.push({ needs: inner.end, action });
      // In a later step: the turn that calls may still append, and must not be re-entered.
      if (inner.durable >= inner.end) queueMicrotask(run);
    },
  };
}
