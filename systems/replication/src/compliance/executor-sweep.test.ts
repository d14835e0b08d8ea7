/** A few seeds of the swarm with order and execution apart; `concordat sim replication --preset executors` has more. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeViolation, sweep } from '@concordat/sim';
import { replicationSweep } from './sweep.ts';

test('random faults and lies at both stages do no harm', () => {
  const { violations } = sweep(replicationSweep('executors'), { from: 0, to: 8 }, { horizonMs: 4000 });
  assert.deepEqual(violations.map(describeViolation), []);
});
