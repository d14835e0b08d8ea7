/** Parts and joins of graphs against the same on matrices. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ABSENT,
  connectedComponents,
  edgeCountOf,
  inducedSubgraph,
  joinGraphs,
  largestComponent,
  reciprocalPart,
  reversed,
  undirectedForm,
} from '../index.ts';
import { graphOf, matrixOf, pairsOf, smallGraphs } from '../testing/small-graphs.ts';

test('two nodes are in one component if and only if a path joins them', () => {
  fc.assert(
    fc.property(
      fc.boolean().chain((isDirected) => smallGraphs(12, isDirected)),
      (graph) => {
        const rows = matrixOf(graph);
        const reach = rows.map((row, from) =>
          row.map((weight, to) => from === to || weight > 0 || (rows[to]?.[from] ?? 0) > 0),
        );
        for (const middle of rows.keys())
          for (const row of reach)
            if (row[middle]) for (const [to, joins] of (reach[middle] ?? []).entries()) row[to] ||= joins;
        const { count, of, sizes } = connectedComponents(graph);
        for (const [from, row] of reach.entries())
          for (const [to, joins] of row.entries()) assert.equal(of[from] === of[to], joins);
        assert.equal(new Set(of).size, count);
        for (const [component, size] of sizes.entries())
          assert.equal(of.filter((each) => each === component).length, size);
        const largest = largestComponent(graph);
        assert.equal(largest.graph.nodeCount, Math.max(...sizes));
        assert.equal(connectedComponents(largest.graph).count, 1);
      },
    ),
  );
});

test('a subgraph has the arcs between its nodes, under their new numbers', () => {
  fc.assert(
    fc.property(
      fc.boolean().chain((isDirected) => smallGraphs(10, isDirected)),
      fc.array(fc.nat(9)),
      (graph, wanted) => {
        const chosen = [...new Set(wanted)].filter((node) => node < graph.nodeCount);
        const part = inducedSubgraph(graph, chosen);
        const rows = matrixOf(graph);
        assert.deepEqual(
          matrixOf(part.graph),
          [...part.nodes].map((from) => [...part.nodes].map((to) => rows[from]?.[to])),
        );
        for (const [node, number] of part.numbers.entries())
          if (chosen.includes(node)) assert.equal(part.nodes[number], node);
          else assert.equal(number, ABSENT);
      },
    ),
  );
});

test('a join holds both graphs and the edges between, and tells what was there already', () => {
  fc.assert(
    fc.property(
      smallGraphs(8, false),
      smallGraphs(8, false),
      fc.array(fc.tuple(fc.nat(15), fc.nat(15)), { maxLength: 10 }),
      (first, second, wanted) => {
        const nodeCount = first.nodeCount + second.nodeCount;
        const extra = wanted.filter(([from, to]) => from < nodeCount && to < nodeCount);
        const expected = new Set([
          ...pairsOf(first),
          ...pairsOf(second).map((pair) =>
            pair
              .split(',')
              .map((node) => Number(node) + first.nodeCount)
              .join(','),
          ),
        ]);
        let [loops, duplicates] = [0, 0];
        for (const [from, to] of extra) {
          const pair = from < to ? `${from},${to}` : `${to},${from}`;
          if (from === to) loops += 1;
          else if (expected.has(pair)) duplicates += 1;
          else expected.add(pair);
        }
        const joint = joinGraphs(first, second, {
          sources: extra.map(([from]) => from),
          targets: extra.map(([, to]) => to),
          weights: null,
        });
        assert.deepEqual(new Set(pairsOf(joint.graph)), expected);
        assert.deepEqual([joint.selfLoopCount, joint.duplicateCount], [loops, duplicates]);
        if (first.weights !== null && edgeCountOf(first) > 0) {
          const rows = matrixOf(joint.graph);
          for (const [from, row] of matrixOf(first).entries())
            assert.deepEqual(
              rows[from]?.slice(0, first.nodeCount).filter((_, to) => (row[to] as number) > 0),
              row.filter((weight) => weight > 0),
            );
        }
      },
    ),
  );
});

test('the reciprocal part is an AND of both directions, the undirected form an OR, and the reverse a transpose', () => {
  fc.assert(
    fc.property(smallGraphs(10, true), (graph) => {
      const rows = matrixOf(graph);
      const both = rows.map((row, from) => row.map((weight, to) => Math.min(weight, rows[to]?.[from] ?? 0)));
      assert.deepEqual(matrixOf(reciprocalPart(graph)), both);
      const either = rows.map((row, from) =>
        row.map((weight, to) => {
          const back = rows[to]?.[from] as number;
          return (from < to ? weight || back : back || weight) as number;
        }),
      );
      assert.deepEqual(matrixOf(undirectedForm(graph)), either);
      assert.deepEqual(
        matrixOf(reversed(graph)),
        rows.map((_, to) => rows.map((row) => row[to])),
      );
    }),
  );
});

test('what has no direction is its own reverse and both its forms', () => {
  const graph = graphOf(3, [[0, 1]]);
  assert.equal(reciprocalPart(graph), graph);
  assert.equal(undirectedForm(graph), graph);
  assert.equal(reversed(graph), graph);
});
