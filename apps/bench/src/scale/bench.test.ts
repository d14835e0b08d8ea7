/** The small size of the scale benchmark, so that it cannot rot: it asserts counts, never times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startConcordat } from '../concordat-cluster.ts';
import { parseScaleOptions } from './options.ts';
import { formatScale, scaleVerdicts } from './report.ts';
import { measureScale, type ScaleFigures } from './scale.ts';

const SMALL = [
  ...['--sessions', '100', '--watches', '1050', '--znodes', '1500', '--seconds', '1', '--rate', '100000'],
];

test('everyone stays, everyone is told, a killed server comes back', { timeout: 60_000 }, async () => {
  const options = parseScaleOptions(SMALL);
  assert.ok(typeof options !== 'string');
  const cluster = await startConcordat();
  const figures = await measureScale(cluster, options, () => {}).finally(() => cluster.stop());
  assert.equal(figures.failures, 0);
  assert.equal(figures.closed, 0);
  assert.equal(figures.events, 1050);
  assert.equal(figures.znodeBytes.length, 4);
  assert.match(formatScale(options, [figures]), /^1,500 znodes created +\d/m);
  assert.match(
    formatScale(options, [figures]),
    /^longest stall of each server until then +\d+, \d+, \d+, \d+ ms$/m,
  );
  for (const [i, ms] of figures.steadyHoldMs.entries())
    assert.ok((ms ?? -1) >= (figures.createHoldMs[i] ?? 0));
});

test('what is lost, untold, failed or late is a finding', () => {
  const options = parseScaleOptions(SMALL);
  assert.ok(typeof options !== 'string');
  const fine: ScaleFigures = {
    ...{
      target: 'concordat',
      openMs: 1,
      crowdBytes: 1,
      tellMs: 1,
      events: 1050,
      createMs: 1,
      createStallMs: 1,
    },
    ...{ znodeBytes: [1], residentBytes: [1], steadyMs: 1, steadyP99Ms: 1, steadyStallMs: 1, behind: 100 },
    ...{ createHoldMs: [1, 2.4], steadyHoldMs: [null] },
    ...{ restartMs: 1, failures: 0, closed: 0 },
  };
  assert.deepEqual(scaleVerdicts(options, fine), []);
  const bad = { ...fine, events: 1049, behind: 101, failures: 1, closed: 1 };
  assert.equal(scaleVerdicts(options, bad).length, 4);
});

test('options that make no sense are told', () => {
  assert.match(String(parseScaleOptions(['--sessions', '0'])), /not a positive number: 0/);
  assert.match(String(parseScaleOptions(['--unheard-of'])), /unheard-of/);
});
