/**
 * From a library of deviations to an empirical epsilon: all of them alone in a few worlds, a search among combinations of those that look
 * best, and on fresh seeds the bounds of the best plans, at the prices of the stream and at every ratio of benefit to cost.
 */

import {
  type Finding as Audit,
  type Experiment as Audited,
  auditPlans,
  createRunner,
  describePlan,
  type Deviation as Lever,
  type Plan,
  type RatioResult,
  searchRatio,
  smallestRatio,
  utilityOf,
} from '@concordat/sim/audit';
import { pricesAt, type Twist } from './swarms.ts';

export interface Effort {
  /** Worlds in which every deviation is tried alone. */
  readonly screens: number;
  /** Deviations that go on. */
  readonly promising: number;
  /** Runs of each of two searches; 0: none. */
  readonly budget: number;
  /** Fresh worlds for the bounds. */
  readonly worlds: number;
  readonly deviators: number;
}

export interface Epsilon {
  /** The plan that gains most, at the stream's prices, with bounds of its gain. */
  readonly best: Audit;
  readonly audits: readonly Audit[];
  readonly ratio: RatioResult;
  /** Deviations tried alone, by what they seem to gain: utility per round, in units of the stream. */
  readonly screened: readonly { readonly name: string; readonly gain: number }[];
}

/** What a deviation may gain, of what obedience is worth. */
export const EPSILON = 0.1;
export const [LEAST_RATIO, MOST_RATIO] = [1.8, 24];

/** The same world is run once, whoever asks for it. */
function remembering<T>(game: Audited<Twist<T>>): Audited<Twist<T>> {
  const known = new Map<string, ReturnType<Audited<Twist<T>>['run']>>();
  return {
    meters: game.meters,
    run: (seed, twists, deviators) => {
      const key = [seed, ...twists.map(({ name }) => name)].join(', ');
      const outcome = known.get(key) ?? game.run(seed, twists, deviators);
      known.set(key, outcome);
      return outcome;
    },
  };
}

const alone = ({ name, parameters }: Lever<unknown>): Plan => ({
  parts: [
    {
      deviation: name,
      values: Object.fromEntries(
        parameters.map((parameter) => [parameter.name, parameter.kind === 'range' ? parameter.max : 0]),
      ),
    },
  ],
});

/** Fresh seeds are odd; screens and searches see even ones. */
const freshSeed = (index: number): number => 2 * index + 1;

function screen<T>(
  game: Audited<Twist<T>>,
  library: readonly Lever<Twist<T>>[],
  ratio: number,
  effort: Effort,
) {
  const runner = createRunner(game, library, () => deviatorsOf(effort));
  const prices = pricesAt(ratio);
  return library
    .map((lever) => {
      let gain = 0;
      for (let i = 0; i < effort.screens; i++)
        for (const { obedient, deviating } of runner.pair(alone(lever), 2 * i).members)
          gain += utilityOf(deviating, prices) - utilityOf(obedient, prices);
      return { name: lever.name, gain: gain / effort.screens / effort.deviators };
    })
    .sort((a, b) => b.gain - a.gain);
}

const deviatorsOf = ({ deviators }: Effort): number[] =>
  Array.from({ length: deviators }, (_, i) => 3 * i + 1);

/** @param ratio the stream's own ratio of benefit to cost */
export function empiricalEpsilon<T>(
  of: Audited<Twist<T>>,
  library: readonly Lever<Twist<T>>[],
  ratio: number,
  effort: Effort,
): Epsilon {
  const game = remembering(of);
  const screened = screen(game, library, ratio, effort);
  const names = [...screened, ...screen(game, library, LEAST_RATIO, effort)]
    .filter((_, i) => i % library.length < effort.promising)
    .map(({ name }) => name);
  const promising = library.filter(({ name }) => names.includes(name));
  const range = { pricesAt, min: LEAST_RATIO, max: MOST_RATIO, epsilon: EPSILON };
  const found =
    effort.budget === 0
      ? []
      : searchRatio(game, promising, {
          ...range,
          seed: 1,
          budget: effort.budget,
          searches: 2,
          seeds: effort.worlds,
          deviatorsOf: () => deviatorsOf(effort),
        }).plans;
  const plans = [
    ...new Map([...promising.map(alone), ...found].map((plan) => [describePlan(plan), plan])).values(),
  ];
  const runner = createRunner(game, library, () => deviatorsOf(effort));
  const audits = auditPlans(runner, plans, freshSeed, {
    prices: pricesAt(ratio),
    epsilon: EPSILON,
    fewestSeeds: effort.worlds,
    mostSeeds: effort.worlds,
  });
  const all = plans.map((plan) => ({
    plan,
    runs: Array.from({ length: effort.worlds }, (_, i) => runner.pair(plan, freshSeed(i))),
  }));
  const best = [...audits].sort((a, b) => (b.relative?.estimate ?? 0) - (a.relative?.estimate ?? 0))[0]!;
  return { best, audits, ratio: smallestRatio(all, range), screened };
}

/** One deviation of the library at full strength: whether it gains anything for certain. */
export function auditAlone<T>(
  game: Audited<Twist<T>>,
  library: readonly Lever<Twist<T>>[],
  name: string,
  ratio: number,
  effort: Pick<Effort, 'worlds' | 'deviators'>,
): Audit {
  const levers = library.filter((lever) => lever.name === name);
  const runner = createRunner(game, levers, () =>
    deviatorsOf({ ...effort, screens: 0, promising: 0, budget: 0 }),
  );
  const options = {
    prices: pricesAt(ratio),
    epsilon: 0,
    fewestSeeds: effort.worlds,
    mostSeeds: effort.worlds,
  };
  return auditPlans(runner, levers.map(alone), freshSeed, options)[0]!;
}
