import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock, jumpClock, readClock, setDrift, trueSpan } from './clock.ts';

test('a clock shows offset and drift', () => {
  const clock = createClock({ offsetMs: 1000, drift: 0.5 });
  assert.equal(readClock(clock, 100), 1150);
  assert.equal(trueSpan(clock, 150), 100);
});

test('a jump back shows as a standstill, never as a step back', () => {
  const clock = createClock();
  assert.equal(readClock(clock, 100), 100);
  jumpClock(clock, -50);
  assert.equal(readClock(clock, 120), 100);
  assert.equal(readClock(clock, 160), 110);
  jumpClock(clock, 500);
  assert.equal(readClock(clock, 161), 611);
});

test('a change of drift is no step', () => {
  const clock = createClock();
  setDrift(clock, 1, 1000);
  assert.equal(readClock(clock, 1000), 1000);
  assert.equal(readClock(clock, 1100), 1200);
});
