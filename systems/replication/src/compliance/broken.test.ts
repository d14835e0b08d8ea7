/** The suites reject every broken variant, and let the honest protocol through the same scenarios. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokenVariants } from './broken-scripts.ts';

for (const { name, detector, variant, run } of brokenVariants) {
  describe(name, () => {
    it(`is rejected by ${detector}`, (t) => {
      const objection = run(variant);
      assert.notEqual(objection, null);
      t.diagnostic(objection ?? '');
    });
    it('is what the honest protocol does not do', () => assert.equal(run(undefined), null));
  });
}
