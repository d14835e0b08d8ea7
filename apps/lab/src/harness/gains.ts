/** Runs of plans in which some peers deviate, and what comes of them: what they gain, what the others lose. */

import {
  type Interval,
  type Deviation as Lever,
  type Meters,
  type Plan,
  type PlanRuns,
  type Runner,
  ratioInterval,
  utilityOf,
} from '@concordat/sim/audit';
import { pricesAt } from './deviating.ts';

/** At full strength. */
export const alone = ({ name, parameters }: Lever<unknown>): Plan => ({
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
export const freshSeed = (index: number): number => 2 * index + 1;
export const screenSeed = (index: number): number => 2 * index;

export const runsOf = (
  runner: Runner,
  plan: Plan,
  worlds: number,
  seedAt: (index: number) => number,
): PlanRuns => ({
  plan,
  runs: Array.from({ length: worlds }, (_, i) => runner.pair(plan, seedAt(i))),
});

const nothingKnown = (tail: number, seeds: number): Interval => ({
  estimate: Number.NaN,
  lower: Number.NEGATIVE_INFINITY,
  upper: Number.POSITIVE_INFINITY,
  tail,
  seeds,
});

/** What deviating changes for some peers together, over what they have when all obey, with bounds. */
function changeOf(
  pairs: readonly { readonly obedient: readonly Meters[]; readonly deviating: readonly Meters[] }[],
  ratio: number,
  tail: number,
): Interval {
  const prices = pricesAt(ratio);
  const sum = (meters: readonly Meters[]): number =>
    meters.reduce((all, each) => all + utilityOf(each, prices), 0);
  const samples = pairs.map(({ obedient, deviating }) => {
    const base = sum(obedient);
    return { base, gain: sum(deviating) - base };
  });
  return ratioInterval(samples, tail) ?? nothingKnown(tail, pairs.length);
}

/** What those who deviate gain, on average over them. */
export const gainOf = ({ runs }: PlanRuns, ratio: number, tail: number): Interval =>
  changeOf(
    runs.map(({ members }) => ({
      obedient: members.map(({ obedient }) => obedient),
      deviating: members.map(({ deviating }) => deviating),
    })),
    ratio,
    tail,
  );

/** What all others gain, on average over them; below 0 for harm. */
export const effectOnOthers = ({ runs }: PlanRuns, ratio: number, tail: number): Interval =>
  changeOf(
    runs.map(({ outsiders: { obedient, deviating } }) => ({ obedient: [obedient], deviating: [deviating] })),
    ratio,
    tail,
  );
