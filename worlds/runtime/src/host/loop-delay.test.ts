import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchLoopDelay } from './loop-delay.ts';

test('a thread that is held shows as a delay of at least that time', async () => {
  const delay = watchLoopDelay();
  const look = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
  await look();
  for (const until = performance.now() + 120; performance.now() < until; );
  await look();
  assert.ok(delay.maxMs >= 100, `${delay.maxMs}`);
  delay.close();
});
