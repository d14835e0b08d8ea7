/**
 * What groups gain: each joint deviation, and the best combination that a search finds with those of single peers, by groups of several
 * sizes, in worlds that had no part in the choice.
 */

import {
  auditGroups,
  describePlan,
  gainOfOthers,
  type Interval,
  type Deviation as Lever,
  type Plan,
  searchDeviations,
  spreadOver,
} from '@concordat/sim/audit';
import { type Game, pricesAt, remembering, type Twist, unfedPricesAt } from '../../harness/deviating.ts';
import { alone, freshSeed } from '../../harness/gains.ts';

export interface GroupEffort {
  /** Members. */
  readonly sizes: readonly number[];
  /** The search is for groups of this size, and may add what single peers can do, by name; null: all of it. */
  readonly searchSize: number;
  readonly companions: readonly string[] | null;
  /** Runs of each of two searches; 0: none. */
  readonly budget: number;
  /** Fresh worlds. */
  readonly worlds: number;
}

/** What a plan does to its group, and to the others, as shares of what they have when all obey. */
export interface GroupResult {
  readonly plan: string;
  /** Whether packets that its members hand each other cost them what others cost, or nothing. */
  readonly links: 'metered' | 'free';
  readonly size: number;
  readonly gain: Interval;
  readonly others: Interval;
  /** Of the others, those whom lotus-eaters would not feed. */
  readonly unfed: Interval;
}

const LEVEL = 0.01;

/** Members of these hand packets to each other over links that nobody meters. */
const FREE = ['lotus-eaters', 'pools', 'serves-members-only'];

const linksOf = ({ parts }: Plan): GroupResult['links'] =>
  parts.some(({ deviation }) => FREE.includes(deviation)) ? 'free' : 'metered';

/** The best that a search finds, among all levers and among those without free links. */
function found(
  game: Game,
  library: readonly Lever<Twist>[],
  ratio: number,
  peers: number,
  effort: GroupEffort,
) {
  if (effort.budget === 0) return [];
  const metered = library.filter(({ name }) => !FREE.includes(name));
  return [library, metered].map((levers) => {
    const { finding } = searchDeviations(game, levers, {
      seed: 1,
      budget: effort.budget,
      prices: pricesAt(ratio),
      epsilon: 0,
      fewestSeeds: effort.worlds,
      mostSeeds: effort.worlds,
      deviatorsOf: () => spreadOver(peers, effort.searchSize),
    });
    return finding.plan;
  });
}

/** @param joint for groups; `lone` are for single peers, and join them in the search */
export function tryGroups(
  of: Game,
  { joint, lone }: { readonly joint: readonly Lever<Twist>[]; readonly lone: readonly Lever<Twist>[] },
  ratio: number,
  peers: number,
  effort: GroupEffort,
  progress: (line: string) => void,
): GroupResult[] {
  const game = remembering(of);
  const { companions } = effort;
  const library = [...joint, ...lone.filter(({ name }) => companions?.includes(name) !== false)];
  const plans = new Map(
    [...joint.map(alone), ...found(game, library, ratio, peers, effort)].map((plan) => [
      describePlan(plan),
      plan,
    ]),
  );
  const options = { peers, seeds: effort.worlds, seedAt: freshSeed, prices: pricesAt(ratio), level: LEVEL };
  return effort.sizes.flatMap((size) =>
    [...plans].flatMap(([name, plan]) =>
      auditGroups(game, library, [plan], { ...options, sizes: [size] }).map(({ gain, others, runs }) => {
        const unfed = gainOfOthers(runs, unfedPricesAt(ratio), LEVEL);
        progress(`${name}, ${size} of ${peers}: ${told(gain)}; others ${told(others)}, unfed ${told(unfed)}`);
        return { plan: name, links: linksOf(plan), size, gain, others, unfed };
      }),
    ),
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

export const told = ({ estimate, lower, upper }: Interval): string =>
  `${percent(estimate)} (${percent(lower)} to ${percent(upper)})`;
