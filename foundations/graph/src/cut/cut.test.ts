/** Sweeps against the conductance of each prefix computed anew, and dips on profiles whose dips are known. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import {
  createPushScratch,
  cutAround,
  firstDip,
  lowestWithin,
  marksOf,
  orderAllByDensity,
  orderByDensity,
  plantedCommunities,
  pushPageRank,
  scoresOfAll,
  sweepProfile,
} from '../index.ts';
import { smallGraphs } from '../testing/small-graphs.ts';

test('every point of a profile is the cut around its prefix', () => {
  fc.assert(
    fc.property(smallGraphs(12, false), fc.nat(), (graph, seed) => {
      const random = createPrng(seed);
      const order = Uint32Array.from({ length: graph.nodeCount }, (_, node) => node);
      for (let at = order.length - 1; at > 0; at -= 1) {
        const other = random.below(at + 1);
        [order[at], order[other]] = [order[other] as number, order[at] as number];
      }
      const marks = new Uint8Array(graph.nodeCount);
      const profile = sweepProfile(graph, order, marks);
      for (const at of order.keys()) {
        const cut = cutAround(graph, marksOf(graph.nodeCount, order.subarray(0, at + 1)));
        assert.deepEqual(
          [profile.volumes[at], profile.cuts[at], profile.conductances[at]],
          [cut.volume, cut.weight, cut.conductance],
        );
      }
      assert.ok(marks.every((mark) => mark === 0));
    }),
  );
});

const profileOf = (conductances: readonly number[]) => ({
  order: Uint32Array.from(conductances.keys()),
  volumes: Float64Array.from(conductances, (_, at) => 10 * (at + 1)),
  cuts: new Float64Array(conductances.length),
  conductances: Float64Array.from(conductances),
});

test('the lowest point is looked for within its bounds, the first dip is left by a climb', () => {
  const profile = profileOf([1, 0.5, 0.6, 0.2, 0.21, 0.5, 0.1, 0.05, 0.9, 0]);
  assert.equal(lowestWithin(profile, { atLeast: 0, atMost: 60 }), 3);
  assert.equal(lowestWithin(profile, { atLeast: 45, atMost: 60 }), 4);
  assert.equal(lowestWithin(profile, { atLeast: 0, atMost: 1000 }), 9);
  assert.equal(lowestWithin(profile, { atLeast: 2000, atMost: 3000 }), -1);
  assert.equal(firstDip(profile, 1.1), 1);
  assert.equal(firstDip(profile, 2), 3);
  assert.equal(firstDip(profile, 3), 7);
  assert.equal(firstDip(profile, 1.1, 35), 5 - 2);
  assert.equal(firstDip(profile, 100), -1);
  assert.equal(firstDip(profileOf([0.5, 0.4, 0.3]), 1.1), -1);
});

test('a sweep around one node finds its planted community, by its first dip and within bounds of volume', () => {
  const shape = { communityCount: 12, communitySize: 200, degreeInside: 20, degreeOutside: 2 };
  const { graph, blocks } = plantedCommunities(shape, createPrng(6));
  const scratch = createPushScratch(graph);
  const ranked = pushPageRank(scratch, { nodes: [1234], weights: null }, { teleport: 0.05, tolerance: 1e-6 });
  const order = orderByDensity(graph, ranked.nodes, ranked.estimates);
  assert.deepEqual(
    orderAllByDensity(graph, scoresOfAll(graph.nodeCount, ranked.nodes, ranked.estimates)),
    order,
  );
  const profile = sweepProfile(graph, order);
  const volume = 200 * 22;
  for (const end of [
    firstDip(profile, 1.2, 400),
    lowestWithin(profile, { atLeast: volume / 2, atMost: volume * 2 }),
  ]) {
    const found = order.subarray(0, end + 1);
    const own = found.filter((node) => blocks[node] === blocks[1234]).length;
    assert.ok(own >= 195 && found.length - own <= 10, `${own} of its own 200, ${found.length - own} others`);
  }
});
