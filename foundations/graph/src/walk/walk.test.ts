/** Walks take arcs as often as they weigh, and stay where there are none. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import {
  arcBetween,
  buildGraph,
  createWalker,
  type Graph,
  levelsAround,
  neighbourSums,
  plannedSums,
  planSums,
  preferentialAttachment,
  randomGraph,
  SOURCES_AT_ONCE,
  spreadMass,
  walkEnd,
  walkFrom,
} from '../index.ts';
import { graphOf, matrixOf, smallGraphs } from '../testing/small-graphs.ts';

test('arcs are drawn by weight', () => {
  const { graph } = buildGraph({
    nodeCount: 4,
    isDirected: true,
    sources: Uint32Array.of(0, 0, 0),
    targets: Uint32Array.of(1, 2, 3),
    weights: Float64Array.of(1, 2, 7),
  });
  const walker = createWalker(graph);
  const random = createPrng(1);
  const counts = [0, 0, 0, 0];
  for (let draw = 0; draw < 10_000; draw += 1) counts[walkEnd(walker, 0, 1, random)]! += 1;
  for (const [node, expected] of [0, 1000, 2000, 7000].entries())
    assert.ok(Math.abs((counts[node] as number) - expected) < 200, counts.join());
  assert.equal(walkEnd(walker, 0, 50, random) > 0, true);
  assert.equal(walkFrom(walker, 0, 50, random).length, 2);
});

test('a walk goes along arcs, and its ends are spread by degree', () => {
  const graph = preferentialAttachment({ nodeCount: 100, edgesPerNode: 3 }, createPrng(1));
  const walker = createWalker(graph);
  const walk = walkFrom(walker, 50, 200_000, createPrng(2));
  const visits = new Float64Array(100);
  for (let step = 1; step < walk.length; step += 1) {
    assert.ok(arcBetween(graph, walk[step - 1] as number, walk[step] as number) >= 0);
    visits[walk[step] as number]! += 1;
  }
  for (let node = 0; node < 100; node += 1) {
    const degree = (graph.offsets[node + 1] as number) - (graph.offsets[node] as number);
    const share = ((visits[node] as number) / 200_000 / degree) * graph.targets.length;
    assert.ok(share > 0.8 && share < 1.2, `node ${node}: ${share}`);
  }
});

test('a walk from a node that has no arcs stays', () => {
  const walker = createWalker(graphOf(2, []));
  assert.equal(walkEnd(walker, 1, 10, createPrng(1)), 1);
  assert.deepEqual([...walkFrom(walker, 1, 10, createPrng(1))], [1]);
});

const anyGraph = fc.boolean().chain((isDirected) => smallGraphs(12, isDirected));

test('sums over neighbours are the matrix times the vector, and mass spreads by its columns', () => {
  fc.assert(
    fc.property(
      anyGraph,
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 12 }),
      fc.nat(4),
      (graph, draws, steps) => {
        const rows = matrixOf(graph);
        const values = Float64Array.from(rows, (_, node) => draws[node] as number);
        const sums = new Float64Array(values.length);
        neighbourSums(graph, values, sums);
        const inBlocks = new Float64Array(values.length).fill(7);
        plannedSums(planSums(graph, 1), values, inBlocks);
        assert.deepEqual(inBlocks, sums);
        for (const [node, row] of rows.entries())
          assert.equal(
            sums[node],
            row.reduce((sum, weight, to) => sum + weight * (values[to] as number), 0),
          );
        let mass = [...values];
        for (let step = 0; step < steps; step += 1) {
          const next = mass.map(() => 0);
          for (const [node, row] of rows.entries()) {
            const degree = row.reduce((sum, weight) => sum + weight, 0);
            if (degree === 0) next[node]! += mass[node] as number;
            else
              for (const [to, weight] of row.entries())
                next[to]! += ((mass[node] as number) * weight) / degree;
          }
          mass = next;
        }
        for (const [node, value] of spreadMass(graph, values, steps).entries())
          assert.ok(Math.abs(value - (mass[node] as number)) < 1e-9);
      },
    ),
  );
});

test('sums in blocks are the same where there are several', () => {
  const graph = randomGraph(200_000, 300_000, createPrng(3));
  const values = Float64Array.from({ length: graph.nodeCount }, (_, node) => (node * 31) % 1009);
  const [plain, planned] = [new Float64Array(graph.nodeCount), new Float64Array(graph.nodeCount)];
  neighbourSums(graph, values, plain);
  const plan = planSums(graph, 1);
  assert.equal(plan.blocks?.starts.length, 5);
  plannedSums(plan, values, planned);
  assert.deepEqual(planned, plain);
  assert.equal(planSums(graph).blocks, null);
});

/** Steps from a node to each that a path leads to. */
function stepsFrom(graph: Graph, source: number): Map<number, number> {
  const steps = new Map([[source, 0]]);
  for (const [node, step] of steps)
    for (const target of graph.targets.subarray(graph.offsets[node], graph.offsets[node + 1]))
      if (!steps.has(target)) steps.set(target, step + 1);
  return steps;
}

test('levels around many sources are those around each, up to whole rounds of 256', () => {
  const chain = graphOf(
    600,
    Array.from({ length: 599 }, (_, node) => [node, node + 1] as const),
  );
  const check = (graph: Graph, sources: readonly number[]) => {
    for (const [at, { levels, reachedCount }] of levelsAround(graph, sources).entries()) {
      const steps = stepsFrom(graph, sources[at] as number);
      assert.equal(reachedCount, steps.size);
      assert.deepEqual(
        [...levels],
        Array.from(levels, (_, node) => (steps.get(node) ?? 0) % 256),
      );
    }
  };
  check(chain, [0, 599, 300, 0]);
  check(chain, []);
  fc.assert(
    fc.property(
      fc.boolean().chain((isDirected) => smallGraphs(20, isDirected)),
      fc.array(fc.nat(19), { maxLength: SOURCES_AT_ONCE }),
      (graph, drawn) =>
        check(
          graph,
          drawn.map((node) => node % graph.nodeCount),
        ),
    ),
  );
});
