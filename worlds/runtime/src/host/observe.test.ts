import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Note } from '@concordat/kernel';
import { createLogger } from '../logs/logger.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { observeHost } from './observe.ts';

test('a turn and a sync that keep others waiting are told of', () => {
  const notes: Note[] = [];
  const logger = createLogger({ write: () => {} });
  const observer = observeHost(createMetrics(), logger, (note) => notes.push(note));
  observer.turn(249, 10);
  observer.turn(312.4, 7);
  observer.synced(249, 1);
  observer.synced(700, 3);
  assert.deepEqual(notes, [
    { kind: 'slow-turn', durationMs: 312, messages: 7 },
    { kind: 'slow-sync', durationMs: 700, records: 3 },
  ]);
});
