/**
 * Twins: the scenarios there are, and what the real code does in some of them. EXPLORE=full plays all scenarios of two
 * rounds, and thousands of seven.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstProblem, HASTY_ROUND_MS, playSample, runScenario, TWINS_PRESETS } from './run.ts';
import {
  countScenarios,
  describeScenario,
  parseScenario,
  ROUNDS,
  type Scenario,
  scenariosFrom,
} from './scenario.ts';

const isFull = process.env['EXPLORE'] === 'full';

function take(rounds: number, from: number, count: number): string[] {
  const texts: string[] = [];
  for (const { scenario } of scenariosFrom(from, rounds)) {
    if (texts.length >= count) break;
    texts.push(describeScenario(scenario));
  }
  return texts;
}

describe('scenarios', () => {
  it('are as many as there are kinds', () => {
    assert.equal(ROUNDS, 4 * 16);
    for (const rounds of [1, 2]) {
      const all = take(rounds, 0, Number.POSITIVE_INFINITY);
      assert.equal(all.length, countScenarios(rounds));
      assert.equal(new Set(all).size, all.length);
    }
    assert.deepEqual([1, 2, 3, 7].map(countScenarios), [15, 510, 25_740, 369_434_823_360]);
  });

  it('come in the same order every time, and go on from any place', () => {
    const [, second] = scenariosFrom(0, 7);
    assert.equal(describeScenario(second?.scenario ?? []), take(7, 0, 2)[1]);
    assert.deepEqual(take(7, second?.index ?? 0, 3), take(7, 0, 4).slice(1));
    assert.equal(take(7, 0, 1)[0], '0:0123|t 1:023t|1 2:023t|1 1:01t|23 3:02|13t 2:01t|23 0:03|12t');
  });

  it('are written as they are read', () => {
    for (const text of take(7, 0, 200)) assert.equal(describeScenario(parseScenario(text) as Scenario), text);
    for (const text of ['', '4:0123t', '0:01', '0:1|023t', '0:01|23t ', '0:012|3|t', '0:10|23t', 'x:0123t'])
      assert.equal(parseScenario(text), null, text);
  });
});

describe('the real code', () => {
  const counts = { concordat: 60, pbft: 30, zyzzyva: 60 };
  for (const preset of TWINS_PRESETS)
    it(`${preset}: is safe among twins, and gets work done`, () => {
      const sample = { rounds: 7, from: 0, count: isFull ? 3000 : counts[preset] };
      assert.equal(firstProblem({ preset, roundMs: HASTY_ROUND_MS }, sample), null, 'in hasty rounds');
      let completed = 0;
      let scenarios = 0;
      for (const { scenario, problem, completed: done } of playSample({ preset }, sample)) {
        assert.equal(problem, null, describeScenario(scenario));
        scenarios++;
        completed += done;
      }
      assert.equal(scenarios, sample.count);
      // Each of three correct members asks for eight operations; partitions leave most of them time.
      assert.ok(completed > (scenarios * 3 * 8) / 2, `${completed} operations`);
    });

  it('plays a scenario the same way every time', () => {
    const scenario = parseScenario('0:01|23t 1:02t|13 0:0123t') as Scenario;
    const once = runScenario(scenario, { preset: 'concordat' });
    assert.deepEqual(runScenario(scenario, { preset: 'concordat' }), once);
    assert.ok(once.completed > 0);
  });

  for (const preset of TWINS_PRESETS)
    it(`${preset}: every scenario of ${isFull ? 'two rounds' : 'one round'}`, () => {
      let scenarios = 0;
      for (const { scenario, problem } of playSample(
        { preset },
        { rounds: isFull ? 2 : 1, from: 0, count: Infinity },
      )) {
        assert.equal(problem, null, describeScenario(scenario));
        scenarios++;
      }
      assert.equal(scenarios, isFull ? 510 : 15);
    });
});
