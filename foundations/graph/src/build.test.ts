/** Built graphs against sets of pairs: the same edges, sorted rows, both directions, first weights. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arcBetween, buildGraph, degreeOf, edgeCountOf } from './index.ts';

const NODES = 12;
const pairs = fc.array(fc.tuple(fc.nat(NODES - 1), fc.nat(NODES - 1)), { maxLength: 60 });

for (const isDirected of [false, true])
  test(`a ${isDirected ? 'directed' : 'undirected'} graph holds each edge of its list once, with the weight it had first`, () => {
    fc.assert(
      fc.property(pairs, (edges) => {
        const expected = new Map<string, number>();
        let loops = 0;
        for (const [at, [from, to]] of edges.entries()) {
          const key = isDirected || from < to ? `${from},${to}` : `${to},${from}`;
          if (from === to) loops += 1;
          else if (!expected.has(key)) expected.set(key, at + 1);
        }
        const { graph, selfLoopCount, duplicateCount } = buildGraph({
          nodeCount: NODES,
          isDirected,
          sources: Uint32Array.from(edges, ([from]) => from),
          targets: Uint32Array.from(edges, ([, to]) => to),
          weights: Float64Array.from(edges, (_, at) => at + 1),
        });
        assert.equal(selfLoopCount, loops);
        assert.equal(duplicateCount, edges.length - loops - expected.size);
        assert.equal(edgeCountOf(graph), expected.size);
        for (const [key, weight] of expected) {
          const [from, to] = key.split(',').map(Number) as [number, number];
          assert.equal(graph.weights?.[arcBetween(graph, from, to)], weight);
          if (!isDirected) assert.equal(graph.weights?.[arcBetween(graph, to, from)], weight);
        }
        for (let node = 0; node < NODES; node += 1) {
          const row = graph.targets.slice(graph.offsets[node], graph.offsets[node + 1]);
          assert.deepEqual(
            [...row],
            [...row].sort((a, b) => a - b),
          );
          assert.equal(row.length, degreeOf(graph, node));
        }
      }),
    );
  });
