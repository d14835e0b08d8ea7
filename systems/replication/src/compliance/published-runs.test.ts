/** The published rules for Zyzzyva's view change break in the runs that were found for them, and ours does not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificatesFirst, votesFirst } from './published-rules.ts';
import { runA, runB, selectingBy } from './published-runs.ts';

const isViolation = (objection: string | null): boolean =>
  objection !== null && !objection.startsWith('script:');

test('run A: certificates before votes forget what all had voted for', (t) => {
  const objection = runA(selectingBy(certificatesFirst));
  assert.ok(isViolation(objection), `${objection}`);
  t.diagnostic(objection ?? '');
});

test('run B: votes before certificates forget what was certified', (t) => {
  const objection = runB(selectingBy(votesFirst));
  assert.ok(isViolation(objection), `${objection}`);
  t.diagnostic(objection ?? '');
});

test('the evidence of the highest view comes through both', () => {
  assert.equal(runA(), null);
  assert.equal(runB(), null);
});

test('each published rule comes through the run that was made for the other', () => {
  assert.equal(runA(selectingBy(votesFirst)), null);
  assert.equal(runB(selectingBy(certificatesFirst)), null);
});
