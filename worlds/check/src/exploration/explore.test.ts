/** The explorer finds every state once, problems by the shortest way, and says when it gave up. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng } from '@concordat/kernel';
import { createFingerprints, NOBODY } from './fingerprints.ts';
import { explore, leastKey, permutations, type TransitionSystem } from './index.ts';

type Jugs = readonly [small: number, large: number];

/** Two jugs of three and five gallons, to be filled, emptied and poured into each other. */
const jugs = (forbidden: number): TransitionSystem<Jugs> => ({
  initial: () => [[0, 0]],
  next: ([small, large]) => {
    const there = Math.min(small, 5 - large);
    const back = Math.min(large, 3 - small);
    return [
      [3, large],
      [small, 5],
      [0, large],
      [small, 0],
      [small - there, large + there],
      [small + back, large - back],
    ];
  },
  key: String,
  problem: ([, large]) => (large === forbidden ? `${large} gallons` : null),
  sometimes: { 'both are full': ([small, large]) => small === 3 && large === 5, never: () => false },
  describe: String,
});

describe('exploration', () => {
  it('sees every state once, and counts those that must be there', () => {
    const found = explore(jugs(Number.NaN));
    // 6 x 4 amounts, of which those with neither jug full nor empty cannot be reached.
    assert.deepEqual(found, {
      states: 16,
      depth: 7,
      sometimes: { 'both are full': 1, never: 0 },
      isComplete: true,
      violation: null,
    });
  });

  it('shows a shortest way to what is wrong', () => {
    const { violation } = explore(jugs(4));
    assert.deepEqual(violation, ['0,0', '0,5', '3,2', '0,2', '2,0', '2,5', '3,4', '4 gallons']);
  });

  it('gives up, and says so, when there are too many states', () => {
    const { states, isComplete, violation } = explore(jugs(Number.NaN), { maxStates: 10 });
    assert.deepEqual({ states, isComplete, violation }, { states: 11, isComplete: false, violation: null });
  });

  it('tells of a problem at the very beginning', () => {
    assert.deepEqual(explore(jugs(0)).violation, ['0,0', '0 gallons']);
  });

  it('reports progress on long ways', () => {
    const told: number[] = [];
    const line: TransitionSystem<number> = {
      initial: () => [0],
      next: (at) => (at < 150_000 ? [at + 1, 0] : []),
      key: String,
      problem: () => null,
      describe: String,
    };
    const { depth } = explore(line, { onProgress: ({ steps }) => void told.push(steps) });
    assert.equal(depth, 150_000);
    assert.deepEqual(
      told,
      [1, 2, 3, 4].map((times) => times << 16),
    );
  });
});

/** Lamps that are switched one at a time; all at once is wrong. */
const lamps = (
  count: number,
  key: (lit: readonly boolean[]) => string,
): TransitionSystem<readonly boolean[]> => ({
  initial: () => [new Array<boolean>(count).fill(false)],
  next: (lit) => lit.map((_, at) => lit.with(at, !lit[at])),
  key,
  problem: (lit) => (lit.every(Boolean) ? 'all are lit' : null),
  describe: (lit) => lit.map(Number).join(''),
});

describe('symmetry', () => {
  const group = permutations(4);
  const plain = (lit: readonly boolean[]): string => lit.map(Number).join('');
  const least = (lit: readonly boolean[]): string =>
    leastKey(group, (order) => order.map((at) => Number(lit[at])).join(''));

  it('leaves one state of those that only names tell apart', () => {
    assert.equal(explore(lamps(4, plain)).states, 16);
    assert.equal(explore(lamps(4, least)).states, 5);
  });

  it('keeps traces runs of the system', () => {
    const trace = explore(lamps(4, least)).violation ?? [];
    assert.equal(trace.length, 6);
    for (const [step, line] of trace.slice(0, 5).entries())
      assert.equal(line.replaceAll('0', '').length, step, line);
  });

  it('has all orders', () => {
    assert.equal(new Set(group.map(String)).size, 24);
    assert.deepEqual(permutations(0), [[]]);
  });
});

describe('fingerprints', () => {
  it('tell 200,000 keys apart as a set does, and remember parents', () => {
    const random = createPrng(1);
    const fingerprints = createFingerprints();
    const known = new Map<string, number>();
    for (let i = 0; i < 200_000; i++) {
      const key = `${random.below(100_000)} ${random.below(4)}`;
      const parent = known.size === 0 ? NOBODY : random.below(known.size);
      const number = fingerprints.add(key, parent);
      assert.equal(number, known.has(key) ? null : known.size);
      if (number !== null) {
        assert.equal(fingerprints.parentOf(number), parent);
        known.set(key, number);
      }
    }
    assert.equal(fingerprints.size, known.size);
    for (const [key, number] of known) assert.equal(fingerprints.find(key), number);
    assert.equal(fingerprints.find('unknown'), null);
  });
});
