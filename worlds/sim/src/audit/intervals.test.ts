import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type Prng } from '@concordat/kernel';
import { meanInterval, ratioInterval } from './intervals.ts';
import { planLooks } from './looks.ts';
import { studentQuantile, studentTail } from './student.ts';
import { bell } from './testing/games.ts';

test("Student's quantiles are those of the tables", () => {
  const table: [number, number, number][] = [
    [0.025, 1, 12.7062],
    [0.01, 2, 6.9646],
    [0.01, 10, 2.7638],
    [0.005, 15, 2.9467],
    [0.005, 30, 2.75],
    [0.001, 60, 3.2317],
    [0.05, 120, 1.6577],
  ];
  for (const [tail, degrees, expected] of table)
    assert.ok(Math.abs(studentQuantile(tail, degrees) - expected) < 6e-5, `${tail}, ${degrees}`);
  for (const degrees of [1, 2, 7, 40]) assert.ok(Math.abs(studentTail(0, degrees) - 0.5) < 1e-12);
});

test('a sample without variation has a point for an interval', () => {
  const { lower, upper, estimate } = meanInterval(
    Array.from({ length: 20 }, () => 0.3),
    0.01,
  );
  for (const bound of [lower, upper, estimate]) assert.ok(Math.abs(bound - 0.3) < 1e-12);
});

test('one value, or a base that may be 0, bounds nothing', () => {
  assert.deepEqual(meanInterval([4], 0.01).upper, Number.POSITIVE_INFINITY);
  const random = createPrng(1, 'bases');
  const samples = Array.from({ length: 30 }, () => ({ gain: 1, base: bell(random) }));
  assert.equal(ratioInterval(samples, 0.01), null);
});

/** How often each bound is wrong, of `times` samples of `n`. */
function misses(draw: (random: Prng) => number, truth: number, n: number, tail: number, times: number) {
  let [low, high] = [0, 0];
  for (let i = 0; i < times; i++) {
    const random = createPrng(i, `sample of ${n}`);
    const { lower, upper } = meanInterval(
      Array.from({ length: n }, () => draw(random)),
      tail,
    );
    if (lower > truth) low++;
    if (upper < truth) high++;
  }
  return { low, high };
}

test('bounds of normal differences are wrong as seldom as they say', () => {
  const { low, high } = misses(bell, 0, 16, 0.05, 600);
  // 30 of 600 expected of Student's alone, and fewer of the wider of two.
  assert.ok(low > 5 && low <= 45, `${low}`);
  assert.ok(high > 5 && high <= 45, `${high}`);
});

test('where rare events pay, Student alone is wrong twice as often as the wider of two', () => {
  const [n, tail, truth] = [40, 0.02, 2];
  let student = 0;
  let ours = 0;
  for (let i = 0; i < 400; i++) {
    const random = createPrng(i, 'rare events');
    const values = Array.from({ length: n }, () => Math.log(1 - random.unit()) ** 2);
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
    if (mean + studentQuantile(tail, n - 1) * Math.sqrt(variance / n) < truth) student++;
    if (meanInterval(values, tail).upper < truth) ours++;
  }
  // 8 are allowed: with 40 seeds neither knows enough of the rare events (README).
  assert.ok(student >= 2 * ours && ours <= 20, `${student} and ${ours} of 400`);
});

test('the ratio of two means is covered', () => {
  let wrong = 0;
  for (let i = 0; i < 400; i++) {
    const random = createPrng(i, 'ratio');
    const samples = Array.from({ length: 20 }, () => {
      const base = 5 + 2 * bell(random);
      return { base, gain: 0.2 * base + bell(random) };
    });
    const interval = ratioInterval(samples, 0.05);
    assert.ok(interval !== null);
    assert.ok(interval.lower <= interval.estimate && interval.estimate <= interval.upper);
    if (interval.lower > 0.2 || interval.upper < 0.2) wrong++;
  }
  assert.ok(wrong > 8 && wrong <= 60, `${wrong} of 400, 40 expected at most`);
});

test('looks double, and their error probabilities add up to the level', () => {
  const looks = planLooks(16, 100, 0.01);
  assert.deepEqual(
    looks.map(({ seeds }) => seeds),
    [16, 32, 64, 100],
  );
  assert.ok(Math.abs(looks.reduce((sum, { tail }) => sum + tail, 0) - 0.01) < 1e-15);
  assert.deepEqual(planLooks(16, 8, 0.01), [{ seeds: 16, tail: 0.01 }]);
});
