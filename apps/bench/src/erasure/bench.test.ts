/** The small size of the benchmark of erasure codes, so that it cannot rot: it asserts counts and bytes, never times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runErasureBench } from './bench.ts';
import { measureErasure } from './measure.ts';
import { parseErasureOptions } from './options.ts';
import { erasureVerdicts, formatErasure } from './report.ts';

const SMALL = ['--shapes', '45/50x1201,4/6x40000,10/16x1', '--seconds', '0.002', '--rounds', '2'];

test('every phase of every shape does its work, and rightly', () => {
  const options = parseErasureOptions(SMALL);
  assert.ok(typeof options !== 'string');
  const told: string[] = [];
  const all = measureErasure(options, (line) => told.push(line));
  assert.deepEqual(told, ['45/50 x 1201 B: done', '4/6 x 40000 B: done', '10/16 x 1 B: done']);
  for (const { shape, phases } of all) {
    assert.equal(phases.length, 9);
    for (const phase of phases) {
      assert.equal(phase.wrong, 0, phase.name);
      assert.ok(phase.calls >= 2, 'at least one in each round');
      assert.equal(phase.bytes, phase.calls * shape.dataShards * shape.shardBytes);
    }
  }
  assert.deepEqual(erasureVerdicts(all), []);
  assert.match(formatErasure(all), /^45 of 50 x 1201 B +copy of the data +[\d,]+ +[\d.]+$/m);
  assert.match(formatErasure(all), /^ +encode +[\d,]+ +[\d.]+ +[\d.]+ +[\d.]+$/m);
  assert.match(formatErasure(all), /^ +reconstruct, tables +[\d,]+ +[\d.]+ +[\d.]+$/m);
});

test('what was rebuilt wrong is a finding', () => {
  const phase = { name: 'encode', calls: 1, bytes: 8, mbPerSecond: 1, usPerCall: 8, wrong: 1 };
  const shape = { dataShards: 4, totalShards: 6, shardBytes: 2 };
  assert.deepEqual(erasureVerdicts([{ shape, phases: [phase, { ...phase, wrong: 0 }] }]), [
    '4 of 6, encode: other bytes than expected',
  ]);
});

test('options that make no sense are told', () => {
  for (const shape of ['4', '4/6', '4/4x1', '6/4x1', '0/4x1', '4/257x1', '4/6x0', 'a/bxc']) {
    assert.match(String(parseErasureOptions(['--shapes', shape])), /^not a/, shape);
  }
  assert.match(String(parseErasureOptions(['--seconds', '0'])), /not a duration: 0/);
  assert.match(String(parseErasureOptions(['--rounds', '0'])), /not a positive number: 0/);
  assert.match(String(parseErasureOptions(['--unheard-of'])), /unheard-of/);
  assert.equal(runErasureBench(['--help']), 0);
  assert.equal(runErasureBench(['--unheard-of']), 2);
});
