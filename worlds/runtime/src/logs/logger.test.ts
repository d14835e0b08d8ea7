import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
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

test('a log on a full disk loses lines, not the process that writes them', {
  skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
}, () => {
  const script = `
    const { createLogger } = await import('${new URL('./logger.js', import.meta.url).href}');
    for (let i = 0; i < 3; i++) {
      createLogger().error('halted', { i });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log('alive');
  `;
  const full = openSync('/dev/full', 'w');
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', full],
    encoding: 'utf8',
  });
  closeSync(full);
  assert.deepEqual([status, stdout], [0, 'alive\n']);
});
