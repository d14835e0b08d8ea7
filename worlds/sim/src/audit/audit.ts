/**
 * Does a plan pay? Pairs of runs with and without it, looked at a fixed number of times, until the gain of those who
 * deviate is certainly at most `epsilon` (pass), certainly more (fail), or the seeds are spent (undecided).
 */

import type { Plan } from './deviation.ts';
import { type Interval, isTame, meanInterval, ratioInterval, type Sample } from './intervals.ts';
import { planLooks } from './looks.ts';
import { gainOf, type PairedRun, type Prices, type Runner, utilityOf } from './paired-runs.ts';

export interface AuditOptions {
  readonly prices: Prices;
  /** What deviating may gain: relative to obedience, or in units of utility for each deviator. */
  readonly epsilon: number;
  /** Default relative. */
  readonly measure?: 'relative' | 'absolute';
  /** The chance that a pass is wrong, and that a fail is. Default 0.01. */
  readonly level?: number;
  /** Default 16: Student's distribution forgives little with fewer. */
  readonly fewestSeeds?: number;
  /** Default 128. */
  readonly mostSeeds?: number;
  /** How many plans are audited beside each other: a false alarm about any of them costs the level once. Default 1. */
  readonly family?: number;
}

export type Verdict = 'pass' | 'fail' | 'undecided';

/** What a plan does, as a plain record. */
export interface Finding {
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** Why nothing was decided: too near to `epsilon`, too rare events for so few seeds, or obedience is worth nothing. */
  readonly why: 'near' | 'skewed' | 'worthless' | null;
  readonly epsilon: number;
  readonly measure: 'relative' | 'absolute';
  readonly seeds: number;
  /** Of the deviators together, over what they have when all obey; null if obedience is not clearly worth something. */
  readonly relative: Interval | null;
  /** Utility gained by a deviator, on average. */
  readonly absolute: Interval;
  /** The same for each deviator: more than one make a coalition. */
  readonly members: readonly Interval[];
  /** What others gain, on average over them; below 0 for harm. Null if there are none. */
  readonly outsiders: Interval | null;
}

/** Samples of the measure: bases of 1 for an absolute one. */
const samplesOf = (runs: readonly PairedRun[], prices: Prices, measure: 'relative' | 'absolute'): Sample[] =>
  runs.map((run) => {
    const { base, gain } = gainOf(run, prices);
    return measure === 'relative' ? { gain, base } : { gain: gain / run.members.length, base: 1 };
  });

/** A measure's interval at prices; null as `ratioInterval` says. */
export const measureRuns = (
  runs: readonly PairedRun[],
  prices: Prices,
  measure: 'relative' | 'absolute',
  tail: number,
): Interval | null => ratioInterval(samplesOf(runs, prices, measure), tail);

function outsidersOf(runs: readonly PairedRun[], prices: Prices, tail: number): Interval | null {
  if (runs.some(({ outsiders }) => outsiders.count === 0)) return null;
  const differences = runs.map(
    ({ outsiders: { obedient, deviating, count } }) =>
      (utilityOf(deviating, prices) - utilityOf(obedient, prices)) / count,
  );
  return meanInterval(differences, tail);
}

function membersOf(runs: readonly PairedRun[], prices: Prices, tail: number): Interval[] {
  const size = runs[0]?.members.length ?? 0;
  return Array.from({ length: size }, (_, i) =>
    meanInterval(
      runs.map(({ members }) => {
        const { obedient, deviating } = members[i]!;
        return utilityOf(deviating, prices) - utilityOf(obedient, prices);
      }),
      tail,
    ),
  );
}

/** Sums of floating-point numbers differ by less: nobody deviates for that. */
const ROUNDING = 1e-9;

interface Judgement {
  readonly verdict: Verdict;
  readonly why: Finding['why'];
}

/**
 * A pass says that the bound above is at most `epsilon`, a fail that the bound below is more, and neither is believed
 * where a long tail may still hide on its side. To say that no plan of a family gains needs no correction (the one that
 * does must have passed wrongly, which has one level's chance); to accuse one of them does, so the bound below is that
 * of `level / family`.
 */
function judge(samples: readonly Sample[], epsilon: number, tail: number, family: number): Judgement {
  const above = ratioInterval(samples, tail);
  if (above === null) return { verdict: 'undecided', why: 'worthless' };
  if (above.upper <= epsilon + ROUNDING)
    return isTame(samples, epsilon, 1)
      ? { verdict: 'pass', why: null }
      : { verdict: 'undecided', why: 'skewed' };
  const below = family === 1 ? above : ratioInterval(samples, tail / family);
  if (below === null || below.lower <= epsilon + ROUNDING) return { verdict: 'undecided', why: 'near' };
  return isTame(samples, epsilon, -1)
    ? { verdict: 'fail', why: null }
    : { verdict: 'undecided', why: 'skewed' };
}

/** Audits one plan on the seeds that `seedAt` numbers from 0: none of them may have had a part in choosing the plan. */
export function auditPlan(
  runner: Runner,
  plan: Plan,
  seedAt: (index: number) => number,
  options: AuditOptions,
): Finding {
  const { prices, epsilon, measure = 'relative', level = 0.01, family = 1 } = options;
  const runs: PairedRun[] = [];
  let judgement: Judgement = { verdict: 'undecided', why: 'near' };
  let tail = level;
  for (const look of planLooks(options.fewestSeeds ?? 16, options.mostSeeds ?? 128, level)) {
    while (runs.length < look.seeds) runs.push(runner.pair(plan, seedAt(runs.length)));
    tail = look.tail;
    judgement = judge(samplesOf(runs, prices, measure), epsilon, tail, family);
    if (judgement.verdict !== 'undecided') break;
  }
  return {
    plan,
    ...judgement,
    epsilon,
    measure,
    seeds: runs.length,
    relative: measureRuns(runs, prices, 'relative', tail),
    absolute: meanInterval(
      samplesOf(runs, prices, 'absolute').map(({ gain }) => gain),
      tail,
    ),
    members: membersOf(runs, prices, tail),
    outsiders: outsidersOf(runs, prices, tail),
  };
}

/** Audits each plan on the same seeds. */
export const auditPlans = (
  runner: Runner,
  plans: readonly Plan[],
  seedAt: (index: number) => number,
  options: AuditOptions,
): readonly Finding[] =>
  plans.map((plan) =>
    auditPlan(runner, plan, seedAt, { ...options, family: options.family ?? plans.length }),
  );

/**
 * The verdict about several plans together, or about one in several scenarios (with different Byzantine nodes, say): passed
 * if all did, since the one that should not have would have passed wrongly itself; failed if any did.
 */
export function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return findings.every(({ verdict }) => verdict === 'pass') ? 'pass' : 'undecided';
}
