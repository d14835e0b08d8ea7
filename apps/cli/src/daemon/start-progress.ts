/**
 * How far a daemon's start has come: a line in its log now and then, and the same for `/ready` and `concordat status`. A
 * start has stages, each with a measure of its own; it ends when clients are served for the first time.
 */

import type { Progress } from '@concordat/kernel';
import type { Logger } from '@concordat/runtime';

export type Stage =
  | 'reading the journal'
  | 'restoring the state'
  | 'fetching the state'
  | 'catching up with the others';

export interface StartStatus {
  readonly doing: Stage;
  /** Of this stage; 100 at its end. */
  readonly percent: number;
}

export interface StartProgress {
  /** Null once it has served. */
  readonly status: StartStatus | null;
  report(doing: Stage, progress: Progress): void;
  served(): void;
}

/** A start that takes less has nothing to tell. */
const EVERY_MS = 3000;

export const shownStart = ({ doing, percent }: StartStatus): string => `${doing}, ${percent} %`;

const percentOf = ({ done, total }: Progress): number =>
  total === 0 ? 100 : Math.floor((100 * Math.min(done, total)) / total);

/** @param now a clock in milliseconds */
export function createStartProgress(logger: Logger, now: () => number): StartProgress {
  const began = now();
  let toldAt = began;
  let status: StartStatus | null = { doing: 'reading the journal', percent: 0 };
  return {
    get status() {
      return status;
    },
    report: (doing, progress) => {
      if (status === null) return;
      status = { doing, percent: percentOf(progress) };
      if (now() - toldAt < EVERY_MS) return;
      toldAt = now();
      logger.info('starting', { ...status });
    },
    served: () => {
      if (status === null) return;
      status = null;
      logger.info('serving', { afterMs: Math.round(now() - began) });
    },
  };
}
