/** What a replica has accepted is looked at as if it were final, and nothing of it stays. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import { createCluster, type ReplicaStrategy } from '../compliance/cluster.ts';
import { presets } from '../presets/index.ts';
import { lookAhead } from './look-ahead.ts';

const LATE: NodeId = 3;
const REQUESTS = 6;

/** Hears from the beginning of nothing that makes a slot final, as one whose daemon was started again without the others. */
const neverTold: ReplicaStrategy = (honest) => ({
  ...honest,
  receive: (s, env, from, m) => {
    if (m.type === 'request' || m.type === 'pre-prepare' || m.type === 'prepare')
      honest.receive(s, env, from, m);
  },
});

test('the state of all accepted slots is seen, and taken back', () => {
  const cluster = createCluster({
    seed: 1,
    faults: { u: 1, r: 1 },
    settings: { ...presets.concordat.settings, fastCommit: false, batchRequests: 1 },
    adversaries: new Map([[LATE, neverTold]]),
  });
  const { world } = cluster;
  for (let i = 0; i < REQUESTS; i++)
    world.schedule(100 + 20 * i, () => cluster.add(0, `counter ${i}`, i + 1));
  world.run(400);
  const [late, other] = [cluster.stateOf(LATE), cluster.stateOf(0)];
  const before = late.execution.executed;
  assert.ok(late.accepted > before && late.accepted === other.execution.executed);
  const digest = toHex(late.execution.service.digest());
  const seen = lookAhead(late, (slot) => ({ slot, digest: toHex(late.execution.service.digest()) }));
  assert.deepEqual(seen, { slot: late.accepted, digest: toHex(other.execution.service.digest()) });
  assert.notEqual(seen.digest, digest);
  assert.equal(late.execution.executed, before);
  assert.equal(toHex(late.execution.service.digest()), digest);
  // Where everything is final already, it is the present state.
  const present = lookAhead(other, (slot) => slot);
  assert.equal(present, other.execution.executed);
});
