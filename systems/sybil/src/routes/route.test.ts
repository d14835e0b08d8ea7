/** Permutations and routes: bijections, uniform over keys, convergent, and traceable back to one origin. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { permuted, unpermuted } from './permutation.ts';
import { createRouting, firstArc, headOf, nextArc, previousArc, sourceOf, tailOf } from './route.ts';
import { attackedGraph } from './testing/regions.ts';

const seed = fc.integer({ min: 0, max: 0xffffffff });

test('a permutation sends each place elsewhere, and back', () => {
  fc.assert(
    fc.property(
      seed,
      fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 400 }) }, fc.constant(70_000)),
      (key, size) => {
        const images = new Set<number>();
        for (let place = 0; place < size; place += 1) {
          const image = permuted(key, size, place);
          assert.ok(image >= 0 && image < size);
          assert.equal(unpermuted(key, size, image), place);
          images.add(image);
        }
        assert.equal(images.size, size);
      },
    ),
    { numRuns: 60 },
  );
});

test('over many keys every permutation of four places comes equally often', () => {
  const random = createPrng(1, 'keys');
  const counts = new Map<string, number>();
  const draws = 48_000;
  for (let draw = 0; draw < draws; draw += 1) {
    const key = random.uint32();
    const image = [0, 1, 2, 3].map((place) => permuted(key, 4, place)).join();
    counts.set(image, (counts.get(image) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  let chiSquare = 0;
  for (const count of counts.values()) chiSquare += (count - draws / 24) ** 2 / (draws / 24);
  // 23 degrees of freedom: above 50 once in a thousand draws.
  assert.ok(chiSquare < 50, `${chiSquare}`);
});

const routings = fc
  .tuple(seed, fc.integer({ min: 2, max: 40 }))
  .map(([drawn, size]) => createRouting(attackedGraph(size, size, 2, 2, createPrng(drawn, 'routes'))));

test('routes of an instance that share an arc stay together, and each arc has one that comes before it', () => {
  fc.assert(
    fc.property(routings, seed, ({ graph, reverse }, instance) => {
      const routing = { graph, reverse };
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
