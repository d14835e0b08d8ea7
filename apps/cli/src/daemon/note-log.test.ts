import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '@concordat/runtime';
import { createNoteLog } from './note-log.ts';

function createSample() {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (event: string, fields = {}): void => {
      lines.push(`${level} ${event} ${JSON.stringify(fields)}`);
    };
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: () => logger,
  };
  const clock = { now: 0 };
  return { lines, clock, log: createNoteLog(logger, () => clock.now) };
}

test('trouble and its end are told, everyday life is not', () => {
  const { lines, log } = createSample();
  log({ kind: 'executed', slot: 1 });
  log({ kind: 'suspect', view: 0, why: 'it is silent' });
  log({ kind: 'new-view', view: 1 });
  assert.deepEqual(lines, ['warn suspect {"view":0,"why":"it is silent"}', 'info new-view {"view":1}']);
});

test('one kind has ten lines a minute, and the rest is counted', () => {
  const { lines, log, clock } = createSample();
  for (let i = 0; i < 1000; i++) log({ kind: 'strike', peer: 2 });
  log({ kind: 'link-down', peer: 2 });
  assert.equal(lines.length, 11);
  clock.now = 60_000;
  log({ kind: 'strike', peer: 2 });
  assert.deepEqual(lines.slice(11), [
    'warn suppressed {"kind":"strike","lines":990}',
    'warn strike {"peer":2}',
  ]);
});
