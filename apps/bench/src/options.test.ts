/** The command line means what the usage says, and says what is wrong with it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './options.ts';

test('loads are the product of shapes, sizes and operations', () => {
  const options = parseOptions(['--compare', '--loads', '6x50,1x1', '--bytes', '100', '--ops', 'set,get']);
  assert.ok(typeof options !== 'string');
  assert.equal(options.mode, 'compare');
  assert.deepEqual(
    options.loads.map((load) => `${load.connections}x${load.depth} ${load.operation} ${load.payloadBytes}`),
    ['6x50 set 100', '6x50 get 100', '1x1 set 100', '1x1 get 100'],
  );
});

test('endpoints are a target of their own', () => {
  const options = parseOptions(['--endpoints', 'localhost:2181,10.0.0.1:2182']);
  assert.ok(typeof options !== 'string');
  assert.deepEqual(options.endpoints, [
    { host: 'localhost', port: 2181 },
    { host: '10.0.0.1', port: 2182 },
  ]);
});

test('mistakes are named', () => {
  assert.match(String(parseOptions([])), /one of the four targets/);
  assert.match(String(parseOptions(['--ours', '--apache'])), /one of the four targets/);
  assert.match(String(parseOptions(['--ours', '--rounds', '0'])), /not a positive number: 0/);
  assert.match(String(parseOptions(['--ours', '--ops', 'sett'])), /not an operation: sett/);
  assert.match(String(parseOptions(['--ours', '--seconds', 'x'])), /not a duration: x/);
  assert.match(String(parseOptions(['--apache', '--faults', 'down'])), /faults are for --ours/);
  assert.match(String(parseOptions(['--apache', '--profile', 'x'])), /profiles are of --ours/);
});
