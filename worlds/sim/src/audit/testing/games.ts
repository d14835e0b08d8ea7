/**
 * Games whose answers are known by a line of algebra, to hold the audit to. Worlds differ by seed (how long they last,
 * how lucky everyone is), as those of real protocols do, and both runs of a pair share theirs.
 */

import { createPrng, type Prng } from '@concordat/kernel';
import type { Deviation, Experiment, Meters, Values } from '../deviation.ts';

/** What the toy deviations apply: their own name and parameters. */
export interface Move {
  readonly name: string;
  readonly values: Values;
}

export const move = (name: string, parameters: Deviation<Move>['parameters'] = []): Deviation<Move> => ({
  name,
  parameters,
  build: (values) => ({ name, values }),
});

const has = (twists: readonly Move[], name: string): boolean => twists.some((twist) => twist.name === name);

const numberOf = (twists: readonly Move[], name: string, value: string): number =>
  Number(twists.find((twist) => twist.name === name)?.values[value] ?? 0);

/** About normal, of deviation 1. */
export function bell(random: Prng): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.unit();
  return sum;
}

export const withhold = move('withhold', [{ kind: 'range', name: 'share', min: 0, max: 1 }]);

/**
 * Public goods: in each round each of `peers` pays 1, and everyone receives the mean of what was paid. At prices
 * [r, -1] obedience is worth r - 1 a round, and withholding the share s gains s (1 - r / peers).
 */
export const publicGoods = (peers: number): Experiment<Move> => ({
  meters: ['received', 'paid'],
  run: (seed, twists, deviators): readonly Meters[] => {
    const rounds = 5 + createPrng(seed, 'rounds').below(11);
    const paid = Array.from({ length: peers }, (_, peer) =>
      deviators.includes(peer) ? 1 - numberOf(twists, 'withhold', 'share') : 1,
    );
    const mean = paid.reduce((sum, each) => sum + each, 0) / peers;
    return paid.map((each) => [rounds * mean, rounds * each]);
  },
});

export const defect = move('defect', [{ kind: 'range', name: 'from', min: 1, max: 40, isWhole: true }]);

/** Temptation 5, reward 3, punishment 1, sucker's payoff 0. */
const payoff = (isDefecting: boolean, isOtherDefecting: boolean): number =>
  isDefecting ? (isOtherDefecting ? 1 : 5) : isOtherDefecting ? 0 : 3;

/**
 * The prisoner's dilemma in rounds, against one who never cooperates again after the first defection (grim), or who
 * always does. `rounds` of a seed; the meter is the payoff.
 */
export const dilemma = (rounds: (random: Prng) => number, isGrim: boolean): Experiment<Move> => ({
  meters: ['payoff'],
  run: (seed, twists, deviators) => {
    const last = rounds(createPrng(seed, 'rounds'));
    const from = has(twists, 'defect') ? numberOf(twists, 'defect', 'from') : Number.POSITIVE_INFINITY;
    const totals = [0, 0];
    const wasBetrayed = [false, false];
    for (let round = 1; round <= last; round++) {
      const defects = [0, 1].map((peer) => (deviators.includes(peer) && round >= from) || wasBetrayed[peer]!);
      for (const peer of [0, 1]) totals[peer]! += payoff(defects[peer]!, defects[1 - peer]!);
      if (isGrim) for (const peer of [0, 1]) wasBetrayed[peer] ||= defects[1 - peer]!;
    }
    return totals.map((total) => [total]);
  },
});

/** Rounds that go on with probability `again` each. */
export const geometric =
  (again: number) =>
  (random: Prng): number => {
    let rounds = 1;
    while (random.chance(again)) rounds++;
    return rounds;
  };

const FAIR = 10;

/** Everyone has about 10; whoever deviates has `gain(random)` more. Every plan has dice of its own, as after a deviation all may differ. */
export const noisy = (gain: (random: Prng, twists: readonly Move[]) => number): Experiment<Move> => ({
  meters: ['utility'],
  run: (seed, twists, deviators) => {
    const luck = createPrng(seed, 'luck');
    const own = createPrng(seed, JSON.stringify(twists));
    return [0, 1, 2].map((peer) => {
      const extra = twists.length > 0 && deviators.includes(peer) ? gain(own, twists) : 0;
      return [FAIR + bell(luck) + extra];
    });
  },
});

export const takeGoods = move('take without paying');
export const newName = move('come back under a new name');
export const idle = move('do nothing', [{ kind: 'range', name: 'how long', min: 1, max: 10 }]);

/** Debtors are shunned and names are dear: only a debtor under a new name gains, 2 in 10. */
export const whiteWashing: Experiment<Move> = noisy((random, twists) => {
  const [isDebtor, isRenamed] = [has(twists, takeGoods.name), has(twists, newName.name)];
  const cost = has(twists, idle.name) ? 0.5 : 0;
  return (isDebtor ? (isRenamed ? 2 : -3) : isRenamed ? -1 : 0) - cost + 0.3 * bell(random);
});

export const delay = move('delay', [
  { kind: 'range', name: 'ms', min: 1, max: 10_000, isLogarithmic: true },
  { kind: 'choice', name: 'what', choices: ['keys', 'packets', 'both'] },
]);

/** Keys that are late by 300 to 600 ms, just before the deadline of 600, save 3 in 10; anything else only costs. */
export const deadline: Experiment<Move> = noisy((random, twists) => {
  const ms = numberOf(twists, 'delay', 'ms');
  const isOfKeys = twists.some(({ values }) => values['what'] === 'keys');
  return (isOfKeys && ms >= 300 && ms <= 600 ? 3 : -1) + 0.5 * bell(random);
});

export const pool = move('serve the coalition alone');

/** One who serves nobody else is left alone and loses 1; two who serve each other gain 1, and cost the third 2. */
export const club: Experiment<Move> = {
  meters: ['utility'],
  run: (seed, twists, deviators) => {
    const luck = createPrng(seed, 'luck');
    const isOn = has(twists, pool.name);
    const size = deviators.length;
    return [0, 1, 2].map((peer) => {
      const base = FAIR + bell(luck);
      if (!isOn) return [base];
      if (!deviators.includes(peer)) return [base - (size > 1 ? 2 : 0)];
      return [base + (size > 1 ? 1 : -1)];
    });
  },
};
