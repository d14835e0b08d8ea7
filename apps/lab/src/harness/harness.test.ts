import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concordat } from './candidate.ts';
import { createFederation, FIRST_OUTSIDER } from './federation.ts';
import { type Figures, measure } from './measure.ts';
import { createRecorder } from './recorder.ts';

const FAULTS = { u: 1, r: 1 };

function outsiders(seed: number, count: number): Figures {
  const recorder = createRecorder();
  const federation = createFederation({ seed, faults: FAULTS, candidate: concordat }, recorder);
  federation.enter({ count, domain: FIRST_OUTSIDER, recorder });
  return measure(federation, { warmMs: 50, forMs: 100 });
}

test('the same seed measures the same, another one something else', () => {
  const first = outsiders(1, 8);
  assert.deepEqual(outsiders(1, 8), first);
  assert.notDeepEqual(outsiders(2, 8), first);
});

test('closed loops: each participant has as many requests outstanding as it was told', () => {
  const { byNode, completed, p50Ms, perSecond } = outsiders(1, 8);
  assert.equal(Object.keys(byNode).length, 8);
  assert.equal(
    Object.values(byNode).reduce((sum, count) => sum + count, 0),
    completed,
  );
  // Little's law: what is outstanding is throughput times latency.
  const outstanding = (perSecond * p50Ms) / 1000;
  assert.ok(outstanding > 6 && outstanding < 10, `${outstanding}`);
});

test('gateways are served, those of liars do not ask, and busy time is at most all the time', () => {
  const recorder = createRecorder();
  const federation = createFederation(
    {
      seed: 3,
      faults: FAULTS,
      candidate: concordat,
      adversaries: new Map([[2, {}]]),
      gateway: () => 4,
    },
    recorder,
  );
  const { byNode, busy } = measure(federation, { warmMs: 50, forMs: 100 });
  assert.deepEqual(Object.keys(byNode), ['0', '1', '3']);
  assert.equal(busy.length, 4);
  for (const { turns, jobs } of busy) assert.ok(turns > 0 && turns <= 1.01 && jobs <= 1.01);
});
