/** Permutations and routes: bijections, uniform over keys, convergent, and traceable back to one origin. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { factorOf, type Moduli, moduliOf, permuted, stirred, unpermuted } from './permutation.ts';
import {
  createRouting,
  firstArc,
  headOf,
  nextArc,
  previousArc,
  routeBack,
  routeOn,
  sourceOf,
  tailOf,
} from './route.ts';
import { attackedGraph } from './testing/regions.ts';

const seed = fc.integer({ min: 0, max: 0xffffffff });

/** A permutation of `size` places under `key`, as images of all places. */
function imagesOf(key: number, size: number, { primes, starts, inverses }: Moduli): number[] {
  const prime = primes[size] as number;
  const inverse = inverses[(starts[size] as number) + factorOf(key, prime)] as number;
  return Array.from({ length: size }, (_, place) => permuted(prime, inverse, key, size, place));
}

test('a permutation sends each place elsewhere, and back', () => {
  fc.assert(
    fc.property(
      seed,
      fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 400 }) }, fc.constant(70_000)),
      (drawn, size) => {
        const key = stirred(drawn);
        const moduli = moduliOf(new Set([3, size]));
        const images = imagesOf(key, size, moduli);
        for (const [place, image] of images.entries()) {
          assert.ok(image >= 0 && image < size);
          assert.equal(unpermuted(moduli.primes[size] as number, key, size, image), place);
        }
        assert.equal(new Set(images).size, size);
      },
    ),
    { numRuns: 60 },
  );
});

test('primes are the next ones, and inverses are inverse', () => {
  const { primes, starts, inverses } = moduliOf(new Set([0, 1, 8, 9, 11, 12, 90]));
  assert.deepEqual([...primes.subarray(0, 13)], [2, 2, 2, 3, 5, 5, 7, 7, 11, 11, 11, 11, 13]);
  assert.equal(primes[90], 97);
  // One table for 8, 9 and 11; and one each for 2, 13 and 97.
  assert.equal(inverses.length, 2 + 11 + 13 + 97);
  for (const size of [1, 8, 9, 11, 12, 90])
    for (let factor = 1; factor < (primes[size] as number); factor += 1)
      assert.equal(
        (factor * (inverses[(starts[size] as number) + factor] as number)) % (primes[size] as number),
        1,
      );
});

/** Counts of how often what `outcome` says of a permutation comes, over many keys. */
function countOutcomes(size: number, draws: number, outcome: (images: number[]) => string): number[] {
  const random = createPrng(size, 'keys');
  const moduli = moduliOf(new Set([size]));
  const counts = new Map<string, number>();
  for (let draw = 0; draw < draws; draw += 1) {
    const said = outcome(imagesOf(stirred(random.uint32()), size, moduli));
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  return [...counts.values()];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** By how many of its standard deviations chi-square is above its mean, if `cells` outcomes come equally often. */
function excess(counts: readonly number[], cells: number): number {
  const expected = sum(counts) / cells;
  const never = (cells - counts.length) * expected;
  const chiSquare = never + sum(counts.map((count) => (count - expected) ** 2 / expected));
  return (chiSquare - (cells - 1)) / Math.sqrt(2 * (cells - 1));
}

for (const size of [2, 3, 4, 6, 8, 13, 24, 29])
  test(`over many keys each of ${size} places goes to each equally often`, () => {
    for (const place of new Set([0, 1, size >> 1, size - 1])) {
      const counts = countOutcomes(size, 20_000, (images) => `${images[place]}`);
      assert.ok(excess(counts, size) < 4, `place ${place}: ${excess(counts, size)}`);
    }
  });

for (const size of [3, 5, 7, 13])
  test(`two of ${size} places, a prime, go to any two others equally often`, () => {
    const counts = countOutcomes(size, 40_000, ([one, other]) => `${one} ${other}`);
    assert.ok(excess(counts, size * (size - 1)) < 4, `${excess(counts, size * (size - 1))}`);
  });

test('else the distance from that, in total variation, is at most what is said', () => {
  for (const [size, most] of [
    [4, 0.07],
    [6, 0.12],
    [8, 0.08],
    [30, 0.04],
  ] as const) {
    const cells = size * (size - 1);
    const draws = 200 * cells;
    const counts = countOutcomes(size, draws, ([one, other]) => `${one} ${other}`);
    const never = (cells - counts.length) / cells;
    const distance = (never + sum(counts.map((count) => Math.abs(count / draws - 1 / cells)))) / 2;
    // What a sample of this size shows of no distance at all: half of sqrt(2 cells / (pi draws)).
    assert.ok(distance < most + Math.sqrt((2 * cells) / (Math.PI * draws)) / 2, `${size}: ${distance}`);
  }
});

const routings = fc
  .tuple(seed, fc.integer({ min: 2, max: 40 }))
  .map(([drawn, size]) => createRouting(attackedGraph(size, size, 2, 2, createPrng(drawn, 'routes'))));

test('routes of an instance that share an arc stay together, and each arc has one that comes before it', () => {
  fc.assert(
    fc.property(routings, seed, (routing, instance) => {
      const { graph } = routing;
      const seen = new Set<number>();
      for (let arc = 0; arc < graph.targets.length; arc += 1) {
        const next = nextArc(routing, instance, arc);
        assert.equal(sourceOf(routing, next), graph.targets[arc]);
        assert.equal(previousArc(routing, instance, next), arc);
        // No other arc leads here: were there two, they would have converged without having met.
        assert.ok(!seen.has(next));
        seen.add(next);
      }
    }),
  );
});

test('a route is found again from its tail', () => {
  fc.assert(
    fc.property(routings, seed, fc.integer({ min: 1, max: 30 }), (routing, instance, length) => {
      const first = firstArc(routing, instance, 0);
      if (routing.graph.offsets[1] === 0) return;
      assert.equal(sourceOf(routing, first), 0);
      assert.equal(headOf(routing, instance, tailOf(routing, instance, first, length), length), first);
    }),
  );
});

test('routes in lockstep go where each goes alone, and back', () => {
  fc.assert(
    fc.property(routings, seed, fc.integer({ min: 1, max: 20 }), (routing, drawn, length) => {
      const heads = Uint32Array.from(routing.graph.targets.keys());
      const instances = heads.map((_, at) => stirred(drawn + (at % 3)));
      const arcs = heads.slice();
      routeOn(routing, instances, arcs, length);
      assert.deepEqual(
        arcs,
        heads.map((head, at) => tailOf(routing, instances[at] as number, head, length)),
      );
      arcs.set(heads);
      routeOn(routing, instances.fill(drawn), arcs, length);
      const nodes = arcs.map((arc) => sourceOf(routing, arc));
      routeBack(routing, drawn, arcs, nodes, length);
      assert.deepEqual(arcs, heads);
      assert.deepEqual(
        nodes,
        heads.map((head) => sourceOf(routing, head)),
      );
    }),
  );
});

test('instances differ, and a route is the same each time that it is asked for', () => {
  const routing = createRouting(attackedGraph(50, 50, 4, 5, createPrng(2, 'g')));
  const tails = Array.from({ length: 100 }, (_, instance) =>
    tailOf(routing, instance, firstArc(routing, instance, 7), 9),
  );
  assert.ok(new Set(tails).size > 50);
  assert.deepEqual(
    tails,
    tails.map((_, instance) => tailOf(routing, instance, firstArc(routing, instance, 7), 9)),
  );
});
