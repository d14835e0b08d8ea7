/** The small size of the simulator's benchmark, so that it cannot rot: it asserts counts, never times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSimulator, lostMessages, measureSimulator, simulatorVerdicts } from './bench.ts';
import { parseSimulatorOptions } from './options.ts';

test('every exchange ends with all its messages, and the same seed counts the same', () => {
  const options = parseSimulatorOptions(['--peers', '200', '--seconds', '5', '--seed', '7']);
  assert.ok(typeof options !== 'string');
  const figures = measureSimulator(options);
  assert.equal(figures.exchanges, 200 * 5);
  assert.equal(figures.finished, figures.exchanges);
  assert.equal(figures.messages, 12 * figures.exchanges);
  assert.equal(lostMessages(figures), 0);
  assert.ok(figures.events > figures.messages);
  const again = measureSimulator(options);
  assert.deepEqual([again.events, again.links], [figures.events, figures.links]);
  assert.match(formatSimulator(figures), /^ *200 +5 +12000 /m);
});

test('lost messages, dear ones and memory are findings', () => {
  const fine = {
    ...{ peers: 2, simulatedSeconds: 1, exchanges: 2, finished: 2, messages: 24, events: 30, links: 2 },
    ...{ cpuMs: 0.05, wallMs: 1, residentBytes: 1e8 },
  };
  assert.deepEqual(simulatorVerdicts(fine), []);
  assert.equal(simulatorVerdicts({ ...fine, messages: 23, cpuMs: 1, residentBytes: 2e9 }).length, 3);
});

test('options that make no sense are told', () => {
  assert.match(String(parseSimulatorOptions(['--peers', '0'])), /not a positive number: 0/);
  assert.match(String(parseSimulatorOptions(['--peers', '1'])), /at least 2 peers/);
});
