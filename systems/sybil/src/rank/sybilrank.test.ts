/** SybilRank against powers of the walk's matrix, and on two cliques with one edge between. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { degreeOf } from '@concordat/graph';
import fc from 'fast-check';
import { close, type Edge, graphOf, graphs, matrixOf } from '../testing/graphs.ts';
import { spreadTrust, sybilRank, walkLength } from './sybilrank.ts';

test('trust stays with the seed, sums to the number of nodes, and ranks the far clique last', () => {
  const size = 10;
  const edges: Edge[] = [[0, size]];
  for (let from = 0; from < size; from += 1)
    for (let to = from + 1; to < size; to += 1) edges.push([from, to], [from + size, to + size]);
  const graph = graphOf(2 * size, edges);
  const trust = spreadTrust(graph, [3]);
  assert.ok(
    close(
      trust.reduce((sum, value) => sum + value, 0),
      2 * size,
    ),
  );
  const scores = sybilRank.rank(graph, { honest: [3], sybils: [] }, {});
  assert.deepEqual(
    scores,
    trust.map((value, node) => value / degreeOf(graph, node)),
  );
  assert.ok(Math.min(...scores.slice(0, size)) > Math.max(...scores.slice(size)));
});

test('trust is what the matrix of the walk makes of the seeds, by weight', () => {
  fc.assert(
    fc.property(graphs(8), fc.nat(5), fc.array(fc.nat(7), { minLength: 1 }), (graph, steps, wanted) => {
      const seeds = [...new Set(wanted.map((node) => node % graph.nodeCount))];
      const rows = matrixOf(graph);
      const degrees = rows.map((row) => row.reduce((sum, weight) => sum + weight, 0));
      let expected = rows.map((_, node) => (seeds.includes(node) ? graph.nodeCount / seeds.length : 0));
      for (let step = 0; step < steps; step += 1)
        expected = rows.map((row, node) =>
          degrees[node] === 0
            ? (expected[node] as number)
            : row.reduce(
                (sum, weight, from) =>
                  sum + (weight > 0 ? (weight * (expected[from] as number)) / (degrees[from] as number) : 0),
                0,
              ),
        );
      const trust = spreadTrust(graph, seeds, steps);
      for (const [node, value] of expected.entries()) assert.ok(close(trust[node] as number, value));
    }),
  );
});

test('by hand: two steps on a path of three', () => {
  // Trust 3 at the end; all of it to the middle; half to either end.
  assert.deepEqual(
    [
      ...spreadTrust(
        graphOf(3, [
          [0, 1],
          [1, 2],
        ]),
        [0],
        2,
      ),
    ],
    [1.5, 0, 1.5],
  );
});

test('the walk takes ceil(log2 n) steps', () => {
  assert.deepEqual([1, 2, 8, 9, 8078, 151_758].map(walkLength), [1, 1, 3, 4, 13, 18]);
});
