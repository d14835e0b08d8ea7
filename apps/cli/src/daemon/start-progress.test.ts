/** What an operator reads of a start: how far it is, now and then, and that it is over. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '@concordat/runtime';
import { createStartProgress, shownStart } from './start-progress.ts';

function createSample() {
  const lines: string[] = [];
  const info = (event: string, fields = {}): void => void lines.push(`${event} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: info, info, warn: info, error: info, with: () => logger };
  const clock = { now: 0 };
  return { lines, clock, start: createStartProgress(logger, () => clock.now) };
}

test('a long start has a line every few seconds, with what it does and how far it is', () => {
  const { lines, clock, start } = createSample();
  for (let done = 0; done <= 100; done++, clock.now += 100)
    start.report('reading the journal', { done, total: 100 });
  for (let done = 0; done <= 8; done++, clock.now += 100)
    start.report('restoring the state', { done, total: 8 });
  assert.deepEqual(start.status, { doing: 'restoring the state', percent: 100 });
  start.served();
  assert.equal(start.status, null);
  start.report('catching up with the others', { done: 0, total: 1 });
  start.served();
  assert.deepEqual(lines, [
    'starting {"doing":"reading the journal","percent":30}',
    'starting {"doing":"reading the journal","percent":60}',
    'starting {"doing":"reading the journal","percent":90}',
    'serving {"afterMs":11000}',
  ]);
});

test('a short one only says that it is over', () => {
  const { lines, start } = createSample();
  start.report('reading the journal', { done: 0, total: 0 });
  assert.equal(start.status && shownStart(start.status), 'reading the journal, 100 %');
  start.served();
  assert.deepEqual(lines, ['serving {"afterMs":0}']);
});
