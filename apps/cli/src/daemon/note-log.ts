/**
 * What an operator reads of a domain's life: the notes that tell of trouble or of its end. A peer that misbehaves as fast
 * as it can must not fill the disk, so each kind has a few lines per minute; the metrics count all.
 */

import type { Note } from '@concordat/kernel';
import type { Logger } from '@concordat/runtime';

const LEVELS: Readonly<Record<string, 'info' | 'warn'>> = {
  recovered: 'info',
  incarnation: 'info',
  'link-up': 'info',
  'link-down': 'warn',
  suspect: 'warn',
  'view-change': 'info',
  'new-view': 'info',
  diverged: 'warn',
  'state-transfer': 'info',
  'state-transferred': 'info',
  strike: 'warn',
  'conflicting-vote': 'warn',
  'untimely-proposal': 'warn',
  'stood-still': 'warn',
  'request-refused': 'warn',
  'handshake-failed': 'warn',
  'slow-turn': 'warn',
  'slow-sync': 'warn',
  'keeper-admin': 'info',
  'keeper-shed': 'info',
  'keeper-stale': 'warn',
  'keeper-epoch-lost': 'warn',
};

const LINES_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

/** @param now a clock in milliseconds */
export function createNoteLog(logger: Logger, now: () => number): (note: Note) => void {
  let since = now();
  const lines = new Map<string, number>();

  const tellSuppressed = (): void => {
    for (const [kind, count] of lines) {
      if (count > LINES_PER_MINUTE) logger.warn('suppressed', { kind, lines: count - LINES_PER_MINUTE });
    }
    lines.clear();
    since = now();
  };
  return (note) => {
    const { kind, ...fields } = note;
    const level = LEVELS[kind];
    if (level === undefined) return;
    if (now() - since >= MINUTE_MS) tellSuppressed();
    const count = (lines.get(kind) ?? 0) + 1;
    lines.set(kind, count);
    if (count <= LINES_PER_MINUTE) logger[level](kind, fields);
  };
}
