/** The meter: silent over what is short, a bar for who looks on, lines for who does not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from './meter.ts';

function metered(isTTY: boolean): {
  readonly said: string[];
  readonly meter: ReturnType<typeof createMeter>;
  pass(ms: number): void;
} {
  const said: string[] = [];
  let nowMs = 0;
  const meter = createMeter('reading', { isTTY, write: (text: string) => said.push(text) }, () => nowMs);
  return {
    said,
    meter,
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

test('a bar is redrawn in its place and goes when the work is over', () => {
  const { said, meter, pass } = metered(true);
  meter.at(1, 10);
  pass(300);
  meter.at(2, 10);
  assert.deepEqual(said, [], 'what takes less than a moment says nothing');
  pass(200);
  meter.at(5, 10);
  pass(50);
  meter.at(6, 10);
  pass(60);
  meter.at(10, 10);
  const half = `reading [${'#'.repeat(15)}${'.'.repeat(15)}] 50 %`;
  const whole = `reading [${'#'.repeat(30)}] 100 %`;
  assert.deepEqual(said, [`\r${half}`, `\r${whole}`]);
  meter.end('done');
  assert.deepEqual(said.slice(2), [`\r${' '.repeat(whole.length)}\r`, 'done\n']);
});

test('without a terminal there is a line now and then, and none when the work was short', () => {
  const { said, meter, pass } = metered(false);
  pass(4000);
  meter.at(1, 4);
  assert.deepEqual(said, []);
  pass(2000);
  meter.at(1, 4);
  meter.at(2, 4);
  pass(5000);
  meter.at(7, 0);
  meter.end();
  assert.deepEqual(said, [`reading [${'#'.repeat(8)}${'.'.repeat(22)}] 25 %\n`, 'reading ...\n']);
});
