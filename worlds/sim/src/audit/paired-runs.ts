/**
 * Pairs of runs with the same seed: all obey, or some deviate. What differs is what the deviation did; everything else
 * (topology, losses, partners drawn) is the same on both sides and cancels, which is worth many times as many seeds. A
 * pair keeps meters of the deviators and sums of all others': both are all that linear prices need.
 */

import { assert } from '@concordat/kernel';
import { buildPlan, type Deviation, type Experiment, type Meters, type Plan } from './deviation.ts';

/** The same peer, or the same peers together, in both runs. */
export interface Contrast {
  readonly obedient: Meters;
  readonly deviating: Meters;
}

export interface PairedRun {
  readonly seed: number;
  /** By deviator, in the order in which they were named. */
  readonly members: readonly Contrast[];
  /** Sums over all who never deviate, and how many they are. */
  readonly outsiders: Contrast & { readonly count: number };
}

/** What one unit on each meter is worth: benefits above 0, costs below. */
export type Prices = readonly number[];

export const utilityOf = (meters: Meters, prices: Prices): number =>
  meters.reduce((sum, value, i) => sum + value * prices[i]!, 0);

const sumOf = (all: readonly Meters[], width: number): Meters =>
  Array.from({ length: width }, (_, i) => all.reduce((sum, meters) => sum + meters[i]!, 0));

/** The deviators' utility together when all obey, and what they gain. */
export function gainOf({ members }: PairedRun, prices: Prices): { base: number; gain: number } {
  let base = 0;
  let gain = 0;
  for (const { obedient, deviating } of members) {
    const before = utilityOf(obedient, prices);
    base += before;
    gain += utilityOf(deviating, prices) - before;
  }
  return { base, gain };
}

export interface Runner {
  /** Runs so far, of both kinds. */
  readonly runs: number;
  /** The pair of a seed. What all obey is run once for each seed, whatever is compared with it. */
  pair(plan: Plan, seed: number): PairedRun;
}

interface Sides {
  readonly members: readonly Meters[];
  readonly outsiders: Meters;
  readonly outsiderCount: number;
}

function split(outcome: readonly Meters[], deviators: readonly number[], width: number): Sides {
  const isMember = new Set(deviators);
  const members = deviators.map((peer) => {
    const meters = outcome[peer];
    assert(meters !== undefined, 'a deviator is one of the peers');
    return meters;
  });
  const others = outcome.filter((_, peer) => !isMember.has(peer));
  return { members, outsiders: sumOf(others, width), outsiderCount: others.length };
}

/** `deviatorsOf` says who deviates in the run of a seed: at least one, always as many. */
export function createRunner<T>(
  experiment: Experiment<T>,
  library: readonly Deviation<T>[],
  deviatorsOf: (seed: number) => readonly number[],
): Runner {
  const width = experiment.meters.length;
  const obedient = new Map<number, Sides>();
  let runs = 0;
  const run = (seed: number, twists: readonly T[]): Sides => {
    runs++;
    const deviators = deviatorsOf(seed);
    const outcome = experiment.run(seed, twists, deviators);
    assert(
      outcome.every((meters) => meters.length === width && meters.every(Number.isFinite)),
      'an outcome has finite meters',
    );
    return split(outcome, deviators, width);
  };
  const obedience = (seed: number): Sides => {
    const known = obedient.get(seed);
    if (known !== undefined) return known;
    const sides = run(seed, []);
    obedient.set(seed, sides);
    return sides;
  };
  return {
    get runs() {
      return runs;
    },
    pair: (plan, seed) => {
      const before = obedience(seed);
      const after = plan.parts.length === 0 ? before : run(seed, buildPlan(library, plan));
      assert(after.outsiderCount === before.outsiderCount, 'the same peers live in both runs');
      return {
        seed,
        members: before.members.map((meters, i) => ({ obedient: meters, deviating: after.members[i]! })),
        outsiders: {
          obedient: before.outsiders,
          deviating: after.outsiders,
          count: before.outsiderCount,
        },
      };
    },
  };
}
