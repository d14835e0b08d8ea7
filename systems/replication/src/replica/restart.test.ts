/** A restart tells how much of the journal it has applied, and leads to the same state at one go and in steps. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { type Progress, type Recovered, stepsOf } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { createIdleEnv } from '../compliance/idle-env.ts';
import { createLedger } from '../compliance/ledger.ts';
import { replicaConfig } from '../config.ts';
import { encodeRecord, type Record } from './records.ts';
import { createReplica } from './replica.ts';

const SELF = 2;
const cluster = modelHash(utf8('restart test'));
const config = replicaConfig({ self: SELF, cluster, faults: { u: 1, r: 1 } });
const keys = createModelKeys(4, 1)(SELF);

const recordOf = (record: Record): Uint8Array => encodeRecord(record).slice();

/** What no version wrote is skipped, however much it is. */
const LITTER = Array.from({ length: 5 }, () => new Uint8Array(700_000));

const recovered: Recovered = {
  records: [
    recordOf({ type: 'view', view: 3, newView: null }),
    ...LITTER,
    recordOf({ type: 'change', view: 6 }),
    recordOf({ type: 'prepared', view: 3, slot: 0 }),
  ],
  first: 10,
  whole: true,
  losses: 0,
};

const create = () => createReplica({ config, keys, createService: () => createLedger(modelHash) });

test('progress only grows, and ends with all that the journal holds', () => {
  const told: Progress[] = [];
  const steps = stepsOf(create(), createIdleEnv(SELF, 1000), recovered);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) told.push(step.value);
  const total = recovered.records.reduce((sum, { length }) => sum + length, 0);
  assert.deepEqual(new Set(told.map((progress) => progress.total)), new Set([total]));
  assert.equal(told.at(-1)?.done, total);
  assert.ok(told.length >= 3, 'between the steps there is time for others');
  for (const [i, { done }] of told.entries()) assert.ok(done > (told[i - 1]?.done ?? 0));
  assert.deepEqual([step.value.view, step.value.changingTo], [3, 6]);
});

test('at one go it comes to the same', () => {
  const process = create();
  const s = process.start(createIdleEnv(SELF, 1000), recovered);
  assert.deepEqual([s.view, s.changingTo], [3, 6]);
  assert.equal(process.start.inSteps !== undefined, true);
  const other = { ...process, start: () => s };
  const [only] = [...stepsOf(other, createIdleEnv(SELF, 1000), recovered)];
  assert.deepEqual(only, { done: 1, total: 1 }, 'whoever starts it otherwise is not passed by');
});
