/** How many proposals are in flight: as many as a long link needs, and no more than a short one can use. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster } from '../compliance/cluster.ts';

const REQUESTS = 200;
const PRIMARY = 0;

/** One request every millisecond; the most proposals that were in flight at a time, and all that were made. */
function proposalsOver(
  latencyMs: number,
  spacingMs: number,
): { readonly most: number; readonly all: number } {
  const cluster = createCluster({
    seed: 1,
    faults: { u: 1, r: 1 },
    network: { latencyMs, jitterMs: 0 },
    settings: { spacingMs, viewTimeoutMs: 10_000, batchRequests: 500 },
  });
  const { world } = cluster;
  let most = 0;
  const look = (): void => {
    const { accepted, committed } = cluster.stateOf(PRIMARY);
    most = Math.max(most, accepted - committed);
  };
  for (let i = 0; i < REQUESTS; i++) {
    world.schedule(100 + i, () => cluster.add(i % 4, `counter ${i}`, 1));
    world.schedule(100 + i + 0.5, look);
  }
  world.run(3000);
  assert.equal(cluster.completed(), REQUESTS);
  return { most, all: cluster.stateOf(PRIMARY).accepted };
}

test('over short links one proposal is in flight, and holds what came since the last', () => {
  const [close, spaced] = [proposalsOver(1, 0), proposalsOver(1, 10)];
  assert.ok(close.most > 1, `${close.most} in flight without spacing`);
  assert.equal(spaced.most, 1);
  assert.ok(spaced.all < close.all / 2, `${spaced.all} proposals, and ${close.all} without spacing`);
});

test('over long links as many are in flight as without spacing', () => {
  const [close, spaced] = [proposalsOver(40, 0), proposalsOver(40, 10)];
  assert.equal(close.most, 4);
  assert.equal(spaced.most, 4);
});
