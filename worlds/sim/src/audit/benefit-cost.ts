/**
 * From which benefit-to-cost ratio on does nobody gain more than `epsilon`? Utilities are linear in prices, so the same
 * runs are scored again at every ratio; the runs of all plans that came near to paying at some ratio belong in it, as
 * the worst deviation differs from ratio to ratio. A plan's relative gain is monotone in the ratio, but the largest of
 * several need not be: so the whole range is looked at first, and what is reported holds from there to its end.
 */

import { measureRuns } from './audit.ts';
import { type Deviation, describePlan, type Experiment, type Plan } from './deviation.ts';
import { createRunner, type PairedRun, type Prices } from './paired-runs.ts';
import { choosePlan, freshSeed, type SearchOptions } from './search.ts';

/** What the runs of a plan showed, on seeds that had no part in choosing it. */
export interface PlanRuns {
  readonly plan: Plan;
  readonly runs: readonly PairedRun[];
}

export interface RatioOptions {
  readonly pricesAt: (ratio: number) => Prices;
  readonly min: number;
  readonly max: number;
  /** What a deviation may gain, relative to obedience. Default 0.1. */
  readonly epsilon?: number;
  /** The chance that the ratio found is too small for one of the plans. Default 0.01. */
  readonly level?: number;
  /** Ratios looked at before bisection, on a logarithmic scale. Default 24. */
  readonly points?: number;
}

/** The largest gain at a ratio; null where obedience is not clearly worth something. */
export interface AtRatio {
  readonly ratio: number;
  readonly estimate: number | null;
  /** The largest of the plans' upper bounds. */
  readonly upper: number | null;
  readonly worst: string;
}

export interface RatioResult {
  /** The smallest ratio from which to `max` no upper bound is above `epsilon`; null if there is none. */
  readonly ratio: number | null;
  readonly epsilon: number;
  readonly curve: readonly AtRatio[];
}

function lookAt(all: readonly PlanRuns[], ratio: number, prices: Prices, tail: number): AtRatio {
  let worst: AtRatio = {
    ratio,
    estimate: Number.NEGATIVE_INFINITY,
    upper: Number.NEGATIVE_INFINITY,
    worst: '',
  };
  for (const { plan, runs } of all) {
    const interval = measureRuns(runs, prices, 'relative', tail);
    if (interval === null) return { ratio, estimate: null, upper: null, worst: describePlan(plan) };
    if (interval.upper > worst.upper!)
      worst = { ratio, estimate: interval.estimate, upper: interval.upper, worst: describePlan(plan) };
  }
  return worst;
}

const STEPS = 40;

/** At least one plan, each with two runs or more; 0 < min < max. */
export function smallestRatio(all: readonly PlanRuns[], options: RatioOptions): RatioResult {
  const { pricesAt, min, max, epsilon = 0.1, level = 0.01, points = 24 } = options;
  // Just below the true ratio some plan gains more than epsilon: to report less, the bound of that plan must be wrong there,
  // since the bounds of all plans at all ratios above what is reported hold. That has one bound's chance.
  const look = (ratio: number): AtRatio => lookAt(all, ratio, pricesAt(ratio), level);
  const holds = ({ upper }: AtRatio): boolean => upper !== null && upper <= epsilon;
  const curve = Array.from({ length: points }, (_, i) => look(min * (max / min) ** (i / (points - 1))));
  let from = points;
  while (from > 0 && holds(curve[from - 1]!)) from--;
  if (from === points) return { ratio: null, epsilon, curve };
  let high = curve[from]!.ratio;
  if (from === 0) return { ratio: high, epsilon, curve };
  let low = curve[from - 1]!.ratio;
  for (let step = 0; step < STEPS && high - low > 1e-6 * high; step++) {
    const middle = (low + high) / 2;
    if (holds(look(middle))) high = middle;
    else low = middle;
  }
  return { ratio: high, epsilon, curve };
}

export interface RatioSearchOptions extends RatioOptions {
  readonly seed: number;
  /** Runs that each search may take; what it chose is run on fresh seeds on top. */
  readonly budget: number;
  /** Searches, at ratios spread over the range on a logarithmic scale; at least 2. Default 4. */
  readonly searches?: number;
  /** Fresh seeds that every plan found is run on. Default 64. */
  readonly seeds?: number;
  readonly deviatorsOf?: SearchOptions['deviatorsOf'];
}

/** Searches for the worst deviation at several ratios, and scores all that was found at every ratio. */
export function searchRatio<T>(
  experiment: Experiment<T>,
  library: readonly Deviation<T>[],
  options: RatioSearchOptions,
): RatioResult & { readonly plans: readonly Plan[]; readonly runs: number } {
  const { min, max, pricesAt, seed, budget, searches = 4, seeds = 64, epsilon = 0.1 } = options;
  const runner = createRunner(experiment, library, options.deviatorsOf ?? (() => [0]));
  const plans = new Map<string, Plan>();
  for (let i = 0; i < searches; i++) {
    const prices = pricesAt(min * (max / min) ** (i / (searches - 1)));
    const { plan } = choosePlan(runner, library, { seed: seed + i, budget, prices, epsilon });
    plans.set(describePlan(plan), plan);
  }
  const all = [...plans.values()].map((plan) => ({
    plan,
    runs: Array.from({ length: seeds }, (_, index) => runner.pair(plan, freshSeed(index))),
  }));
  return { ...smallestRatio(all, options), plans: [...plans.values()], runs: runner.runs };
}
