/** The small size of every experiment: what it claims holds, and its figure can be drawn. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSurprise } from '../finding.ts';
import { EXPERIMENTS } from '../registry.ts';

describe('small sizes', () => {
  for (const experiment of EXPERIMENTS) {
    test(experiment.name, { timeout: 120_000 }, async () => {
      const data = await experiment.run(experiment.small, () => {});
      const findings = experiment.assert(data);
      assert.ok(findings.length > 0, 'something is asserted');
      assert.deepEqual(findings.filter(isSurprise), []);
      assert.match(experiment.draw(data), /^<svg .*<\/svg>\n$/s);
    });
  }
});

test('names are unique and fit a command line', () => {
  const names = EXPERIMENTS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]+(-[a-z]+)*$/);
});
