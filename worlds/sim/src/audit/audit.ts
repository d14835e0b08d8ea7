/**
 * Does a plan pay? Pairs of runs with and without it, looked at a fixed number of times: the gain of those who deviate is
 * certainly more than `epsilon` (fail), or after all seeds certainly at most that (pass), or neither (undecided).
 */

import type { Plan } from './deviation.ts';
import { type Interval, meanInterval, ratioInterval, type Sample, withUnseen } from './intervals.ts';
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
  /** When a gain is looked for first. Default 16: with fewer, nothing is known of how gains are distributed. */
  readonly fewestSeeds?: number;
  /** What a pass takes. Default 128. */
  readonly mostSeeds?: number;
  /** How many plans are audited beside each other: a false alarm about any of them costs the level once. Default 1. */
  readonly family?: number;
  /**
   * The most that deviating can gain in any one world, in units of the measure; if given, the bound above covers events
   * so rare that no seed showed them.
   */
  readonly mostGain?: number;
}

export type Verdict = 'pass' | 'fail' | 'undecided';

/** What a plan does, as a plain record. */
export interface Finding {
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** Why nothing was decided: too near to `epsilon`, or obedience is worth nothing. */
  readonly why: 'near' | 'worthless' | null;
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

const LEVEL = 0.01;

const boundsOf = (samples: readonly Sample[], tail: number, mostGain: number | undefined): Interval | null =>
  mostGain === undefined ? ratioInterval(samples, tail) : withUnseen(samples, tail, mostGain);

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

/**
 * Whether the gain is certainly above `epsilon`. To say that no plan of a family gains needs no correction (the one that
 * does must have passed wrongly, which has one level's chance); to accuse one of them does: `level / family`.
 */
function isCertain(samples: readonly Sample[], epsilon: number, tail: number): boolean {
  const interval = ratioInterval(samples, tail);
  return interval !== null && interval.lower > epsilon + ROUNDING;
}

/** Whether the gain is certainly at most `epsilon`: asked once, when all seeds were seen. */
function judgeLast(samples: readonly Sample[], options: AuditOptions): Pick<Finding, 'verdict' | 'why'> {
  const interval = boundsOf(samples, options.level ?? LEVEL, options.mostGain);
  if (interval === null) return { verdict: 'undecided', why: 'worthless' };
  const passes = interval.upper <= options.epsilon + ROUNDING;
  return passes ? { verdict: 'pass', why: null } : { verdict: 'undecided', why: 'near' };
}

/**
 * Audits one plan on the seeds that `seedAt` numbers from 0: none of them may have had a part in choosing the plan. A fail
 * may come at any of the looks. A pass takes all seeds: what few worlds do not show is the very thing to be afraid of.
 */
export function auditPlan(
  runner: Runner,
  plan: Plan,
  seedAt: (index: number) => number,
  options: AuditOptions,
): Finding {
  const { prices, epsilon, measure = 'relative', level = LEVEL, family = 1 } = options;
  const runs: PairedRun[] = [];
  const samples = (): Sample[] => samplesOf(runs, prices, measure);
  const looks = planLooks(options.fewestSeeds ?? 16, options.mostSeeds ?? 128, level / family);
  for (const look of looks) {
    while (runs.length < look.seeds) runs.push(runner.pair(plan, seedAt(runs.length)));
    if (isCertain(samples(), epsilon, look.tail))
      return describe(plan, { verdict: 'fail', why: null }, runs, look.tail, options);
  }
  return describe(plan, judgeLast(samples(), options), runs, level, options);
}

/** The record of a verdict, with all bounds at `tail`. */
function describe(
  plan: Plan,
  judgement: Pick<Finding, 'verdict' | 'why'>,
  runs: readonly PairedRun[],
  tail: number,
  options: AuditOptions,
): Finding {
  const { prices, epsilon, measure = 'relative', mostGain } = options;
  const most = (of: 'relative' | 'absolute') => (of === measure ? mostGain : undefined);
  const absolute = samplesOf(runs, prices, 'absolute');
  return {
    plan,
    ...judgement,
    epsilon,
    measure,
    seeds: runs.length,
    relative: boundsOf(samplesOf(runs, prices, 'relative'), tail, most('relative')),
    absolute:
      boundsOf(absolute, tail, most('absolute')) ??
      meanInterval(
        absolute.map(({ gain }) => gain),
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
