/** Growth of a community against a plain search over all neighbours at every step. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conductanceBy, cutAround, degreeOf, marksOf, volumeOf } from '@concordat/graph';
import fc from 'fast-check';
import { close, type Edge, graphOf, graphs, matrixOf } from '../testing/graphs.ts';
import { growCommunity } from './local-community.ts';

test('whoever joins leaves the lowest conductance of all neighbours, and the profile is that of the sets', () => {
  fc.assert(
    fc.property(graphs(12), fc.nat(2), (weighted, seed) => {
      const graph = { ...weighted, weights: null };
      const rows = matrixOf(graph);
      const { order, conductances } = growCommunity(graph, [seed]);
      assert.equal(order[0], seed);
      assert.equal(new Set(order).size, order.length);
      for (let size = 1; size <= order.length; size += 1) {
        const marks = marksOf(graph.nodeCount, order.subarray(0, size));
        const cut = cutAround(graph, marks);
        assert.ok(close(conductances[size - 1] as number, cut.conductance));
        const reachable = rows.flatMap((row, node) => {
          const inside = row.filter((weight, to) => weight > 0 && marks[to] === 1).length;
          const after = cut.weight + degreeOf(graph, node) - 2 * inside;
          return marks[node] === 0 && inside > 0
            ? [conductanceBy(after, cut.volume + degreeOf(graph, node), volumeOf(graph))]
            : [];
        });
        if (size === order.length) assert.deepEqual(reachable, []);
        else assert.ok(close(conductances[size] as number, Math.min(...reachable)));
      }
    }),
  );
});

test('two cliques with one edge between: the seeds come first, then the rest of their clique', () => {
  const size = 8;
  const edges: Edge[] = [[0, size]];
  for (let from = 0; from < size; from += 1)
    for (let to = from + 1; to < size; to += 1) edges.push([from, to], [from + size, to + size]);
  const { order } = growCommunity(graphOf(2 * size, edges), [2, 5]);
  assert.deepEqual([...order.slice(0, 2)], [2, 5]);
  assert.ok(order.slice(0, size).every((node) => node < size));
  assert.equal(order.length, 2 * size);
});
