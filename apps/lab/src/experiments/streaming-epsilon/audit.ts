/**
 * From a library of deviations to an empirical epsilon. Every deviation is tried alone in a few worlds; the most promising, and what a
 * search finds among their combinations, in fresh ones. Each has a bound of its gain: from the fresh worlds, or, if it is not
 * promising, from the few that showed so. Either bound may err with half of the level, and so a deviation's with the whole.
 */

import {
  createRunner,
  describePlan,
  gainOfMembers,
  type Interval,
  type Deviation as Lever,
  type Plan,
  type PlanRuns,
  type RatioResult,
  runsOf,
  searchRatio,
  smallestRatio,
} from '@concordat/sim/audit';
import { type Game, pricesAt, remembering, type Twist } from '../../harness/deviating.ts';
import { alone, freshSeed, screenSeed } from '../../harness/gains.ts';

export interface Effort {
  /** Worlds in which every deviation is tried alone; at least two. */
  readonly screens: number;
  /** Deviations that go on, at each of two ratios. */
  readonly promising: number;
  /** Runs of each of two searches; 0: none. */
  readonly budget: number;
  /** Fresh worlds for the bounds. */
  readonly worlds: number;
  /** Who deviates, each for itself. */
  readonly deviators: readonly number[];
}

/** What a plan gains, as a share of what obedience is worth. */
export interface Gain {
  readonly plan: string;
  readonly gain: Interval;
  /** In worlds that had no part in choosing it. */
  readonly isFresh: boolean;
}

export interface Epsilon {
  /** Each deviation alone, and what the searches found; the largest upper bound first. */
  readonly gains: readonly Gain[];
  readonly ratio: RatioResult;
  /** Runs that it took. */
  readonly runs: number;
}

/** What a deviation may gain, of what obedience is worth. */
export const EPSILON = 0.1;
export const [LEAST_RATIO, MOST_RATIO] = [1.8, 24];
const LEVEL = 0.01;

const gainOf = ({ runs }: PlanRuns, ratio: number, tail: number): Interval =>
  gainOfMembers(runs, pricesAt(ratio), tail);

/** The best of the library at the stream's ratio and at the least, by what few worlds show. */
function promisingOf(screened: readonly PlanRuns[], ratio: number, count: number): ReadonlySet<PlanRuns> {
  const best = (at: number): PlanRuns[] =>
    [...screened]
      .sort((a, b) => gainOf(b, at, LEVEL).estimate - gainOf(a, at, LEVEL).estimate)
      .slice(0, count);
  return new Set([...best(ratio), ...best(LEAST_RATIO)]);
}

function search(game: Game, library: readonly Lever<Twist>[], effort: Effort): readonly Plan[] {
  if (effort.budget === 0) return [];
  const { plans } = searchRatio(game, library, {
    ...{ pricesAt, min: LEAST_RATIO, max: MOST_RATIO, epsilon: EPSILON, points: 2 },
    seed: 1,
    budget: effort.budget,
    searches: 2,
    seeds: effort.worlds,
    deviatorsOf: () => effort.deviators,
  });
  return plans;
}

/** @param ratio the stream's own ratio of benefit to cost */
export function empiricalEpsilon(
  of: Game,
  library: readonly Lever<Twist>[],
  ratio: number,
  effort: Effort,
  progress: (line: string) => void,
): Epsilon {
  let runs = 0;
  const game = remembering({
    meters: of.meters,
    run: (...world) => {
      runs++;
      return of.run(...world);
    },
  });
  const runner = createRunner(game, library, () => effort.deviators);
  const screened = library.map((lever) => {
    progress(`${lever.name}, alone`);
    const plan = alone(lever);
    return { plan, runs: runsOf(runner, plan, effort.screens, screenSeed) };
  });
  const promising = promisingOf(screened, ratio, effort.promising);
  const levers = library.filter((_, i) => promising.has(screened[i]!));
  progress(`searching among ${levers.map(({ name }) => name).join(', ')}`);
  const plans = new Map(
    [...levers.map(alone), ...search(game, levers, effort)].map((plan) => [describePlan(plan), plan]),
  );
  const fresh = [...plans.values()].map((plan) => {
    progress(`${describePlan(plan)}, in fresh worlds`);
    return { plan, runs: runsOf(runner, plan, effort.worlds, freshSeed) };
  });
  const all = [
    ...fresh.map((plan) => ({ ...plan, isFresh: true })),
    ...screened.filter((plan) => !promising.has(plan)).map((plan) => ({ ...plan, isFresh: false })),
  ];
  const range = { pricesAt, min: LEAST_RATIO, max: MOST_RATIO, epsilon: EPSILON, level: LEVEL / 2 };
  return {
    gains: all
      .map((plan) => ({
        plan: describePlan(plan.plan),
        gain: gainOf(plan, ratio, LEVEL / 2),
        isFresh: plan.isFresh,
      }))
      .sort((a, b) => b.gain.upper - a.gain.upper),
    ratio: smallestRatio(all, range),
    runs,
  };
}

/** One deviation at full strength, in fresh worlds. */
export function gainAlone(
  game: Game,
  lever: Lever<Twist>,
  ratio: number,
  { worlds, deviators }: Pick<Effort, 'worlds' | 'deviators'>,
): Interval {
  const runner = createRunner(game, [lever], () => deviators);
  return gainOfMembers(runsOf(runner, alone(lever), worlds, freshSeed), pricesAt(ratio), LEVEL);
}
