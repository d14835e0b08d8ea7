/** A request quorum before three-phase order: the good case, and each way back to it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCluster } from '../compliance/cluster.ts';
import { firstObjection } from '../compliance/storm.ts';
import { presets } from '../presets/index.ts';

const settings = presets.upright.settings;

describe('requests that pass filter nodes', () => {
  for (const faults of [
    { u: 1, r: 0 },
    { u: 1, r: 1 },
    { u: 2, r: 1 },
    { u: 2, r: 2 },
  ])
    it(`are ordered and executed: (${faults.u}, ${faults.r})`, () => {
      const cluster = createCluster({ seed: 1, faults, settings });
      const { world } = cluster;
      world.run(100);
      for (let i = 0; i < 20; i++) cluster.add(i % cluster.members, 'apples', 1);
      world.run(100);
      assert.equal(cluster.outstanding(), 0);
      assert.equal(cluster.completed(), 20);
      assert.equal(firstObjection(cluster), null);
      assert.ok(cluster.filters.length > 0);
    });
});
