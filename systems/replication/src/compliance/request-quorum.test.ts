/**
 * Three-phase order behind filter nodes, under every attack on order and on admission, with a filter node that lies at the
 * same time: safe, live, and evidence only against liars.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { executedOf } from '../execution/core-state.ts';
import { presets } from '../presets/index.ts';
import { admissionLies, filterLies, nobody } from './admission-attacks.ts';
import { omissions, protocolLies } from './attacks.ts';
import { runStorm } from './storm.ts';

const { settings } = presets.upright;

const places = Object.values(filterLies);

describe('attacks on order, beside a filter node that lies', () => {
  for (const [i, [name, make]] of Object.entries({ ...omissions, ...protocolLies }).entries())
    it(`endures ${name}`, () => {
      for (const liar of [0, 1]) {
        const lie = places[(i + liar) % places.length] as (typeof places)[number];
        const filterAdversaries = new Map([[2, lie()]]);
        const liars = new Map([[liar, make]]);
        const storm = { seed: 21 + liar, faults: { u: 1, r: 1 }, liars, filterAdversaries, operations: 40 };
        assert.equal(runStorm({ ...storm, settings }).problem, null);
      }
    });
});

for (const faults of [
  { u: 1, r: 1 },
  { u: 2, r: 1 },
]) {
  describe(`lies about admission: (${faults.u}, ${faults.r})`, () => {
    for (const [name, make] of Object.entries(admissionLies))
      it(`endures replicas that ${name}`, () => {
        for (const [i, lie] of Object.entries(filterLies).entries()) {
          const liars = new Map([[i % 2, make]]);
          const filterAdversaries = new Map([[2, lie[1]()]]);
          const storm = { seed: 31 + i, faults, liars, filterAdversaries, operations: 30 };
          const { problem, accused, cluster } = runStorm({ ...storm, settings });
          assert.equal(problem, null, lie[0]);
          assert.equal(accused.size, 0);
          for (const id of cluster.ids)
            assert.equal(executedOf(cluster.stateOf(id).execution.core, nobody), 0, 'nothing is made up');
        }
      });
  });
}
