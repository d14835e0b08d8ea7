/** SybilRank on two cliques with one edge between: trust stays on the side of the seed, and none of it is lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildGraph, degreeOf } from '@concordat/graph';
import { spreadTrust } from './sybilrank.ts';

test('trust stays with the seed, sums to the number of nodes, and ranks the far clique last', () => {
  const size = 10;
  const edges: [number, number][] = [[0, size]];
  for (let from = 0; from < size; from += 1)
    for (let to = from + 1; to < size; to += 1) edges.push([from, to], [from + size, to + size]);
  const { graph } = buildGraph({
    nodeCount: 2 * size,
    isDirected: false,
    sources: Uint32Array.from(edges, ([from]) => from),
    targets: Uint32Array.from(edges, ([, to]) => to),
    weights: null,
  });
  const trust = spreadTrust(graph, [3]);
  assert.ok(Math.abs(trust.reduce((sum, value) => sum + value, 0) - 2 * size) < 1e-9);
  const scores = [...trust].map((value, node) => value / degreeOf(graph, node));
  assert.ok(Math.min(...scores.slice(0, size)) > Math.max(...scores.slice(size)));
});
