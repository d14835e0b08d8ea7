/** PageRank by pushes and by rounds against a linear system solved by elimination, and orders against a comparator. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import {
  createPushScratch,
  degreeOf,
  descendingOrder,
  type Graph,
  pageRank,
  preferentialAttachment,
  pushPageRank,
  rankNodes,
  scoresOfAll,
} from '../index.ts';
import { matrixOf, smallGraphs } from '../testing/small-graphs.ts';

/** Solves `x (I - (1 - a) W) = a start`, W the walk, in which a node without arcs goes to `stranded`. */
function exactRank(
  graph: Graph,
  start: readonly number[],
  teleport: number,
  stranded: 'stays' | 'restarts',
): number[] {
  const rows = matrixOf(graph);
  const size = rows.length;
  const walk = rows.map((row, node) => {
    const degree = row.reduce((sum, weight) => sum + weight, 0);
    if (degree > 0) return row.map((weight) => weight / degree);
    return row.map((_, to) => (stranded === 'restarts' ? (start[to] as number) : to === node ? 1 : 0));
  });
  // One equation for each node: column `from` holds what `from` passes to it.
  const system = rows.map((_, to) => [
    ...walk.map((row, from) => (from === to ? 1 : 0) - (1 - teleport) * (row[to] as number)),
    teleport * (start[to] as number),
  ]);
  for (let pivot = 0; pivot < size; pivot += 1)
    for (const [at, row] of system.entries()) {
      const base = system[pivot] as number[];
      const factor = (row[pivot] as number) / (base[pivot] as number);
      if (at !== pivot)
        for (let column = pivot; column <= size; column += 1)
          row[column]! -= factor * (base[column] as number);
    }
  return system.map((row, node) => (row[size] as number) / (row[node] as number));
}

const teleports = fc.double({ min: 0.05, max: 0.9, noNaN: true });
const tolerances = fc.constantFrom(0.1, 1e-3, 1e-7);
const anyGraph = fc.boolean().chain((isDirected) => smallGraphs(9, isDirected));

test('estimates and the rank of the residuals are the rank of the seeds, and residuals are small', () => {
  fc.assert(
    fc.property(
      // Large enough for a crowded queue.
      fc.boolean().chain((isDirected) => smallGraphs(40, isDirected)),
      fc.array(fc.tuple(fc.nat(39), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 4 }),
      teleports,
      tolerances,
      fc.boolean(),
      (graph, wanted, teleport, tolerance, isLazy) => {
        const seeds = wanted.map(([node, weight]) => [node % graph.nodeCount, weight] as const);
        const scratch = createPushScratch(graph);
        // A call before must leave no trace.
        pushPageRank(
          scratch,
          { nodes: [0, graph.nodeCount - 1], weights: null },
          { teleport: 0.5, tolerance: 0.01 },
        );
        const nodes = seeds.map(([node]) => node);
        const ranked = pushPageRank(
          scratch,
          { nodes, weights: seeds.map(([, weight]) => weight) },
          { teleport, tolerance, isLazy },
        );
        const total = seeds.reduce((sum, [, weight]) => sum + weight, 0);
        const start = new Array<number>(graph.nodeCount).fill(0);
        for (const [node, weight] of seeds) start[node]! += weight / total;
        const plain = isLazy ? (2 * teleport) / (1 + teleport) : teleport;
        const exact = exactRank(graph, start, plain, 'stays');
        const residuals = exact.map((_, node) => scratch.residuals[2 * node] as number);
        const rest = exactRank(graph, residuals, plain, 'stays');
        const estimates = scoresOfAll(graph.nodeCount, ranked.nodes, ranked.estimates);
        for (const [node, value] of exact.entries()) {
          assert.ok(Math.abs((estimates[node] as number) + (rest[node] as number) - value) < 1e-9);
          assert.ok((residuals[node] as number) < tolerance * (scratch.residuals[2 * node + 1] as number));
        }
        assert.equal(new Set(ranked.nodes).size, ranked.nodes.length);
      },
    ),
  );
});

test('the work of a push does not grow with the graph, and is within its bound', () => {
  const options = { teleport: 0.1, tolerance: 1e-4 };
  for (const nodeCount of [2000, 200_000]) {
    const graph = preferentialAttachment({ nodeCount, edgesPerNode: 5 }, createPrng(1));
    const scratch = createPushScratch(graph);
    const ranked = pushPageRank(scratch, { nodes: [nodeCount - 1], weights: null }, options);
    assert.ok(ranked.arcCount > 100 && ranked.arcCount <= 1 / (options.teleport * options.tolerance));
    assert.ok(scratch.touchedCount <= ranked.arcCount + 1);
    const again = pushPageRank(scratch, { nodes: [nodeCount - 1], weights: null }, options);
    assert.deepEqual(again, ranked);
  }
});

test('PageRank by rounds solves the same system', () => {
  fc.assert(
    fc.property(anyGraph, fc.array(fc.nat(5), { maxLength: 9 }), teleports, (graph, marks, teleport) => {
      const reset = Float64Array.from({ length: graph.nodeCount }, (_, node) => marks[node] ?? 0);
      const total = reset.reduce((sum, value) => sum + value, 0);
      const options = {
        damping: 1 - teleport,
        reset: total > 0 ? reset : null,
        tolerance: 1e-13,
        maxRounds: 2000,
      };
      const { scores } = pageRank(graph, options);
      const start = Array.from(reset, (value) => (total > 0 ? value / total : 1 / graph.nodeCount));
      for (const [node, value] of exactRank(graph, start, teleport, 'restarts').entries())
        assert.ok(Math.abs((scores[node] as number) - value) < 1e-9);
    }),
  );
});

test('orders are those of a comparator, with and without the radix', () => {
  const random = createPrng(9);
  for (const count of [0, 1, 100, 5000]) {
    const special = [
      0,
      -0,
      1,
      -1,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.MIN_VALUE,
      1e300,
    ];
    const keys = Float64Array.from({ length: count }, (_, at) =>
      at % 3 === 0 ? random.pick(special) : (random.unit() - 0.5) * 10 ** random.below(20),
    );
    const expected = [...keys.keys()].sort((a, b) => {
      const [left, right] = [keys[a] as number, keys[b] as number];
      return left === right ? a - b : right > left ? 1 : -1;
    });
    assert.deepEqual([...descendingOrder(keys)], expected);
    const nodes = Uint32Array.from(keys, (_, at) => (at * 7919) % 10_007);
    const byNode = [...keys.keys()].sort((a, b) => {
      const [left, right] = [keys[a] as number, keys[b] as number];
      return left === right ? (nodes[a] as number) - (nodes[b] as number) : right > left ? 1 : -1;
    });
    assert.deepEqual(
      [...rankNodes(nodes, keys)],
      byNode.map((at) => nodes[at]),
    );
  }
});

test('an isolated seed keeps its mass', () => {
  const graph = preferentialAttachment({ nodeCount: 10, edgesPerNode: 2 }, createPrng(1));
  const alone = {
    ...graph,
    nodeCount: 11,
    offsets: Uint32Array.from([...graph.offsets, graph.targets.length]),
  };
  assert.equal(degreeOf(alone, 10), 0);
  const ranked = pushPageRank(
    createPushScratch(alone),
    { nodes: [10], weights: null },
    { teleport: 0.1, tolerance: 1e-6 },
  );
  assert.deepEqual([...ranked.nodes, ...ranked.estimates], [10, 1]);
});
