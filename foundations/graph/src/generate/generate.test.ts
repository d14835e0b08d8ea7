/** Generated graphs: the counts that were asked for, exactly where exact, and the shapes that they are made for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import {
  connectedComponents,
  degreeOf,
  edgeCountOf,
  type Graph,
  plantedCommunities,
  preferentialAttachment,
  randomGraph,
  smallWorld,
  stochasticBlocks,
} from '../index.ts';
import { pairsOf } from '../testing/small-graphs.ts';

const degreesOf = (graph: Graph): number[] =>
  Array.from({ length: graph.nodeCount }, (_, node) => degreeOf(graph, node));

test('G(n, m) has exactly its edges, up to the complete graph, and every pair as often', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 30 }), fc.nat(), fc.nat(), (nodeCount, edges, seed) => {
      const edgeCount = edges % ((nodeCount * (nodeCount - 1)) / 2 + 1);
      assert.equal(edgeCountOf(randomGraph(nodeCount, edgeCount, createPrng(seed))), edgeCount);
    }),
  );
  const seen = new Map<string, number>();
  const random = createPrng(11);
  for (let draw = 0; draw < 4000; draw += 1)
    for (const pair of pairsOf(randomGraph(5, 4, random))) seen.set(pair, (seen.get(pair) ?? 0) + 1);
  // Ten pairs, each expected 1600 times; 27.9 is passed once in a thousand seeds, and this seed is fixed.
  const chiSquare = [...seen.values()].reduce((sum, count) => sum + (count - 1600) ** 2 / 1600, 0);
  assert.equal(seen.size, 10);
  assert.ok(chiSquare < 27.9, `chi square is ${chiSquare}`);
});

test('pair numbers above 2^32 are drawn too', () => {
  const graph = randomGraph(200_000, 1000, createPrng(3));
  assert.equal(edgeCountOf(graph), 1000);
  const above = degreesOf(graph).reduce((sum, degree, node) => sum + (node >= 100_000 ? degree : 0), 0);
  assert.ok(above > 900 && above < 1100, `${above} of 2000 ends in the upper half`);
});

test('a ring that nothing moves is a ring, and moving keeps its edges', () => {
  const ring = smallWorld({ nodeCount: 20, reach: 2, rewiring: 0 }, createPrng(1));
  assert.deepEqual(new Set(degreesOf(ring)), new Set([4]));
  const world = smallWorld({ nodeCount: 2000, reach: 3, rewiring: 0.5 }, createPrng(1));
  assert.equal(edgeCountOf(world), 6000);
  const moved = 6000 - pairsOf(world).filter((pair) => isNear(pair, 2000, 3)).length;
  assert.ok(moved > 2800 && moved < 3200, `${moved} of 6000 moved`);
});

function isNear(pair: string, nodeCount: number, reach: number): boolean {
  const [low, high] = pair.split(',').map(Number) as [number, number];
  return Math.min(high - low, nodeCount - high + low) <= reach;
}

test('preferential attachment: every newcomer its edges, one component, and hubs', () => {
  const graph = preferentialAttachment({ nodeCount: 5000, edgesPerNode: 4 }, createPrng(2));
  assert.equal(edgeCountOf(graph), 10 + 4995 * 4);
  assert.equal(connectedComponents(graph).count, 1);
  const degrees = degreesOf(graph);
  assert.ok(Math.min(...degrees) === 4);
  // The degree of the first nodes grows with the root of the number of nodes: 4 * sqrt(5000) is 283.
  assert.ok(Math.max(...degrees) > 120, `largest degree ${Math.max(...degrees)}`);
});

test('planted communities have the degrees that they are asked for, inside and outside', () => {
  const shape = { communityCount: 10, communitySize: 300, degreeInside: 12, degreeOutside: 3 };
  const { graph, blocks } = plantedCommunities(shape, createPrng(4));
  assert.equal(graph.nodeCount, 3000);
  assert.deepEqual([blocks[0], blocks[299], blocks[300], blocks[2999]], [0, 0, 1, 9]);
  let [inside, outside] = [0, 0];
  for (const pair of pairsOf(graph)) {
    const [low, high] = pair.split(',').map(Number) as [number, number];
    if (blocks[low] === blocks[high]) inside += 1;
    else outside += 1;
  }
  // 18,000 and 4,500 edges are expected; deviations of four sigma.
  assert.ok(Math.abs(inside - 18_000) < 540, `${inside} inside`);
  assert.ok(Math.abs(outside - 4500) < 270, `${outside} outside`);
});

test('probabilities of none and of certainty are kept to', () => {
  const { graph } = stochasticBlocks([4, 3, 2], (a, b) => (a === b ? 1 : a + b === 3 ? 1 : 0), createPrng(5));
  assert.deepEqual(pairsOf(graph), [
    '0,1',
    '0,2',
    '0,3',
    '1,2',
    '1,3',
    '2,3',
    '4,5',
    '4,6',
    '4,7',
    '4,8',
    '5,6',
    '5,7',
    '5,8',
    '6,7',
    '6,8',
    '7,8',
  ]);
});
