/**
 * What a plan does to a group that follows it together, and to everybody else, for groups of several sizes. The gain of a group is that
 * of its sum: what its members share among them is theirs. What all obey is run once for each seed, whatever the sizes.
 */

import type { Deviation, Experiment, Meters, Plan } from './deviation.ts';
import { type Interval, ratioInterval } from './intervals.ts';
import { createRunner, type PairedRun, type Prices, type Runner, utilityOf } from './paired-runs.ts';

export interface GroupOptions {
  readonly peers: number;
  /** Members of a group; each at least 1 and below `peers`. */
  readonly sizes: readonly number[];
  /** Fresh seeds, numbered from 0; at least two. */
  readonly seeds: number;
  seedAt(index: number): number;
  readonly prices: Prices;
  /** What each bound may err with. Default 0.01. */
  readonly level?: number;
}

/** Shares of what obedience is worth to the same peers; the runs can be scored again at other prices. */
export interface GroupFinding {
  readonly plan: Plan;
  readonly size: number;
  /** Of a member, on average over the group. */
  readonly gain: Interval;
  /** What others gain, on average over them; below 0 for harm. */
  readonly others: Interval;
  readonly runs: readonly PairedRun[];
}

/** So many peers, evenly spread over all. */
export const spreadOver = (peers: number, size: number): number[] =>
  Array.from({ length: size }, (_, i) => Math.floor(((i + 0.5) * peers) / size));

const nothingKnown = (tail: number, seeds: number): Interval => ({
  estimate: Number.NaN,
  lower: Number.NEGATIVE_INFINITY,
  upper: Number.POSITIVE_INFINITY,
  tail,
  seeds,
});

/** What changes for some peers together, over what they have when all obey. */
function changeOf(
  pairs: readonly { readonly obedient: readonly Meters[]; readonly deviating: readonly Meters[] }[],
  prices: Prices,
  tail: number,
): Interval {
  const sum = (meters: readonly Meters[]): number =>
    meters.reduce((all, each) => all + utilityOf(each, prices), 0);
  const samples = pairs.map(({ obedient, deviating }) => {
    const base = sum(obedient);
    return { base, gain: sum(deviating) - base };
  });
  return ratioInterval(samples, tail) ?? nothingKnown(tail, pairs.length);
}

/** What those who deviate gain, on average over them. Infinite bounds where obedience is not clearly worth something. */
export const gainOfMembers = (runs: readonly PairedRun[], prices: Prices, tail: number): Interval =>
  changeOf(
    runs.map(({ members }) => ({
      obedient: members.map(({ obedient }) => obedient),
      deviating: members.map(({ deviating }) => deviating),
    })),
    prices,
    tail,
  );

/** What all others gain, on average over them. */
export const gainOfOthers = (runs: readonly PairedRun[], prices: Prices, tail: number): Interval =>
  changeOf(
    runs.map(({ outsiders: { obedient, deviating } }) => ({ obedient: [obedient], deviating: [deviating] })),
    prices,
    tail,
  );

/** The pairs of a plan on so many seeds. */
export const runsOf = (
  runner: Runner,
  plan: Plan,
  seeds: number,
  seedAt: (index: number) => number,
): readonly PairedRun[] => Array.from({ length: seeds }, (_, i) => runner.pair(plan, seedAt(i)));

/** The same experiment, whose obedient worlds are run once. */
function obeyingOnce<T>(experiment: Experiment<T>): Experiment<T> {
  const known = new Map<number, readonly Meters[]>();
  return {
    meters: experiment.meters,
    run: (seed, twists, deviators) => {
      if (twists.length > 0) return experiment.run(seed, twists, deviators);
      const outcome = known.get(seed) ?? experiment.run(seed, twists, deviators);
      known.set(seed, outcome);
      return outcome;
    },
  };
}

/** Each plan by groups of each size. That those who deviate do it together is the experiment's affair. */
export function auditGroups<T>(
  experiment: Experiment<T>,
  library: readonly Deviation<T>[],
  plans: readonly Plan[],
  options: GroupOptions,
): readonly GroupFinding[] {
  const { peers, sizes, seeds, seedAt, prices, level = 0.01 } = options;
  const game = obeyingOnce(experiment);
  return sizes.flatMap((size) => {
    const runner = createRunner(game, library, () => spreadOver(peers, size));
    return plans.map((plan) => {
      const runs = runsOf(runner, plan, seeds, seedAt);
      const gain = gainOfMembers(runs, prices, level);
      return { plan, size, gain, others: gainOfOthers(runs, prices, level), runs };
    });
  });
}
