import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './logger.ts';

test('lines are JSON, filtered by level, with common fields and without secrets', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', pretty: false, write: (line) => lines.push(line) }).with({
    node: 2,
  });
  logger.debug('hidden');
  logger.info('started', { port: 7, password: 'hunter2', privateKey: 'k' });
  logger.error('two\nlines');
  assert.equal(lines.length, 2);
  const first: unknown = JSON.parse(lines[0] ?? '');
  assert.ok(typeof first === 'object' && first !== null && 'time' in first);
  assert.deepEqual(
    { ...first, time: 0 },
    { node: 2, port: 7, password: '***', privateKey: '***', time: 0, level: 'info', event: 'started' },
  );
  assert.equal(lines[1]?.split('\n').length, 2, 'one line each');
});

test('lines for people are short', () => {
  const lines: string[] = [];
  createLogger({ pretty: true, write: (line) => lines.push(line) }).warn('slow-disk', { ms: 12 });
  assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d\.\d{3} .*warn .* slow-disk ms=12\n$/);
});
