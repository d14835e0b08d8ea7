/** The test that every experiment has: its small size runs, what it claims is as it says, and its figure can be drawn. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyExperiment } from '../experiment.ts';
import { isSurprise } from '../finding.ts';

export function testSmallSize(experiment: AnyExperiment): void {
  test(`${experiment.name}: ${experiment.claim}`, { timeout: 120_000 }, async () => {
    const data = await experiment.run(experiment.small, () => {});
    const findings = experiment.assert(data);
    assert.ok(findings.length > 0, 'something is asserted');
    assert.deepEqual(findings.filter(isSurprise), []);
    assert.match(experiment.draw(data), /^<svg .*<\/svg>\n$/s);
  });
}
