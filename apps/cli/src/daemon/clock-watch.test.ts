/** A host starts again when its clock was ahead and is right now, and only then. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBetterRestarted, watchClock } from './clock-watch.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

test('it is restarted when the log says that the wall clock is right and it is far ahead', () => {
  assert.equal(isBetterRestarted(HOUR, NOW, NOW - 200), true);
  assert.equal(isBetterRestarted(HOUR, NOW, NOW + 900), true);
  assert.equal(isBetterRestarted(10_000, NOW, NOW), true);
});

test('it is not when it is hardly ahead, when its clock was set wrong, or when all were set back', () => {
  assert.equal(isBetterRestarted(0, NOW, NOW), false);
  assert.equal(isBetterRestarted(2_000, NOW, NOW), false, 'that is over in four seconds');
  assert.equal(
    isBetterRestarted(HOUR, NOW - HOUR, NOW),
    false,
    'the log goes on an hour later than this clock says',
  );
  assert.equal(isBetterRestarted(HOUR, NOW, NOW + HOUR - 100), false, 'the others are as far ahead');
  assert.equal(
    isBetterRestarted(HOUR, NOW, NOW - HOUR),
    false,
    'the log stands still: nobody says who is right',
  );
});

test('the watch halts its host once, with the reason', { timeout: 30_000 }, async () => {
  const halts: string[] = [];
  // The watch keeps no process alive.
  const awake = setInterval(() => {}, 1000);
  await new Promise<void>((resolve) => {
    const halt = ({ message }: Error): void => {
      halts.push(message);
      resolve();
    };
    watchClock({ ahead: () => HOUR, halt }, () => Date.now());
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  clearInterval(awake);
  assert.equal(halts.length, 1);
  assert.match(halts[0] ?? '', /3600 s ahead/);
});
