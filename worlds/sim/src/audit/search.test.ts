/** The search against games in which the best deviation is known, and hidden from a grid made by hand. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Prng } from '@concordat/kernel';
import { searchRatio, smallestRatio } from './benefit-cost.ts';
import { describePlan, type Experiment, type Plan } from './deviation.ts';
import { createRunner } from './paired-runs.ts';
import { searchDeviations } from './search.ts';
import { isNear, PLAIN, planOf } from './testing/auditing.ts';
import {
  bell,
  club,
  deadline,
  defect,
  delay,
  dilemma,
  idle,
  type Move,
  move,
  newName,
  noisy,
  pool,
  publicGoods,
  takeGoods,
  whiteWashing,
  withhold,
} from './testing/games.ts';

const options = { ...PLAIN, seed: 1, budget: 1500 };

test('it withholds everything where each bit of it pays', () => {
  const result = searchDeviations(publicGoods(10), [withhold], { ...options, prices: [4, -1] });
  assert.equal(describePlan(result.finding.plan), 'withhold (share 1)');
  isNear(result.finding.relative?.estimate, 0.2);
  assert.equal(result.finding.verdict, 'fail');
});

test('it defects in the last of 24 rounds, neither before nor after', () => {
  const { finding } = searchDeviations(
    dilemma(() => 24, true),
    [defect],
    { ...options, measure: 'absolute' },
  );
  assert.equal(describePlan(finding.plan), 'defect (from 24)');
  assert.equal(finding.absolute.estimate, 2);
});

test('it combines two deviations that gain only together, and leaves the third out', () => {
  for (const seed of [1, 2, 3]) {
    const result = searchDeviations(whiteWashing, [takeGoods, newName, idle], { ...options, seed });
    assert.equal(
      describePlan(result.finding.plan),
      'take without paying + come back under a new name',
      `seed ${seed}`,
    );
    assert.equal(result.finding.verdict, 'fail');
  }
});

test('it finds the narrow window just below a deadline', () => {
  for (const seed of [1, 2, 3]) {
    const { finding } = searchDeviations(deadline, [delay, idle], { ...options, seed });
    const [part] = finding.plan.parts;
    assert.equal(part?.deviation, 'delay', `seed ${seed}`);
    assert.equal(part?.values['what'], 'keys');
    const ms = Number(part?.values['ms']);
    assert.ok(ms >= 300 && ms <= 600, `seed ${seed}: ${ms}`);
    assert.equal(finding.verdict, 'fail');
  }
});

test('it finds what only a coalition gains, whoever is in it', () => {
  const deviatorsOf = (seed: number) => (seed % 4 < 2 ? [0, 2] : [2, 1]);
  const coalition = searchDeviations(club, [pool, idle], { ...options, epsilon: 0.05, deviatorsOf });
  assert.equal(coalition.finding.verdict, 'fail');
  assert.equal(coalition.finding.plan.parts[0]?.deviation, pool.name);
  assert.equal(coalition.finding.outsiders?.estimate, -2);
  const lone = searchDeviations(club, [pool], { ...options, budget: 100, epsilon: 0.05 });
  assert.equal(lone.finding.verdict, 'pass');
});

test('luck that chose a plan does not speak for it afterwards', () => {
  const library = [1, 2, 3, 4].map((i) =>
    move(`useless ${i}`, [{ kind: 'range', name: 'x', min: 0, max: 1 }]),
  );
  let alarms = 0;
  const promised: number[] = [];
  const kept: number[] = [];
  for (let seed = 0; seed < 60; seed++) {
    // A world of its own for each repetition.
    const experiment = noisy((random: Prng) => 3 * bell(random));
    const world = { ...experiment, run: shifted(experiment.run, 10_000 * seed) };
    const result = searchDeviations(world, library, {
      ...options,
      seed,
      budget: 200,
      epsilon: 0,
      mostSeeds: 32,
      level: 0.02,
    });
    if (result.finding.verdict === 'fail') alarms++;
    assert.ok(result.finding.relative !== null);
    promised.push(result.chosenBy);
    kept.push(result.finding.relative.estimate);
  }
  // 1.2 expected at most.
  assert.ok(alarms <= 5, `${alarms} false alarms`);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(mean(promised) > 0.05, `the seeds of the search flatter its choice: ${mean(promised)}`);
  assert.ok(Math.abs(mean(kept)) < 0.02, `fresh ones do not: ${mean(kept)}`);
});

const shifted =
  <T extends unknown[], R>(run: (seed: number, ...rest: T) => R, by: number) =>
  (seed: number, ...rest: T): R =>
    run(seed + by, ...rest);

test('the search keeps to its budget, and the same seed finds the same', () => {
  const search = () =>
    searchDeviations(whiteWashing, [takeGoods, newName, idle], { ...options, budget: 300 });
  const first = search();
  assert.ok(first.runs <= 300 + 2 * 128, `${first.runs}`);
  assert.ok(first.trail.every(({ runs }) => runs <= 300));
  assert.ok(first.plans > 20);
  assert.deepEqual(search(), first);
  assert.deepEqual(JSON.parse(JSON.stringify(first.trail)), first.trail, 'plain records');
});

const sharesOf = (...shares: number[]): Plan[] => shares.map((share) => planOf(withhold, { share }));

test('the smallest benefit-to-cost ratio is what algebra says, from runs made once', () => {
  const runner = createRunner(publicGoods(10), [withhold], () => [0]);
  const all = sharesOf(0.3, 1).map((plan) => ({
    plan,
    runs: Array.from({ length: 20 }, (_, seed) => runner.pair(plan, seed)),
  }));
  const runs = runner.runs;
  const { ratio, curve } = smallestRatio(all, { pricesAt: (r) => [r, -1], min: 0.5, max: 50 });
  // (1 - r/10) / (r - 1) = 0.1 at r = 5.5.
  isNear(ratio, 5.5, 1e-4);
  assert.equal(runner.runs, runs);
  assert.equal(curve[0]?.upper, null, 'below 1 obedience is worth nothing');
  const middle = curve.find((at) => at.ratio > 2);
  assert.equal(middle?.worst, 'withhold (share 1)');
  const never = smallestRatio(all, { pricesAt: (r) => [r, -1], min: 1.5, max: 5 });
  assert.equal(never.ratio, null);
  const always = smallestRatio(all, { pricesAt: (r) => [r, -1], min: 6, max: 50 });
  assert.equal(always.ratio, 6);
});

const sneak = move('sneak', [{ kind: 'range', name: 'bytes', min: 0, max: 1 }]);

test('the worst deviation differs from ratio to ratio, and each is found where it is', () => {
  // Withholding saves 10 bytes and costs a unit of benefit; sneaking gains half a unit for up to 20 bytes.
  const experiment: Experiment<Move> = {
    meters: ['benefit', 'bytes'],
    run: (seed, twists, deviators) =>
      [0, 1].map((peer) => {
        const luck = 1 + (seed % 7) / 10;
        const applied = deviators.includes(peer) ? twists.map(({ name }) => name) : [];
        const bytes = Number(twists.find(({ name }) => name === sneak.name)?.values['bytes'] ?? 0);
        const isSneaking = applied.includes(sneak.name);
        const isWithholding = applied.includes(withhold.name);
        return [
          luck * (20 - (isWithholding ? 1 : 0) + (isSneaking ? 0.5 * bytes : 0)),
          luck * (20 - (isWithholding ? 10 : 0) + (isSneaking ? 20 * bytes : 0)),
        ];
      }),
  };
  const result = searchRatio(experiment, [withhold, sneak], {
    ...{ seed: 1, budget: 200, pricesAt: (ratio: number) => [ratio, -1], min: 1.1, max: 1000, epsilon: 0.03 },
  });
  const plans = result.plans.map(describePlan);
  assert.ok(plans.some((plan) => plan.startsWith('withhold')));
  assert.ok(plans.includes('sneak (bytes 1)'), plans.join('; '));
  // Withholding: (10 - r) / (20 r - 20) = 0.03 at r = 6.625. Sneaking: (r / 2 - 20) / (20 r - 20) stays below 0.025.
  isNear(result.ratio, 6.625, 1e-3);
  assert.equal(result.curve.at(-1)?.worst, 'sneak (bytes 1)');
  // At a limit of 0.02 sneaking gains more at the end of the range, so no ratio is low enough.
  const strict = searchRatio(experiment, [withhold, sneak], {
    ...{ seed: 1, budget: 200, pricesAt: (ratio: number) => [ratio, -1], min: 1.1, max: 1000, epsilon: 0.02 },
  });
  assert.equal(strict.ratio, null);
});
