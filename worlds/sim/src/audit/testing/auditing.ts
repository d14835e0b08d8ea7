/** What tests of audits and searches have in common: plans, audits with plain options, tallies of verdicts, and how near is near. */

import assert from 'node:assert/strict';
import { type AuditOptions, auditPlan, type Finding } from '../audit.ts';
import type { Deviation, Experiment, Plan } from '../deviation.ts';
import { createRunner } from '../paired-runs.ts';
import { type Move, move } from './games.ts';

/** A unit of the one meter is worth 1, and a tenth may be gained. */
export const PLAIN = { prices: [1], epsilon: 0.1 } as const;

export const planOf = (deviation: Deviation<Move>, values: Plan['parts'][number]['values'] = {}): Plan => ({
  parts: [{ deviation: deviation.name, values }],
});

/** The plan in fresh worlds; peer 0 deviates unless others are named. */
export function audit(
  experiment: Experiment<Move>,
  library: readonly Deviation<Move>[],
  plan: Plan,
  options: Partial<AuditOptions> & { readonly deviators?: readonly number[] } = {},
): Finding {
  const runner = createRunner(experiment, library, () => options.deviators ?? [0]);
  return auditPlan(runner, plan, (index) => index, { ...PLAIN, ...options });
}

const nothing = move('nothing of use');

/** How often each verdict comes out, of `times` audits with seeds of their own. */
export function tally(game: Experiment<Move>, times: number, options: AuditOptions): Record<string, number> {
  const counts: Record<string, number> = { pass: 0, fail: 0, undecided: 0 };
  for (let time = 0; time < times; time++) {
    const runner = createRunner(game, [nothing], () => [0]);
    const { verdict } = auditPlan(runner, planOf(nothing), (index) => 1_000 * time + index, options);
    counts[verdict]!++;
  }
  return counts;
}

export const isNear = (actual: number | null | undefined, expected: number, within = 1e-9): void =>
  assert.ok(
    typeof actual === 'number' && Math.abs(actual - expected) <= within,
    `${actual}, expected ${expected}`,
  );
