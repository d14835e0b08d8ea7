/**
 * The suites reject every broken variant, and let the honest protocol through the same scenarios. What finds what is a table
 * in the README of three-phase agreement; TABLE_REWRITE=1 writes it.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { explore } from '@concordat/check';
import { runSeed } from '@concordat/sim';
import { type BrokenVariant, brokenVariants, type Detector } from './broken-scripts.ts';
import { replaceTable, tableOfDetectors } from './broken-table.ts';
import { LOG_RULES } from './speculative-log/rules.ts';
import { speculativeLog } from './speculative-log/speculative-log.ts';
import { replicationSweep } from './sweep.ts';
import { firstProblem, HASTY_ROUND_MS } from './twins/run.ts';

/** Seeds within which the swarm must find what it is said to find. */
const SWARM_SEEDS = 25;
/** Scenarios of seven rounds within which Twins must. */
const TWINS_SCENARIOS = 40;

/** What the detectors say that know nothing of a break, beyond the scenario made for it. */
const SEARCHES: Partial<Record<Detector, (broken: BrokenVariant) => string | null>> = {
  swarm: ({ variant, preset }) => {
    const system = replicationSweep(preset, variant);
    for (let seed = 1; seed <= SWARM_SEEDS; seed++) {
      const violation = runSeed(system, seed, { horizonMs: 6000 });
      if (violation !== null) return `seed ${seed}: ${violation.message}`;
    }
    return null;
  },
  twins: ({ variant, preset = 'concordat' }) => {
    const sample = { rounds: 7, from: 0, count: TWINS_SCENARIOS };
    const inWholeRounds = firstProblem({ preset, variant }, sample);
    return inWholeRounds ?? firstProblem({ preset, variant, roundMs: HASTY_ROUND_MS }, sample);
  },
  explorer: ({ rule }) => {
    const scope = { model: { u: 1, r: 1 }, slots: 2, views: 3 };
    return explore(speculativeLog(scope, LOG_RULES[rule ?? 'protocol'])).violation?.at(-1) ?? null;
  },
};

for (const broken of brokenVariants) {
  const { name, foundBy, variant, run } = broken;
  describe(name, () => {
    it(`is rejected by ${foundBy[0]}`, (t) => {
      const objection = run(variant);
      assert.notEqual(objection, null);
      t.diagnostic(objection ?? '');
    });
    for (const detector of foundBy) {
      const search = SEARCHES[detector];
      if (search === undefined) continue;
      it(`is found by ${detector}`, (t) => {
        const objection = search(broken);
        assert.notEqual(objection, null);
        t.diagnostic(objection ?? '');
      });
    }
    it('is what the honest protocol does not do', () => assert.equal(run(undefined), null));
  });
}

test('the README says what finds what', () => {
  const file = fileURLToPath(new URL('../../src/order/three-phase/README.md', import.meta.url));
  const text = readFileSync(file, 'utf8');
  const expected = replaceTable(text, tableOfDetectors());
  if (process.env['TABLE_REWRITE'] === '1') writeFileSync(file, expected);
  else assert.equal(text, expected);
});
