/** The suites reject every broken variant, and let the honest protocol through the same scenarios. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runSeed } from '@concordat/sim';
import { brokenVariants } from './broken-scripts.ts';
import { replicationSweep } from './sweep.ts';

/** Seeds within which the sweep must find what it is said to find. */
const SWEPT_SEEDS = 25;

function isFound(system: ReturnType<typeof replicationSweep>): boolean {
  for (let seed = 1; seed <= SWEPT_SEEDS; seed++)
    if (runSeed(system, seed, { horizonMs: 6000 }) !== null) return true;
  return false;
}

for (const { name, detector, isSwept, variant, run } of brokenVariants) {
  describe(name, () => {
    it(`is rejected by ${detector}`, (t) => {
      const objection = run(variant);
      assert.notEqual(objection, null);
      t.diagnostic(objection ?? '');
    });
    if (isSwept === true)
      it('is found by the sweep', () => assert.ok(isFound(replicationSweep('concordat', variant))));
    it('is what the honest protocol does not do', () => assert.equal(run(undefined), null));
  });
}
